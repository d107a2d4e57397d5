-- Columns of the tables that may be read: schema, table, column.

-- query: duckdb
select schema_name, table_name, column_name from duckdb_columns() where database_name = current_database()

-- query: postgres
select nspname, relname, attname
from pg_attribute
inner join pg_class on attrelid = pg_class.oid
inner join pg_namespace on relnamespace = pg_namespace.oid
where
    relkind in ('r', 'p', 'v', 'm', 'f') and attnum > 0 and not attisdropped
    and has_table_privilege(pg_class.oid, 'select') and nspname !~ '^(pg_|information_schema$)'

-- query: values
-- The first value of each row, in the first rows of a table -> number of rows.
select value, count(*)
from (
    select cast(coalesce({columns}, null) as text) as value from {relation} limit {limit}
) as first_rows
where value is not null
group by value
