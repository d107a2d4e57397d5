{#-
    Detaches an old month from app_tracks, without losing a session:
        dbt run-operation detach_month --args '{month: 2024-01}'
    The month's messages stay in a table of their own (app_tracks_2024_01_detached), or are deleted with drop: true. The month before
    oldest_month stands for all earlier months (app_tracks_before_2010_01_detached).
    Sessions, touches and attribution are stored separately and do not change. refresh.archived_messages keeps what later refreshes
    may need of these messages: their ids, so that a late copy is not counted twice, and who sent them when. A full refresh reads
    the sources again and ignores detached months.
-#}
{% macro detach_month(month=none, drop=false) %}
    {%- if not modules.re.match('^[0-9]{4}-(0[1-9]|1[0-2])$', month | string) -%}
        {%- do stop('month must be a month such as 2024-01, not ' ~ tojson(month) ~ ': correct it.') -%}
    {%- endif -%}
    {%- set app_tracks = stored_relation('app_tracks') -%}
    {%- set partitions = stored_relation('partitions') -%}
    {%- if app_tracks is none or partitions is none -%}
        {%- do stop('app_tracks does not exist yet: run a refresh first.') -%}
    {%- endif -%}
    {%- set kept = state_rows('settings', "select value from " ~ state_table('settings') ~ " where name = 'oldest_month'") -%}
    {%- if kept and kept[0][0] != tojson(var('oldest_month')) -%}
        {%- do stop('oldest_month is ' ~ kept[0][0] ~ ' in the stored tables: pass the same --vars as for a refresh.') -%}
    {%- endif -%}
    {%- set first_day = month ~ '-01' -%}
    {%- set oldest, latest = shared_months() -%}
    {%- if first_day < oldest or first_day > latest -%}
        {%- set standing_for_it = oldest if first_day < oldest else latest -%}
        {%- do stop(month ~ ' shares a partition with other months: detach them all as ' ~ standing_for_it[:7] ~ '.') -%}
    {%- endif -%}
    {%- set counted = run_query("select row_count from " ~ partitions ~ " where month = date '" ~ first_day ~ "' and row_count > 0").rows -%}
    {%- if counted | length == 0 -%}
        {%- do stop('app_tracks has no messages of ' ~ month ~ ': nothing was detached.') -%}
    {%- endif -%}
    {%- if state_rows('models', 'select 1 from ' ~ state_table('models') ~ ' where batch_id < (select max(batch_id) from ' ~ state_table('models') ~ ')') | length > 0 -%}
        {%- do stop('The last refresh did not finish: run a refresh first, then detach ' ~ month ~ '.') -%}
    {%- endif -%}
    {%- do stop_if_any(ownership_problems()) -%}
    {%- set detached = app_tracks.incorporate(path={'identifier': 'app_tracks' ~ month_suffix(first_day) ~ '_detached'}) -%}
    {#- In this order, because on Spark each statement is a transaction: a message is deleted after it is kept, and the count that lets one call again changes last. -#}
    {%- call statement('detach', auto_begin=true) %}
        insert into {{ state_table('archived_messages') }}
        select message_type, event_id, anonymous_id, user_id, occurred_at from {{ app_tracks }} as stored
        where {{ is_in_month('occurred_at', first_day) }} and not exists (
            select 1 from {{ state_table('archived_messages') }} as archived
            where archived.event_id = stored.event_id and archived.message_type = stored.message_type
        );
        {{ move_month(app_tracks, detached, first_day) }}
        {{ 'drop table ' ~ detached if drop else 'comment on table ' ~ detached ~ ' is ' ~ quoted(marked('Messages of ' ~ month)) }};
        update {{ partitions }} set detached_row_count = detached_row_count + row_count, row_count = 0
        where month = date '{{ first_day }}';
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {%- do log(month ~ ': ' ~ counted[0][0] ~ ' messages ' ~ ('deleted' if drop else 'moved to ' ~ detached.schema ~ '.' ~ detached.identifier), info=true) -%}
{% endmacro %}
