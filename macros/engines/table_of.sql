{#-
    SQL that creates a table from a query. meta: that of its model. On DuckDB, the columns named in `unpacked` are stored
    uncompressed: compressed text has to be unpacked for each look-up of a few persons or devices, which then takes two to five
    times as long. That is worth the space where many models look rows up.
-#}
{% macro table_of(relation, query, meta) -%}
    {{ adapter.dispatch('table_of', 'signup_attribution')(relation, query, meta) }}
{%- endmacro %}

{% macro default__table_of(relation, query, meta) -%}
    create table {{ relation }} as {{ query }};
{%- endmacro %}

{% macro duckdb__table_of(relation, query, meta) -%}
    {%- set unpacked, columns = (meta or {}).get('unpacked', []), [] -%}
    {%- if unpacked -%}
        {%- for name, type in run_query('select column_name, column_type from (describe ' ~ query ~ ')').rows -%}
            {%- do columns.append(quoted_name(name) ~ ' ' ~ type ~ (' using compression uncompressed' if name in unpacked else '')) -%}
        {%- endfor %}
    create table {{ relation }} ({{ columns | join(', ') }});
    insert into {{ relation }} {{ query }};
    {%- else -%}
        {{ default__table_of(relation, query, meta) }}
    {%- endif -%}
{%- endmacro %}
