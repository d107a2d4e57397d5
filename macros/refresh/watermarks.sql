{#-
    SQL that moves a model's watermark and logs what it wrote: the last statement of its transaction. rows_written, rows_read,
    rows_deleted: expressions. columns: those of the table afterwards. is_rebuilt: all rows come from a build from scratch.
    is_of_present_text: all rows come from the current text of the model.
-#}
{% macro save_watermark(name, rows_written, rows_read, rows_deleted, columns, is_rebuilt=false, is_of_present_text=false) %}
    {%- set state, complete, node = model_states().get(name, {}), complete_batch_id(model.name), stored_node(name) -%}
    {%- set is_kept = node.config.incremental_strategy != 'this_batch' -%}
    {%- set is_whole = holds_all_for_rebuilt(node) and applied_by_all_readers(name) == 0 %}
    create temporary table watermark as
    select
        '{{ name }}' as model, cast({{ complete }} as bigint) as batch_id,
        {#- when a table is built from scratch, its readers have to be, too -#}
        {%- if is_rebuilt or not state.get('rebuilt_at') %}
        greatest({{ utc_now() }}, (select max(rebuilt_at) + interval '1 microsecond' from {{ state_table('models') }})) as rebuilt_at,
        {%- else %}
        (select max(rebuilt_at) from {{ state_table('models') }} where model = '{{ name }}') as rebuilt_at,
        {%- endif %}
        cast({{ rows_written }} as bigint) as rows_written, cast({{ rows_read }} as bigint) as rows_read,
        cast({{ rows_deleted }} as bigint) as rows_deleted, {{ utc_now() }} as refreshed_at;
    delete from {{ state_table('models') }} where model = '{{ name }}';
    insert into {{ state_table('models') }} ({{ state_tables().models.keys() | join(', ') }})
    select
        model, batch_id,
        case
            when {{ 'true' if is_rebuilt and is_kept else 'rows_written > 0 or rows_deleted > 0' }} then batch_id
            else {{ state.get('changed_batch_id', 0) }}
        end,
        {{ 'null' if is_rebuilt or not is_kept or node.config.materialized == 'published' else 'batch_id' }}, {{ is_whole }}, false, rebuilt_at,
        {{ quoted(documentation(node)) }}, rows_written, refreshed_at, {{ written_columns(columns) }}
    from watermark;
    {{ log_model(name, 'rows_read', 'rows_written', 'rows_deleted', 'refreshed_at from watermark') }}
    drop table watermark;
    {{ record_text(node, is_of_present_text or is_rebuilt) }}
{% endmacro %}

{#-
    Notes that the watermark of this model moves, because nothing changed in its inputs. All such watermarks move together after the
    last model: where a run dies before, the next one moves them.
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

{#- SQL that logs a model, replacing what a dead run logged about it. Arguments other than the name are expressions. -#}
{% macro log_model(name, rows_read, rows_inserted, rows_deleted, finished_at) %}
    delete from {{ state_table('refresh_log') }} where batch_id = {{ current_batch_id() }} and model = '{{ name }}';
    insert into {{ state_table('refresh_log') }} (
        batch_id, model, status, attempts, rows_read, rows_inserted, rows_deleted, finished_at
    )
    select {{ current_batch_id() }}, '{{ name }}', 'success', 1, {{ rows_read }}, {{ rows_inserted }}, {{ rows_deleted }}, {{ finished_at }};
{% endmacro %}

{#- Literal: the names of columns as refresh.models stores them, one per line. -#}
{% macro written_columns(columns) -%}
    {{ quoted(columns | map(attribute='name') | join('\n')) }}
{%- endmacro %}
