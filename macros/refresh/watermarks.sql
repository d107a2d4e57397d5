{#-
    SQL that moves a model's watermark and logs what it wrote: the last statement of its transaction. rows_written, rows_read,
    rows_deleted: expressions. columns: those of the table afterwards. is_rebuilt: all rows come from a build from scratch.
    is_of_present_text: all rows come from the current text of the model. may_lose_rows: rows may have gone that nobody counted.
-#}
{% macro save_watermark(name, rows_written, rows_read, rows_deleted, columns, is_rebuilt=false, is_of_present_text=false, may_lose_rows=false) %}
    {{ adapter.dispatch('at_the_end', 'signup_attribution')(
        watermark(name, rows_written, rows_read, rows_deleted, columns, is_rebuilt, is_of_present_text, may_lose_rows)) }}
{% endmacro %}

{% macro default__at_the_end(sql) %}
    {{ sql }}
{% endmacro %}

{#- Runs what an engine without transactions over several tables has put off until all else is done. -#}
{% macro end_model() %}
    {%- do adapter.dispatch('end_model', 'signup_attribution')() -%}
{% endmacro %}

{% macro default__end_model() %}
{% endmacro %}

{% macro watermark(name, rows_written, rows_read, rows_deleted, columns, is_rebuilt, is_of_present_text, may_lose_rows) %}
    {%- set state, complete, node = model_states().get(name, {}), complete_batch_id(model.name), our_models()[name].node -%}
    {%- set is_kept = node.config.incremental_strategy != 'this_batch' -%}
    {%- set is_whole = our_models()[name].holds_all and applied_by_all_readers(name) == 0 %}
    {%- set new_values %}
    select
        '{{ name }}' as model, cast({{ complete }} as bigint) as batch_id,
        {#- when a table is built from scratch, its readers have to be, too -#}
        {%- if is_rebuilt or not state.get('rebuilt_at') %}
        greatest({{ utc_now() }}, (select max(rebuilt_at) + interval '1 microsecond' from {{ state_table('models') }})) as rebuilt_at,
        {%- else %}
        (select max(rebuilt_at) from {{ state_table('models') }} where model = '{{ name }}') as rebuilt_at,
        {%- endif %}
        cast({{ rows_written }} as bigint) as rows_written, cast({{ rows_read }} as bigint) as rows_read,
        cast({{ rows_deleted }} as bigint) as rows_deleted, {{ utc_now() }} as refreshed_at
    {%- endset %}
    {%- set row %}
    select
        model, batch_id,
        case
            when {{ 'true' if (is_rebuilt and is_kept) or may_lose_rows else 'rows_written > 0 or rows_deleted > 0' }} then batch_id
            else {{ state.get('changed_batch_id', 0) }}
        end as changed_batch_id,
        {{ 'null' if is_rebuilt or not is_kept or node.config.materialized == 'published' else 'batch_id' }} as made_batch_id,
        {{ is_whole }} as is_whole, false as is_rebuild_due, rebuilt_at, {{ quoted(documentation(node)) }} as documentation,
        rows_written, refreshed_at, {{ written_columns(columns) }} as column_names
    from watermark
    {%- endset %}
    {{ set_aside('watermark', new_values) }}
    {{ log_model(name, 'rows_read', 'rows_written', 'rows_deleted', 'refreshed_at', 'watermark') }}
    {{ record_text(node, is_of_present_text or is_rebuilt) }}
    {{ put_row(state_table('models'), {'model': quoted(name)}, state_tables().models.keys(), row) }}
    {{ drop_aside('watermark') }}
{% endmacro %}

{#-
    Notes that the watermark of this model moves, because nothing changed in its inputs. All such watermarks move together after the
    last model; if a run dies before that, the next one moves them.
-#}
{% macro note_move() %}
    {%- set batch_id = complete_batch_id(model.name) -%}
    {%- if batch_id > model_states()[model.name].batch_id -%}
        {%- do model_states()[model.name].update({'batch_id': batch_id}) -%}
        {%- do run_cache('moves').update({model.name: batch_id}) -%}
    {%- endif -%}
{% endmacro %}

{#- SQL that moves them. -#}
{% macro move_watermarks() %}
    {%- for name, batch_id in run_cache('moves').items() %}
    update {{ state_table('models') }} set batch_id = {{ batch_id }}, rows_written = 0, refreshed_at = {{ utc_now() }}
    where model = '{{ name }}';
    {{ log_model(name, 0, 0, 0, utc_now()) }}
    {%- endfor %}
{% endmacro %}

{#- SQL that logs a model, replacing what a dead run logged about it. Arguments other than the name are expressions, of a relation. -#}
{% macro log_model(name, rows_read, rows_inserted, rows_deleted, finished_at, relation=none) %}
    {%- set row -%}
    select
        {{ current_batch_id() }} as batch_id, '{{ name }}' as model, 'success' as status, 1 as attempts, {{ rows_read }} as rows_read,
        {{ rows_inserted }} as rows_inserted, {{ rows_deleted }} as rows_deleted, cast(null as double precision) as seconds,
        {{ finished_at }} as finished_at, cast(null as text) as error
    {{ 'from ' ~ relation if relation }}
    {%- endset %}
    {{ put_row(
        state_table('refresh_log'), {'batch_id': current_batch_id(), 'model': quoted(name)}, state_tables().refresh_log.keys(), row
    ) }}
{% endmacro %}

{#- Literal: the names of columns as refresh.models stores them, one per line. -#}
{% macro written_columns(columns) -%}
    {{ quoted(columns | map(attribute='name') | join('\n')) }}
{%- endmacro %}
