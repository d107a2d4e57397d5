{#-
    Relations that are not ours are never touched: if one has a name that a refresh would use and is not known to be this project's,
    the refresh refuses before it writes anything. A relation with our mark in its comment is ours. One without (from an earlier
    version, or with another comment) is ours if the bookkeeping lists it and it has the columns that we give it.
-#}

{#- The mark that we add to the comments of our relations. -#}
{% macro ownership_mark() -%}
    {{ return('Kept by signup_attribution.') }}
{%- endmacro %}

{#- The comment of a relation with this description. -#}
{% macro marked(description) -%}
    {{ return((description ~ '\n\n' if description else '') ~ ownership_mark()) }}
{%- endmacro %}

{#- All models and seeds of the project that are in the database. -#}
{% macro stored_nodes() %}
    {%- set known = run_cache('stored nodes') -%}
    {%- if not known and execute -%}
        {%- set nodes = our_models().values() | map(attribute='node') | rejectattr('config.materialized', 'equalto', 'ephemeral') | list -%}
        {%- for id in graph.nodes if id.startswith('seed.signup_attribution.') -%}
            {%- do nodes.append(graph.nodes[id]) -%}
        {%- endfor -%}
        {%- do known.update({'all': nodes}) -%}
    {%- endif -%}
    {{ return(known.get('all', [])) }}
{% endmacro %}

{#- Those that this command builds; for a command that builds none (--check), all of them. -#}
{% macro made_nodes() %}
    {%- set nodes = stored_nodes() -%}
    {{ return(nodes | selectattr('unique_id', 'in', selected_resources) | list if flags.WHICH in ['run', 'build', 'seed'] else nodes) }}
{% endmacro %}

{#-
    The relations with the project's names, as they were before this command: 'schema.name' -> name, kind, comment, parent (of a
    partition) and columns (a list). One query per run.
-#}
{% macro relations_before() %}
    {%- set found = run_cache('relations before') -%}
    {%- if 'all' not in found -%}
        {%- set relations, schemas, names = {}, [project_schema('refresh')], state_tables().keys() | list + ['refresh_health'] -%}
        {%- for node in stored_nodes() -%}
            {%- do schemas.append(node.schema) -%}
            {%- do names.extend([node.alias, node.alias ~ '__dbt_tmp', node.alias ~ '__dbt_backup']) -%}
        {%- endfor -%}
        {%- for schema, name, kind, comment, parent, columns in relations_named(schemas | unique | list, names) -%}
            {%- do relations.update({relation_key(schema, name): {
                'name': name, 'kind': kind, 'comment': comment or '', 'parent': parent, 'columns': (columns or '').split('\n')
            }}) -%}
        {%- endfor -%}
        {%- do found.update({'all': relations}) -%}
    {%- endif -%}
    {{ return(found['all']) }}
{% endmacro %}

{#- How relations_before names a relation; on DuckDB case does not count. -#}
{% macro relation_key(schema, name) %}
    {{ return((schema ~ '.' ~ name) | lower) }}
{% endmacro %}

{% macro state_key(name) %}
    {{ return(relation_key(project_schema('refresh'), name)) }}
{% endmacro %}

{#- One sentence on everything that has one of our names and is not ours; none if there is nothing. -#}
{% macro ownership_problems() %}
    {%- set found, listed, others = relations_before(), listed_names(), [] -%}
    {%- for name, columns in dict(state_tables(), refresh_health={}).items() -%}
        {%- set relation = found.get(state_key(name)) -%}
        {%- if relation and not is_marked(relation) and not (listed is not none and is_alike(relation, 'view' if name == 'refresh_health' else 'table', columns)) -%}
            {%- do others.append(state_key(name) ~ ' (' ~ relation.kind ~ ')') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for node in made_nodes() -%}
        {%- for name in names_used(node, found) if not is_ours(found[name], node, listed or []) -%}
            {%- do others.append(name ~ ' (' ~ found[name].kind ~ ')') -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if others | length > 0 -%}
        {%- set is_one = others | length == 1 -%}
        {{ return([
            others | sort | join(', ') ~ (' has a name' if is_one else ' have names') ~ ' that this project uses and '
            ~ ('is' if is_one else 'are') ~ ' not known to be made by it, so nothing was changed: rename '
            ~ ('it' if is_one else 'them') ~ ', or give the project schemas of its own with SIGNUP_ATTRIBUTION_SCHEMA.'
        ]) }}
    {%- endif -%}
    {{ return([]) }}
{% endmacro %}

{#- The names that a model or seed uses, of those found: its own, those beside its own while it is replaced, and its months. -#}
{% macro names_used(node, found) %}
    {%- set own = relation_key(node.schema, node.alias) -%}
    {%- set of_batch = relation_key(project_schema('this_batch'), node.alias) -%}
    {%- set names = [own, own ~ '__dbt_tmp', own ~ '__dbt_backup', of_batch if our_models().get(node.name, {}).is_batched else own] | unique | select('in', found) | list -%}
    {%- if (node.config.get('meta') or {}).get('monthly_partitions_by') -%}
        {%- set pattern = month_name_pattern() -%}
        {%- for name, relation in found.items() if name.startswith(own) and modules.re.match(pattern, relation.name) -%}
            {%- do names.append(name) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{% endmacro %}

{% macro is_marked(relation) %}
    {{ return(ownership_mark() in relation.comment) }}
{% endmacro %}

{#- Whether this relation at a name of the node is ours. listed: names in the bookkeeping. -#}
{% macro is_ours(relation, node, listed) %}
    {#- partitions have no mark; those of an app_tracks that was renamed are not touched either -#}
    {%- if is_marked(relation) or relation.parent and (relation.parent.startswith(node.alias) or node.name in listed) -%}
        {{ return(true) }}
    {%- endif -%}
    {{ return(node.name in listed and is_alike(relation, relation.kind if relation.kind in ['table', 'view'] else '', node.columns)) }}
{% endmacro %}

{#- Whether this is of the kind, and most of its columns are among these, where we know any: an earlier version's may differ in some. -#}
{% macro is_alike(relation, kind, columns) %}
    {%- set known = relation.columns | select('in', columns.keys() | list) | list -%}
    {{ return(relation.kind == kind and (not columns or 2 * known | length > relation.columns | length)) }}
{% endmacro %}

{#- Names of the models, views and seeds that the bookkeeping of an earlier refresh lists; none without such bookkeeping of ours. -#}
{% macro listed_names() %}
    {%- set found, names = relations_before(), [] -%}
    {%- set models, definitions = found.get(state_key('models')), found.get(state_key('definitions')) -%}
    {%- if not models or models.kind != 'table' or ['model', 'batch_id', 'documentation'] | reject('in', models.columns) | list -%}
        {{ return(none) }}
    {%- endif -%}
    {%- for row in run_query('select model from ' ~ state_table('models')).rows -%}
        {%- do names.append(row[0]) -%}
    {%- endfor -%}
    {%- if definitions and 'name' in definitions.columns -%}
        {%- for row in run_query('select name from ' ~ state_table('definitions')).rows -%}
            {%- do names.append(row[0]) -%}
        {%- endfor -%}
    {%- else -%} {#- somebody dropped it -#}
        {%- do names.extend(stored_nodes() | rejectattr('config.materialized', 'in', ['batched', 'published']) | map(attribute='name') | list) -%}
    {%- endif -%}
    {{ return(names) }}
{% endmacro %}
