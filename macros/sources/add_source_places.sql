{#-
    SQL for a database whose sources had one place each, which was not named: what was read of it is where it is now. Columns are
    compared again from the next refresh on.
-#}
{% macro add_source_places() %}
    {%- for name in ['source_loads', 'source_columns'] %}
    alter table {{ state_table(name) }} add column if not exists source_place text;
    {%- endfor %}
    delete from {{ state_table('source_columns') }} where source_place is null;
    {%- for collection in collections() if source_places(collection) | length == 1 %}
    update {{ state_table('source_loads') }} set source_place = {{ quoted(source_places(collection)[0].label) }}
    where source_place is null and message_type = '{{ collection }}';
    {%- endfor %}
{% endmacro %}
