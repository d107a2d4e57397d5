-- Queries on the databases `work` and `published` of one connection (published.py). Names in braces are filled in.

-- query: stored
-- What there is in a schema of a database: name, kind.
select table_name, 'table' from duckdb_tables() where database_name = $1 and schema_name = $2 and not temporary
union all
select view_name, 'view' from duckdb_views() where database_name = $1 and schema_name = $2
order by 1

-- query: views
-- The SQL of the views of the work database; this and the comments are read at once, as each look takes a hundredth of a second.
select schema_name, view_name, sql from duckdb_views()
where database_name = 'work'

-- query: comments
-- The comments on relations and their columns of the work database: schema, name, column or null, comment.
select schema_name, table_name, null, comment from duckdb_tables()
where database_name = 'work' and not temporary and comment is not null
union all
select schema_name, view_name, null, comment from duckdb_views()
where database_name = 'work' and comment is not null
union all
select schema_name, table_name, column_name, comment from duckdb_columns()
where database_name = 'work' and comment is not null

-- query: is_like_before
-- Whether a table has the same columns in both databases.
select count(*) = 2 and count(distinct column_names) = 1
from (
    select database_name, list([schema_name, column_name, data_type] order by schema_name, column_index) as column_names
    from duckdb_columns()
    where database_name in ('work', 'published') and table_name = $1 and list_contains($2, schema_name)
    group by database_name
) as tables

-- query: is_readers_file
select count(*) filter (where table_name = 'published') > 0 and count(*) filter (where table_name = 'models') = 0
from duckdb_tables() where schema_name = $1

-- query: state
-- The state of each table when it was published, kept in a table of the log's schema. Batches are told apart by their time too,
-- because another database counts from 1 as well.
select models.model, models.batch_id, applied.started_at as applied_at, models.rebuilt_at
from work."{refresh}".models
inner join work."{refresh}".batches as applied on models.batch_id = applied.batch_id

-- query: continued
-- The batch up to which each table was published, if the table in the work database continues from there.
with state as ({state}),
-- both are of the same database, and the table continues what is published
continued as (
    select before.model, before.batch_id
    from published."{refresh}".published as before
    inner join state on before.model = state.model and before.rebuilt_at = state.rebuilt_at
    inner join work."{refresh}".batches as batches
        on before.batch_id = batches.batch_id and before.applied_at = batches.started_at
    where before.batch_id <= state.batch_id
)
select model, batch_id from continued
-- changed_persons lists the newest batch and the one before
where batch_id >= (select batch_id - 2 from work."{refresh}".models where model = 'changed_persons')
    and exists (select 1 from continued where model = 'changed_persons')

-- query: affected
-- Persons whom batches after this one changed, and from when on.
(
    select alias_id, min(changed_since) as changed_since from work."{this_batch}".changed_persons
    where batch_id > {after}
    group by alias_id
) as affected

-- query: is_beginning
-- Whether the published table is the stored one as it was after some batch.
select count(*) = (select count(*) from work.{table} where batch_id <= max(published.batch_id))
from published.{table} as published

-- query: add_rows
insert into published.{table}
select * from work.{table} where batch_id > (select coalesce(max(batch_id), 0) from published.{table})
