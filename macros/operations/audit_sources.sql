{#-
    The answer to `refresh.py --audit`, as one JSON line in the log: a list of (what, whether it is fine, sentence). Reads the ids of the
    sources, all or those loaded since a date, and counts by load day those that are missing: neither stored nor rejected nor copies,
    and not found by the next refresh either, because their place was read past their load time. Keeps the result for refresh_health.
-#}
{% macro audit_sources(since=none) %}
    {%- do check_variables() -%}
    {%- do stop_if_any(source_problems()) -%}
    {%- if var('sample') is not none -%}
        {%- do stop('An audit compares all messages: omit --sample.') -%}
    {%- elif stored_relation('app_tracks') is none or not has_state_table('last_audit') -%}
        {%- do stop('There are no tables yet: run a refresh first.') -%}
    {%- endif -%}
    {%- set findings, problems, places, days = [], [], {}, [] -%}
    {%- for message_type, place, day, id_count, missed_count, new_count in run_query(audited_ids(since)).rows -%}
        {%- set found = places.setdefault(message_type ~ ' (' ~ place ~ ')', {'ids': 0, 'missed': 0, 'new': 0, 'days': 0}) -%}
        {%- do found.update({
            'ids': found.ids + id_count | int, 'missed': found.missed + missed_count | int, 'new': found.new + new_count | int,
            'days': found.days + 1}) -%}
        {%- if missed_count -%}
            {%- do days.append(day) -%}
            {%- do problems.append(['audit', false, '%s (%s): loaded on %s, ids: %s, missing: %s.' | format(
                message_type, place, day, '{:,}'.format(id_count | int), '{:,}'.format(missed_count | int))]) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for place, found in places.items() -%}
        {%- do findings.append(['audit', true, '%s: ids: %s, load days: %s, missing: %s, to come with the next refresh: %s' | format(
            place, '{:,}'.format(found.ids), found.days, '{:,}'.format(found.missed), '{:,}'.format(found.new))]) -%}
    {%- endfor -%}
    {%- do run_and_commit(record_audit(since, places.values() | sum('ids'), places.values() | sum('missed'), days | min if days else none)) -%}
    {%- do log('refresh_check ' ~ tojson(findings + problems + last_audit_findings())) -%}
{% endmacro %}

{#- Query on the ids of the sources by collection, place and load day: how many exist, are missing, and are new. -#}
{% macro audited_ids(since) %}
    with source_rows as (
        {%- for collection in collections() %}
        {%- for place in present_places(collection) %}
        select '{{ collection }}' as message_type, {{ quoted(place.label) }} as source_place, {{ valid_id('id') }} as event_id, load_time, is_read_again
        from (
            {%- set present = by_name(place_columns(place)) %}
            select
                {{ source_value(present['id'], 'text') }} as id,
                {{ load_time(load_columns(present)) }} as load_time,
                {{ may_be_new(collection, place, present) }} as is_read_again
            from {{ place_relation(place) }}
        ) as place
        union all
        {%- endfor %}
        {%- endfor %}
        select null, null, null, cast(null as timestamp), false where false
    ),

    ids as (
        select message_type, source_place, event_id, cast(load_time as date) as load_day, max(cast(is_read_again as integer)) = 1 as is_read_again
        from source_rows
        where event_id is not null and {{ is_not_erased("message_type || ' ' || event_id") }} {{ "and coalesce(load_time >= timestamp '" ~ since ~ "', true)" if since else '' }}
        group by message_type, source_place, event_id, cast(load_time as date)
    ),

    stored as (
        {%- for relation in stored_message_relations() %}
        select message_type, event_id from {{ relation }}
        {{ 'union' if not loop.last }}
        {%- endfor %}
    )

    select
        ids.message_type, ids.source_place, cast(ids.load_day as text) as load_day, count(*) as id_count,
        count(*) filter (where stored.event_id is null and not ids.is_read_again) as missed_count,
        count(*) filter (where stored.event_id is null and ids.is_read_again) as new_count
    from ids
    left join stored on ids.event_id = stored.event_id and ids.message_type = stored.message_type
    group by ids.message_type, ids.source_place, ids.load_day
    order by ids.message_type, ids.source_place, ids.load_day
{% endmacro %}

{#- SQL that keeps the result of an audit, in place of the previous one. missed_since: the first load day of what is missing. -#}
{% macro record_audit(since, id_count, missed_count, missed_since) %}
    {%- set found -%}
    select
        {{ utc_now() }} as audited_at, cast({{ quoted(since) if since else 'null' }} as date) as looked_since,
        {{ id_count }} as id_count, {{ missed_count }} as missed_count,
        cast({{ quoted(missed_since) if missed_since else 'null' }} as date) as missed_since
    {%- endset -%}
    {{ put_all_rows(state_table('last_audit'), state_tables().last_audit.keys(), found) }}
{% endmacro %}

{#- What the last audit found, as a list of (what, whether it is fine, sentence); empty when there was none. -#}
{% macro last_audit_findings() %}
    {%- set findings = [] -%}
    {%- set query = 'select cast(cast(audited_at as date) as text), id_count, missed_count, cast(missed_since as text) from ' ~ state_table('last_audit') -%}
    {%- for day, id_count, missed_count, missed_since in (run_query(query).rows if has_state_table('last_audit') else []) -%}
        {%- set audited = 'of ' ~ '{:,}'.format(id_count | int) ~ ' ids checked on ' ~ day -%}
        {%- do findings.append(
            ['audit', false, audited ~ ' some are missing (' ~ '{:,}'.format(missed_count | int) ~ '): run refresh.py --since ' ~ missed_since ~ ', then --audit again.'] if missed_count
            else ['audit', true, audited ~ ' none is missing']) -%}
    {%- endfor -%}
    {{ return(findings) }}
{% endmacro %}
