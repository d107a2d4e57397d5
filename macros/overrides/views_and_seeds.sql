{#-
    Views and seeds are recreated only when their definition changed, so readers are not blocked needlessly, and other people's
    views on them survive. refresh.definitions keeps each definition.
-#}

{#- Name of a view or seed -> hash of its definition. One mapping for the whole run, read at its first use. -#}
{% macro definitions() %}
    {%- set made = run_cache('definitions') -%}
    {%- if not made -%}
        {%- do made.update({'': ''}) -%}
        {%- for row in state_rows('definitions', 'select name, definition from ' ~ state_table('definitions')) -%}
            {%- do made.update({row[0]: row[1]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(made) }}
{% endmacro %}

{#-
    Hash of the definition of this view or seed: its SQL or the contents of its file, its description, and the tables and views it
    reads, because it has to be recreated after them.
-#}
{% macro definition() %}
    {%- set parts, states = [documentation(model), config.get('column_types'), model.config.get('contract', {}).get('enforced')], model_states() -%}
    {%- for column in model.columns.values() -%}
        {%- do parts.append(column.get('data_type')) -%}
    {%- endfor -%}
    {%- do parts.append(model.checksum.checksum if model.resource_type == 'seed' else sql) -%}
    {%- for name in our_models().get(model.name, {}).get('parents', []) -%}
        {%- set state = states.get(name, {}) -%}
        {%- do parts.append([state.get('rebuilt_at') | string, state.get('documentation')]) -%}
    {%- endfor -%}
    {%- for id in model.get('depends_on', {}).get('nodes', []) if id.startswith('model.') and our_models()[id.split('.')[-1]].node.config.materialized == 'view' -%}
        {%- do parts.append(definitions().get(id.split('.')[-1])) -%}
    {%- endfor -%}
    {{ return(local_md5(tojson(parts))) }}
{% endmacro %}

{#- Whether this view or seed exists with its current definition. -#}
{% macro is_as_defined() %}
    {{ return(not flags.FULL_REFRESH and load_cached_relation(this) is not none and not lacks_columns(model) and definitions().get(model.name) == definition()) }}
{% endmacro %}

{#- Saves the definition of this view or seed once it is created; before the first refresh there is no table to save it in. -#}
{% macro record_definition() %}
    {%- if has_state_table('definitions') -%}
        {%- set made_of = definition() -%}
        {%- do run_and_commit(put_definition(model.name, made_of)) -%}
        {%- do definitions().update({model.name: made_of}) -%}
    {%- endif -%}
{% endmacro %}

{#- The result of dbt's materialization (make) for a view or seed, which runs only if its definition changed. -#}
{% macro made_as_defined(type, make) %}
    {#- those of a project that uses this one as a package are built as usual -#}
    {%- if model.package_name != 'signup_attribution' -%}
        {{ return(make()) }}
    {%- endif -%}
    {%- do begin_session() -%}
    {%- if is_as_defined() -%}
        {{ return(left_as_it_is(this.incorporate(type=type))) }}
    {%- endif -%}
    {%- set made = make() -%}
    {%- do record_definition() -%}
    {{ return(made) }}
{% endmacro %}

{% materialization view, default %}
    {{ return(made_as_defined('view', dbt.materialization_view_default)) }}
{% endmaterialization %}

{% materialization seed, default %}
    {{ return(made_as_defined('table', dbt.materialization_seed_default)) }}
{% endmaterialization %}

{#- dbt calls this before it refills a seed's table: one that lost columns is recreated. -#}
{% macro should_full_refresh() %}
    {{ return(dbt.should_full_refresh() or (execute and model.resource_type == 'seed' and lacks_columns(model))) }}
{% endmacro %}
