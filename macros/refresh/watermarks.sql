{#-
    SQL that moves a model's watermark, and says what it wrote: the last statement of its transaction. rows_written, rows_read,
    rows_deleted: expressions. columns: those of the table afterwards. is_rebuilt: all rows come from a build from scratch.
    is_of_present_text: all rows come from the current text of the model. may_lose_rows: rows may have gone that nobody counted.
-#}
{% macro save_watermark(name, rows_written, rows_read, rows_deleted, columns, is_rebuilt=false, is_of_present_text=false, may_lose_rows=false) %}
    {%- set node = our_models()[name].node %}
    {{ put_definition('text of ' ~ name, text_of(node)) if is_of_present_text or is_rebuilt }}
    {{ put_definition('settings of ' ~ name, own_settings(node)) if is_rebuilt and own_settings(node) }}
    {{ adapter.dispatch('put_watermark', 'signup_attribution')(
        name, watermark(name, rows_written, rows_read, rows_deleted, columns, is_rebuilt, may_lose_rows)) }}
{% endmacro %}

{% macro default__put_watermark(name, row) %}
    {{ put_row(state_table('models'), {'model': quoted(name)}, state_tables().models.keys(), row) }}
{% endmacro %}

{#- After all that a model does: reads its new state, and those of other models that it wrote. -#}
{% macro end_model(done) %}
    {%- do adapter.dispatch('end_model', 'signup_attribution')(done) -%}
    {%- for name in done if is_rebuilt(name) -%}
        {%- do rebuilt_tables().names.remove(name) -%}
    {%- endfor -%}
{% endmacro %}

{% macro default__end_model(done) %}
    {%- do reload_states(done) -%}
{% endmacro %}

{#- Query: a model's row of refresh.models. -#}
{% macro watermark(name, rows_written, rows_read, rows_deleted, columns, is_rebuilt, may_lose_rows) %}
    {%- set state, complete, node = model_states().get(name, {}), complete_batch_id(model.name), our_models()[name].node -%}
    {%- set is_kept = node.config.incremental_strategy != 'this_batch' -%}
    {%- set is_whole = our_models()[name].holds_all and applied_by_all_readers(name) == 0 %}
    select
        model, batch_id,
        case
            when {{ 'true' if (is_rebuilt and is_kept) or may_lose_rows else 'rows_written > 0 or rows_deleted > 0' }} then batch_id
            else {{ state.get('changed_batch_id', 0) }}
        end as changed_batch_id,
        {{ 'null' if is_rebuilt or not is_kept or node.config.materialized == 'published' else 'batch_id' }} as made_batch_id,
        {{ is_whole }} as is_whole, false as is_rebuild_due,
        {#- when a table is built from scratch, its readers have to be, too -#}
        {%- if is_rebuilt or not state.get('rebuilt_at') %}
        greatest(refreshed_at, (select max(rebuilt_at) + interval '1 microsecond' from {{ state_table('models') }})) as rebuilt_at,
        {%- else %}
        cast('{{ state.rebuilt_at }}' as timestamp) as rebuilt_at,
        {%- endif %}
        {{ quoted(documentation(node)) }} as documentation, rows_read, rows_written, rows_deleted, refreshed_at,
        {{ quoted(columns | map(attribute='name') | join('\n')) }} as column_names
    from (
        select
            '{{ name }}' as model, cast({{ complete }} as bigint) as batch_id, cast({{ rows_written }} as bigint) as rows_written,
            cast({{ rows_read }} as bigint) as rows_read, cast({{ rows_deleted }} as bigint) as rows_deleted, {{ utc_now() }} as refreshed_at
    ) as watermark
{% endmacro %}

{#-
    Notes that the watermark of this model moves, because nothing changed in its inputs. All such watermarks move together after the
    last model; if a run dies before that, the next one moves them.
-#}
{% macro note_move() %}
    {%- set batch_id = complete_batch_id(model.name) -%}
    {%- if batch_id > model_states()[model.name].batch_id -%}
        {%- set now = modules.datetime.datetime.now(modules.pytz.utc).replace(tzinfo=none) -%}
        {%- do model_states()[model.name].update({'batch_id': batch_id, 'rows_read': 0, 'rows_written': 0, 'rows_deleted': 0, 'refreshed_at': now}) -%}
        {%- do run_cache('moves').update({model.name: batch_id}) -%}
    {%- endif -%}
{% endmacro %}

{#- SQL that moves them. -#}
{% macro move_watermarks() %}
    {{ adapter.dispatch('move_watermarks', 'signup_attribution')() }}
{% endmacro %}

{% macro default__move_watermarks() %}
    {%- for batch_id, moved in run_cache('moves').items() | groupby(1) %}
    update {{ state_table('models') }}
    set batch_id = {{ batch_id }}, rows_read = 0, rows_written = 0, rows_deleted = 0, refreshed_at = {{ utc_now() }}
    where {{ is_one_of('model', moved | map('first') | list) }};
    {%- endfor %}
{% endmacro %}
