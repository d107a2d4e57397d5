{#- What signup_events and ignored_events say about messages, and whether the events they name occur at all. -#}

{#- Condition that one of a message's two names is in a list. -#}
{% macro is_event_named(names) -%}
    ({{ is_one_of('event_name', names) }} or {{ is_one_of('event_display_name', names) }})
{%- endmacro %}

{#- Condition that a message starts or extends a session. -#}
{% macro is_session_event() -%}
    (message_type in ('tracks', 'pages', 'screens') and not {{ is_event_named(listed('ignored_events')) }})
{%- endmacro %}

{#- Which of the two settings changed since the stored rows were computed. -#}
{% macro changed_event_settings() %}
    {%- set stored, changed = settings_of_tables(), [] -%}
    {%- for name in ['ignored_events', 'signup_events'] if stored.get(name, stored_settings()[name]) != stored_settings()[name] -%}
        {%- do changed.append(name) -%}
    {%- endfor -%}
    {{ return(changed) }}
{% endmacro %}

{#-
    Whether this run can recompute what depends on them: it needs all messages, none of them detached, and all tables of the
    folders before reporting. `--check`, which builds none, answers for a whole refresh.
-#}
{% macro may_restate_events() %}
    {%- set left_out = (['app_tracks', 'batch_intervals', 'touch_evidence'] + published_tables()) | reject('in', selected_models()) | list -%}
    {%- set detached = state_rows('archived_messages', 'select 1 from ' ~ state_table('archived_messages') ~ ' limit 1') -%}
    {{ return(stored_relation('app_tracks') is not none and not detached and not (left_out and flags.WHICH in ['run', 'build'])) }}
{% endmacro %}

{#-
    SQL that updates the stored messages to changed settings. It marks app_tracks as rebuilt by this batch, so that everything derived
    from it is rebuilt, as after a full refresh; models that do not depend on names continue.
-#}
{% macro apply_event_settings(changed) %}
    {%- set app_tracks, current = stored_relation('app_tracks'), stored_settings() %}
    update {{ app_tracks }} set is_session_event = {{ is_session_event() }} where is_session_event != {{ is_session_event() }};
    update {{ state_table('models') }}
    set rebuilt_at = greatest({{ utc_now() }}, (select max(rebuilt_at) + interval '1 microsecond' from {{ state_table('models') }}))
    where model in ('app_tracks', 'rejected_events', 'partitions', 'event_names');
    {%- for name in changed %}
    update {{ state_table('settings') }} set value = {{ quoted(current[name]) }} where name = '{{ name }}';
    {%- endfor %}
{% endmacro %}

{#-
    What is wrong with the two settings, as {sentences, finds_signups}. finds_signups: whether any event named in signup_events occurred.
    relation: event_names, or a query like it.
-#}
{% macro event_name_problems(relation) %}
    {%- set sentences = [] -%}
    {%- set named = listed('signup_events') + listed('ignored_events') -%}
    {%- if relation is none or not named -%}
        {{ return({'sentences': [], 'finds_signups': true}) }}
    {%- endif -%}
    {#- a text that looks like a number or a null would come back as one -#}
    {%- set query = "select distinct '=' || event_name from " ~ relation ~ ' where ' ~ is_one_of('event_name', named) -%}
    {%- set occurred = run_query(query).columns[0].values() | map('replace', '=', '', 1) | list -%}
    {%- for setting in ['signup_events', 'ignored_events'] -%}
        {%- for name in listed(setting) if name | string not in occurred -%}
            {%- do sentences.append(setting ~ ': ' ~ name ~ ' has never occurred. ' ~ nearest_event_names(name | string, relation)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return({'sentences': sentences, 'finds_signups': listed('signup_events') | map('string') | select('in', occurred) | list | length > 0}) }}
{% endmacro %}

{#- Query like event_names on the sources, in parentheses: for `--check` before the first refresh. -#}
{% macro event_names_in_sources() -%}
    (
        select event_name, count(*) as message_count from (
            select {{ as_id_text('null') }} as event_name
            {%- for collection in ['tracks', 'pages', 'screens'] %}
            {%- for place in present_places(collection) %}
            {%- set present = by_name(place_columns(place)) %}
            {%- set names = [source_value(present.get('event' if collection == 'tracks' else 'name'), 'text')] %}
            {%- do names.append('nullif(' ~ source_value(present.get('event_text'), 'text') ~ ', ' ~ names[0] ~ ')') if collection == 'tracks' %}
            {%- for name in names %}
            union all
            select {{ name }} from {{ place_relation(place) }}
            {%- endfor %}
            {%- endfor %}
            {%- endfor %}
        ) as named
        where event_name != ''
        group by event_name
    ) as event_names
{%- endmacro %}

{#- A sentence on the names closest to one that never occurred, among the thousand most frequent ones. -#}
{% macro nearest_event_names(name, relation) %}
    {%- set query -%}
        select '=' || event_name, cast(sum(message_count) as bigint) as message_count from {{ relation }}
        group by event_name
        order by message_count desc, event_name
        limit 1000
    {%- endset -%}
    {%- set ranked, written = [], [] -%}
    {%- for row in run_query(query).rows -%}
        {%- do ranked.append([likeness(name, row[0][1:]), row[1], row[0][1:]]) -%}
    {%- endfor -%}
    {%- for _, count, other in (ranked | sort(reverse=true))[:3] -%}
        {%- do written.append(other[:100] ~ ' (' ~ '{:,}'.format(count | int) ~ ')') -%}
    {%- endfor -%}
    {{ return('The closest names: ' ~ written | join(', ') ~ '.' if written else 'No event has a name yet.') }}
{% endmacro %}

{#- Similarity of two names, from 0 to 1: by the pairs of adjacent letters or digits that both have in their first 200 characters. -#}
{% macro likeness(name, other) %}
    {%- set pairs = [[], []] -%}
    {%- for text in [name, other] -%}
        {%- set found, letters = pairs[loop.index0], modules.re.sub('[\\W_]+', '', text[:200] | lower) -%}
        {%- for start in range(letters | length - 1) -%}
            {%- do found.append(letters[start:start + 2]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set shared = pairs[0] | select('in', pairs[1]) | list | length -%}
    {{ return(2 * shared / ([pairs[0] | length + pairs[1] | length, 1] | max)) }}
{% endmacro %}
