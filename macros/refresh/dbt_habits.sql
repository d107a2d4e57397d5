{#- Features of dbt that cannot work here, because these tables depend on each other's state: refused in one sentence. -#}

{#- Stops before anything changes if this run would read other tables than ours, or not all rows. -#}
{% macro check_invocation() %}
    {%- if invocation_args_dict.get('empty') -%}
        {%- do stop('--empty would mark unread messages as read: omit it.') -%}
    {%- endif -%}
    {%- if project_name != 'signup_attribution' -%}
        {%- do check_as_package() -%}
    {%- endif -%}
    {%- for selected in selected_models() if invocation_args_dict.get('defer') -%}
        {%- set node = our_models()[selected].node -%}
        {%- for name in our_models()[selected].parents if node.config.materialized != 'view' and name not in selected_models() -%}
            {%- set parent = our_models()[name].node -%}
            {%- set deferred = parent.defer_relation -%}
            {%- if deferred and deferred.relation_name != parent.relation_name
                    and (invocation_args_dict.get('favor_state') or adapter.get_relation(parent.database, parent.schema, parent.alias) is none) -%}
                {%- do stop(node.name ~ ' continues from tables of its own schemas, and --defer would make it read ' ~ deferred.relation_name
                    ~ ': fill your schemas first (scripts/refresh.py, with --sample 1% for a developer), then run this without --defer.') -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}

{#- As a package of another project: stops if that configures our models differently. -#}
{% macro check_as_package() %}
    {%- set made_as = our_models().app_tracks.node.config.materialized -%}
    {%- if made_as != 'batched' -%}
        {%- do stop('The models of signup_attribution cannot be built as ' ~ made_as ~ ': put +materialized under the name of your project in dbt_project.yml.') -%}
    {%- endif -%}
    {#- dbt resolves a package's names in the parent project first -#}
    {%- for id in graph.nodes if id.split('.')[1] == 'signup_attribution' -%}
        {%- for parent in graph.nodes[id].depends_on.nodes if parent.split('.')[0] in ['model', 'seed', 'snapshot'] and parent.split('.')[1] != 'signup_attribution' -%}
            {%- do stop(parent ~ ' has the name of a model of signup_attribution, which would read it instead: rename it, or set the flag require_ref_searches_node_package_before_root in dbt_project.yml.') -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}
