{#-
    The answer to `refresh.py --check`, as one JSON line in the log: a list of (what, whether it is fine, sentence). Changes nothing.
    has_tables: false before there is a database, when only files can be sources.
-#}
{% macro check_refresh(has_tables=true) %}
    {%- set findings, are_sources_there = [], has_tables or source_files() -%}
    {%- for what, problems in [
        ('connection', database_problems()), ('variables', variable_problems()), ('settings', setting_problems()),
        ('sources', source_problems() if are_sources_there else []),
        ('names', ownership_problems()), ('tables', stored_table_problems())
    ] -%}
        {%- for problem in problems -%}
            {%- do findings.append([what, false, problem]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if not are_sources_there -%}
        {%- do findings.append(['sources', false, 'The database file does not exist, so it has no messages: correct SIGNUP_ATTRIBUTION_DUCKDB, or run scripts/init.py.']) -%}
    {%- endif -%}
    {%- for collection in (collections() if are_sources_there else []) -%}
        {%- for place in source_places(collection) -%}
            {%- set present = by_name(place_columns(place)) -%}
            {%- set missing = segment_columns(collection) | map(attribute='name') | reject('in', present) | list -%}
            {%- if present -%}
                {%- do findings.append(['sources', true, collection ~ ': ' ~ place.label ~ (', without ' ~ missing | join(', ') ~ ' (null)' if missing else ', all columns')]) -%}
                {%- if not load_columns(present) -%}
                    {%- do findings.append(['sources', true, collection ~ ': no load time (uuid_ts, loaded_at, received_at) in ' ~ place.label ~ ', so it is read whole each time']) -%}
                {%- endif -%}
            {%- elif place.is_optional -%}
                {%- do findings.append(['sources', true, collection ~ ': ' ~ place.label ~ ' does not exist yet, and is optional']) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if may_restate_events() -%}
        {%- for name in changed_event_settings() -%}
            {%- do findings.append(['settings', true, name ~ ' changed: the next refresh recomputes everything derived from the stored messages']) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set can_be_read = are_sources_there and findings | rejectattr(1) | list | length == 0 -%}
    {%- for sentence in (unread_values(every_row=true) if can_be_read else []) -%}
        {%- do findings.append(['sources', false, sentence]) -%}
    {%- endfor -%}
    {%- set events = event_name_problems(stored_relation('event_names') or (event_names_in_sources() if can_be_read else none)) -%}
    {%- for sentence in events.sentences -%}
        {%- set is_fine = events.finds_signups or not sentence.startswith('signup_events') -%}
        {%- do findings.append(['events', is_fine, sentence ~ ('' if is_fine else ' Correct signup_events under vars: there are no sign-ups.')]) -%}
    {%- endfor -%}
    {%- for sentence in (unreadable_sentences() if are_sources_there else []) -%}
        {%- do findings.append(['sources', true, sentence]) -%}
    {%- endfor -%}
    {%- do findings.extend(last_audit_findings()) -%}
    {%- do log('refresh_check ' ~ tojson(findings)) -%}
{% endmacro %}
