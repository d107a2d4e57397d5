{#-
    The yardstick: what a good analyst would write as a plain project that is rebuilt whole every morning, from the sources to
    messages, persons, sessions, touches, attribution and credits. One table per step, as dbt's materialization `table` makes them;
    window functions over all events of a person. It gives the rows of identity_policy 'last' with own_domains [example.com] on the
    benchmark's sample. What no message of the sample needs is left out: screens, several places of a collection, times as
    text, `;` between parameters, hosts in other forms than usual.
    engine: duckdb or postgres; sources and seeds: name -> what to select from.
-#}
{%- set duckdb = engine == 'duckdb' -%}
{%- macro analyze(table) %}{% if not duckdb %}analyze {{ table }};{% endif %}{% endmacro -%}
{%- macro id_text(x) %}{{ x }}{% if not duckdb %} collate "C"{% endif %}{% endmacro -%}
{%- macro trimmed(x) %}nullif(trim({{ x }}), ''){% endmacro -%}
{%- macro trimmed_id(x) %}nullif(trim({{ x }}, e' \t\n\x0b\f\r'), ''){% endmacro -%}
{%- macro valid_id(x) -%}
    case when lower({{ x }}) not in (select coalesce(invalid_id, 'null') from invalid_ids) and length({{ x }}) <= 255 then {{ id_text(x) }} end
{%- endmacro -%}
{%- macro found(text, pattern) -%}
    {% if duckdb %}regexp_matches({{ text }}, {{ pattern }}){% else %}{{ text }} ~ ({{ pattern }}){% endif %}
{%- endmacro -%}
{%- macro part(text, pattern) -%}
    {% if duckdb %}regexp_extract({{ text }}, '{{ pattern }}', 1){% else %}substring({{ text }} from '{{ pattern }}'){% endif %}
{%- endmacro -%}
{%- macro host(url) -%}
    {%- if duckdb %}nullif(rtrim(lower(regexp_extract({{ url }}, '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]*)', 1)), '.'), '')
    {%- else %}nullif(rtrim(lower(split_part(split_part(split_part(split_part({{ url }}, '://', 2), '/', 1), '?', 1), ':', 1)), '.'), ''){% endif -%}
{%- endmacro -%}
{%- macro path(url) %}coalesce(nullif({{ part(url, '^(?:[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*)?([^?#]*)') }}, ''), '/'){% endmacro -%}
{%- macro decoded(x) -%}
    case
        when {{ x }} not like '%!%%' escape '!' and {{ x }} not like '%+%' then {{ x }}
        else {% if duckdb %}coalesce(try(url_decode(replace({{ x }}, '+', ' '))), {{ x }}){% else %}url_decode({{ x }}){% endif %}
    end
{%- endmacro -%}
{%- set no_value = "'^ *(null|undefined|nan|[(]not set[)]|[[]object object]|[$]?[{].*[}]|__.*__|%%.*%%|[*][|].*[|][*]) *$'" -%}
{#- null for what templates and scripts leave where they have no value -#}
{%- macro value(x) -%}
    case
        when not {{ found('lower(' ~ x ~ ')', no_value) }} then nullif(trim({{ x }}), '')
    end
{%- endmacro -%}
{%- macro parameter(name) -%}
    case when parameters like '%utm!_%' escape '!' then {{ part('parameters', '(?i)&' ~ name ~ '=([^&]+)') }} end
{%- endmacro -%}
{#- a listed host stands for its subdomains, too; .* for a last part or two, *. for subdomains alone -#}
{%- macro is_host_of(host, pattern) -%}
    case
        when {{ pattern }} not like '%*%' then '.' || {{ host }} like '%.' || {{ pattern }}
        else {{ found(host, "case when " ~ pattern ~ " like '*.%' then '[.]' else '(^|[.])' end || replace(replace(ltrim(" ~ pattern
                      ~ ", '*.'), '.', '[.]'), '[.]*', '[.][a-z]+([.][a-z]+)?') || '$'") }}
    end
{%- endmacro -%}
{%- macro first(x, by) -%}
    {% if duckdb %}arg_min({{ x }}, {{ by }}){% else %}(array_agg({{ x }} order by {{ by }}) filter (where {{ x }} is not null))[1]{% endif %}
{%- endmacro -%}
{%- macro last(x, by) -%}
    {% if duckdb %}arg_max({{ x }}, {{ by }}){% else %}(array_agg({{ x }} order by {{ by }} desc) filter (where {{ x }} is not null))[1]{% endif %}
{%- endmacro -%}
{%- macro microseconds(earlier, later) -%}
    {%- if duckdb %}cast(date_diff('microsecond', {{ earlier }}, {{ later }}) as double precision)
    {%- else %}cast(extract(epoch from {{ later }} - {{ earlier }}) * 1000000 as double precision){% endif -%}
{%- endmacro -%}
{#- PostgreSQL computes an expression once for each use of it in a later step, unless told otherwise -#}
{%- set once = '' if duckdb else ' materialized' -%}
{%- set utm = ['source', 'medium', 'campaign', 'term', 'content'] -%}
-- stage: seeds
{% if not duckdb -%}
create schema classic;
set search_path to classic;
create function url_decode(x text) returns text as $$
begin
    return convert_from(decode((
        select string_agg(
            case when c[1] like '%!%__' escape '!' then substr(c[1], 2) else encode(convert_to(c[1], 'UTF8'), 'hex') end, '' order by n)
        from regexp_matches(replace(x, '+', ' '), '%[0-9a-fA-F]{2}|.', 'g') with ordinality as characters (c, n)
    ), 'hex'), 'UTF8');
exception when others then
    return x;
end
$$ language plpgsql immutable strict;
{% endif -%}
{% for name in ['invalid_ids', 'click_ids', 'excluded_referrers', 'referrers', 'channel_rules'] -%}
create table {{ name }} as select * from {{ seeds[name] }};
{{ analyze(name) }}
{% endfor %}
-- stage: app_tracks
create table app_tracks as
with messages as (
    {%- for collection in ['tracks', 'pages', 'identifies', 'aliases'] %}
    {%- set is_page, is_event = collection == 'pages', collection in ['tracks', 'pages'] %}
    select
        '{{ collection }}' as message_type,
        {{ trimmed_id('id') }} as id,
        {{ 'null' if collection == 'aliases' else trimmed_id('anonymous_id') }} as anonymous_id,
        {{ trimmed_id('user_id') }} as user_id,
        {{ trimmed_id('previous_id') if collection == 'aliases' else 'null' }} as previous_id,
        {{ "nullif(name, '')" if is_page else "coalesce(nullif(event, ''), nullif(event_text, ''))" if is_event else 'null' }} as event_name,
        {{ "case when event != '' then nullif(nullif(event_text, ''), event) end" if collection == 'tracks' else 'null' }} as event_display_name,
        {%- for name in ['url', 'referrer'] %}
        {{ 'coalesce(' ~ trimmed(name) ~ ', ' ~ trimmed('context_page_' ~ name) ~ ')' if is_page
           else trimmed('context_page_' ~ name) if is_event else 'null' }} as page_{{ name }},
        {%- endfor %}
        {%- for name in ['path', 'title', 'search'] %}
        {{ "coalesce(nullif(" ~ name ~ ", ''), nullif(context_page_" ~ name ~ ", ''))" if is_page
           else "nullif(context_page_" ~ name ~ ", '')" if is_event else 'null' }} as page_{{ name }},
        {%- endfor %}
        {%- for name in utm %}
        {{ "nullif(context_campaign_" ~ (name if name != 'campaign' else 'name') ~ ", '')" if is_event else 'null' }} as utm_{{ name }},
        {%- endfor %}
        {{ 'context_user_agent' if is_event else 'null' }} as user_agent,
        {{ 'context_ip' if is_event else 'null' }} as ip,
        coalesce("timestamp", original_timestamp, sent_at, received_at) as claimed_at,
        received_at,
        coalesce(uuid_ts, received_at) as load_time,
        '{{ places[collection] }}' as source_place
    from {{ sources[collection] }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

cleaned as (
    select
        message_type,
        {{ valid_id('id') }} as event_id,
        {{ valid_id('anonymous_id') }} as anonymous_id,
        {{ valid_id('user_id') }} as user_id,
        {{ valid_id('previous_id') }} as previous_id,
        event_name, event_display_name, page_url, page_path, page_title, page_referrer, page_search,
        utm_source, utm_medium, utm_campaign, utm_term, utm_content, user_agent, ip, source_place,
        message_type in ('tracks', 'pages') as is_session_event,
        coalesce(claimed_at > received_at + interval '60 minutes', false) as is_clock_corrected,
        case when claimed_at > received_at + interval '60 minutes' then received_at else claimed_at end as occurred_at,
        received_at,
        load_time
    from messages
),

with_times as (
    select
        message_type, event_id, anonymous_id, user_id, previous_id, event_name, event_display_name, page_url, page_path, page_title,
        page_referrer, page_search, utm_source, utm_medium, utm_campaign, utm_term, utm_content, user_agent, ip, source_place,
        is_session_event, is_clock_corrected, occurred_at,
        coalesce(received_at, occurred_at) as received_at,
        coalesce(load_time, occurred_at) as loaded_at
    from cleaned
    where event_id is not null
),

-- of the copies of a message the one loaded first counts
numbered as (
    select *, row_number() over (partition by message_type, event_id order by loaded_at, received_at) as copy_number
    from with_times
)

select
    message_type, event_id, anonymous_id, user_id, previous_id, event_name, event_display_name, page_url, page_path, page_title,
    page_referrer, page_search, utm_source, utm_medium, utm_campaign, utm_term, utm_content, user_agent, ip, source_place,
    is_session_event, is_clock_corrected, occurred_at, received_at, loaded_at
from numbered
where copy_number = 1 and occurred_at is not null and coalesce(anonymous_id, user_id) is not null;
{{ analyze('app_tracks') }}

-- stage: aliases
create table known_pairs as
with pairs as (
    select coalesce(anonymous_id, previous_id) as anonymous_id, user_id, occurred_at
    from app_tracks
    where
        user_id is not null
        and (anonymous_id is not null or previous_id in (select anonymous_id from app_tracks where anonymous_id is not null))
)

select anonymous_id, user_id, min(occurred_at) as first_seen_at, max(occurred_at) as last_seen_at
from pairs
group by anonymous_id, user_id;
{{ analyze('known_pairs') }}

-- users who are linked by alias messages are one person: the one seen first
create table persons as
with recursive edges as (
    select user_id, previous_id as other_id from app_tracks
    where previous_id is not null and previous_id not in (select anonymous_id from app_tracks where anonymous_id is not null)
    union
    select previous_id, user_id from app_tracks
    where previous_id is not null and previous_id not in (select anonymous_id from app_tracks where anonymous_id is not null)
),

reached as (
    select user_id, user_id as other_id from edges
    union
    select reached.user_id, edges.other_id from reached inner join edges on reached.other_id = edges.user_id
),

groups as (
    select user_id, min(other_id) as group_id, count(*) as user_count from reached
    group by user_id
),

first_seen as (
    select user_id, min(occurred_at) as first_session_at from app_tracks
    where is_session_event and user_id is not null
    group by user_id
)

select
    groups.user_id,
    case
        when user_count > 10 then groups.user_id
        else first_value(groups.user_id) over (partition by group_id order by first_session_at nulls last, groups.user_id)
    end as alias_id
from groups
left join first_seen on groups.user_id = first_seen.user_id;
{{ analyze('persons') }}

create table aliases as
with ids as (
    select anonymous_id as id, 'anonymous_id' as id_type, min(occurred_at) as first_seen_at, max(occurred_at) as last_seen_at
    from app_tracks
    where anonymous_id is not null
    group by anonymous_id
    union all
    select user_id, 'user_id', min(occurred_at), max(occurred_at)
    from app_tracks
    where user_id is not null
    group by user_id
),

-- whoever was seen on it last
owners as (
    select anonymous_id, {{ first('user_id', 'choice') }} as user_id, count(*) as user_count
    from (
        select *, row_number() over (partition by anonymous_id order by last_seen_at desc, user_id) as choice from known_pairs
    ) as ranked
    group by anonymous_id
)

select
    ids.id,
    ids.id_type,
    coalesce(persons.alias_id, owners.user_id, ids.id) as alias_id,
    case when ids.id_type = 'user_id' then 1 else coalesce(owners.user_count, 0) end as user_count,
    ids.first_seen_at,
    ids.last_seen_at
from ids
left join owners on ids.id = owners.anonymous_id and ids.id_type = 'anonymous_id'
left join persons on persons.user_id = case when ids.id_type = 'user_id' then ids.id else owners.user_id end;
{{ analyze('aliases') }}

-- stage: session_events
create table session_events as
with events as (
    select
        app_tracks.message_type, app_tracks.event_id, app_tracks.anonymous_id, app_tracks.page_url, app_tracks.page_referrer,
        app_tracks.page_search, app_tracks.utm_source, app_tracks.utm_medium, app_tracks.utm_campaign, app_tracks.utm_term,
        app_tracks.utm_content, app_tracks.occurred_at,
        coalesce(persons.alias_id, app_tracks.user_id, aliases.alias_id, app_tracks.anonymous_id) as alias_id,
        app_tracks.user_id is not null or coalesce(aliases.user_count > 0, false) as is_identified,
        coalesce(app_tracks.event_name = 'signed_up' or app_tracks.event_display_name = 'signed_up', false) as is_signup,
        coalesce(app_tracks.page_url like '%/blog/%', false) as is_blog,
        app_tracks.message_type = 'pages' or app_tracks.page_url is not null or app_tracks.page_referrer is not null
        or coalesce(trim(app_tracks.user_agent) != '', false) as is_seen
    from app_tracks
    left join aliases on aliases.id_type = 'anonymous_id' and app_tracks.anonymous_id = aliases.id
    left join persons on app_tracks.user_id = persons.user_id
    where app_tracks.is_session_event
),

ordered as (
    select
        *,
        lag(occurred_at) over person as previous_at,
        row_number() over person as event_number
    from events
    window person as (partition by alias_id order by occurred_at, event_id, message_type)
)

select
    alias_id, event_number, message_type, event_id, anonymous_id, page_url, page_referrer, page_search,
    utm_source, utm_medium, utm_campaign, utm_term, utm_content, is_identified, is_signup, is_blog, is_seen, occurred_at,
    sum(case when occurred_at <= previous_at + interval '20 minutes' then 0 else 1 end) over (
        partition by alias_id order by event_number rows unbounded preceding
    ) as session_number
from ordered;
{{ analyze('session_events') }}

-- stage: sessions
create table sessions as
select
    alias_id,
    session_number,
    {{ first('event_id', 'event_number') }} as session_id,
    {{ first('page_url', 'event_number') }} as landing_page_url,
    {{ last('page_url', 'event_number') }} as exit_page_url,
    min(case when is_blog then event_number end) as blog_number,
    {{ first('case when is_blog then page_url end', 'event_number') }} as blog_url,
    min(case when is_signup then event_number end) as signup_number,
    count(*) as event_count,
    count(case when message_type = 'pages' then 1 end) as page_count,
    count(distinct anonymous_id) as anonymous_id_count,
    bool_or(bool_or(is_identified)) over (partition by alias_id) as is_identified,
    min(occurred_at) as session_start,
    max(occurred_at) as session_end,
    min(case when is_signup then occurred_at end) as signup_timestamp,
    min(case when is_seen then occurred_at end) as seen_at
from session_events
group by alias_id, session_number;
{{ analyze('sessions') }}

-- stage: evidence
create table candidates as
with parts as{{ once }} (
    select
        alias_id, session_number, event_number, event_id, page_url, page_referrer, page_search,
        utm_source, utm_medium, utm_campaign, utm_term, utm_content, occurred_at,
        nullif(case when page_url like '%?%' then substr(split_part(page_url, '#', 1), strpos(page_url, '?') + 1) end, '') as query,
        case when page_url like '%#%=%' then split_part(page_url, '#', 2) end as fragment,
        case when page_referrer is not null then {{ host('page_referrer') }} end as referrer_host,
        case when page_referrer is not null then {{ host('page_url') }} end as page_host
    from session_events
    where
        page_referrer is not null or page_url like '%=%' or page_search like '%=%'
        or coalesce(utm_source, utm_medium, utm_campaign, utm_term, utm_content) is not null
),

with_parameters as{{ once }} (
    select
        alias_id, session_number, event_number, event_id, page_url, utm_source, utm_medium, utm_campaign, utm_term, utm_content,
        occurred_at,
        case when referrer_host != coalesce(page_host, '') and '.' || referrer_host not like '%.example.com' then referrer_host end as referrer_host,
        page_referrer,
        '&' || replace(translate(concat_ws('&', query, nullif(ltrim(page_search, '?'), query), fragment), '?', '&'), '&amp;', '&') as parameters
    from parts
),

from_urls as{{ once }} (
    select
        *,
        {%- for name in utm %}
        {{ parameter('utm_' ~ name) }} as url_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from with_parameters
),

decoded as{{ once }} (
    select
        *,
        {%- for name in utm %}
        {{ decoded('url_' ~ name) }} as decoded_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from from_urls
)

select
    alias_id, session_number, event_number, event_id, page_url, occurred_at, parameters,
    {%- for name in utm %}
    coalesce({{ value('utm_' ~ name) }}, {{ value('decoded_' ~ name) }}) as utm_{{ name }},
    {%- endfor %}
    case when referrer_host is not null then page_referrer end as referrer,
    referrer_host
from decoded;
{{ analyze('candidates') }}

create table hosts as
with seen as (
    select distinct referrer_host as host from candidates
    where referrer_host is not null
)

select distinct on (seen.host) seen.host, referrers.source, referrers.category
from seen
left join referrers on {{ is_host_of('seen.host', 'referrers.host_pattern') }}
order by seen.host, length(referrers.host_pattern) desc, referrers.host_pattern;

-- payment and login providers: from which people come back, some of them to certain pages only
create table returns as
select hosts.host, unnest(string_to_array(coalesce(excluded_referrers.returned_to, '/'), '|')) as returned_to
from hosts
inner join excluded_referrers on {{ is_host_of('hosts.host', 'excluded_referrers.domain') }};

create table clicks as
with pairs as (
    select event_id, unnest(string_to_array(parameters, '&')) as pair from candidates
    where parameters like '%=%'
),

named as (
    select
        pairs.event_id, click_ids.priority, click_ids.click_id_name, click_ids.source, click_ids.medium, click_ids.is_paid,
        substr(pairs.pair, strpos(pairs.pair, '=') + 1) as raw_click_id
    from pairs
    inner join click_ids on lower(split_part(pairs.pair, '=', 1)) = click_ids.click_id_name
    where pairs.pair like '%=%'
),

decoded as (
    select *, {{ decoded('raw_click_id') }} as decoded_click_id from named
),

valued as (
    select *, {{ value('decoded_click_id') }} as click_id from decoded
)

select distinct on (event_id) event_id, click_id_name, click_id, source as click_source, medium as click_medium, is_paid as is_paid_click
from valued
where click_id is not null
order by event_id, priority, click_id;
{{ analyze('clicks') }}

create table evidence as
with joined as (
    select
        candidates.*, clicks.click_id_name, clicks.click_id, clicks.click_source, clicks.click_medium,
        coalesce(clicks.is_paid_click, false) as is_paid_click,
        hosts.source as known_source, hosts.category as known_category,
        coalesce(utm_source, utm_medium) is not null as has_utm_pair,
        coalesce(utm_source, utm_medium, utm_campaign, utm_term, utm_content) is not null as has_campaign,
        candidates.referrer_host is not null and not exists (
            select 1 from returns
            where
                returns.host = candidates.referrer_host
                and case
                    when returned_to like '/%' then strpos(lower({{ path('candidates.page_url') }}) || '/', returned_to) > 0
                    else
                        strpos(lower(candidates.parameters), '&' || split_part(returned_to, '+', 1) || '=') > 0
                        and strpos(lower(candidates.parameters), '&' || coalesce(nullif(split_part(returned_to, '+', 2), ''), returned_to) || '=') > 0
                end
        ) as is_external,
        row_number() over (
            partition by candidates.alias_id, candidates.session_number, candidates.referrer_host order by candidates.event_number
        ) as event_of_host
    from candidates
    left join clicks on candidates.event_id = clicks.event_id
    left join hosts on candidates.referrer_host = hosts.host
    where
        candidates.referrer_host is not null or clicks.event_id is not null
        or coalesce(utm_source, utm_medium, utm_campaign, utm_term, utm_content) is not null
)

-- a referrer alone says something once in a session: pages that change without a new load keep it
select
    alias_id, session_number, event_number, event_id, page_url, occurred_at,
    utm_campaign, utm_term, utm_content, click_id_name, click_id, is_paid_click,
    case when is_external then referrer end as referrer,
    case when is_external then referrer_host end as referrer_host,
    case
        when has_utm_pair then utm_source
        when click_id_name is not null then click_source
        when is_external then coalesce(known_source, referrer_host)
        else '(direct)'
    end as source,
    case
        when has_utm_pair then utm_medium
        when click_id_name is not null then click_medium
        when is_external
            then case known_category
                when 'search' then 'organic' when 'social' then 'social' when 'email' then 'email' when 'video' then 'video'
                when 'ai_assistant' then 'ai-assistant' when 'display' then 'display' else 'referral'
            end
        else '(none)'
    end as medium,
    coalesce(lower(utm_source) = '(direct)' and lower(utm_medium) = '(none)' and click_id_name is null, false) as is_direct,
    lower(concat_ws(
        '|', coalesce(utm_source, ''), coalesce(utm_medium, ''), coalesce(utm_campaign, ''),
        coalesce(case when is_external then referrer_host end, ''), coalesce(click_id, '')
    )) as evidence
from joined
where has_campaign or click_id_name is not null or (is_external and event_of_host = 1);
{{ analyze('evidence') }}

-- stage: touches
create table channels as
with combinations as (
    select distinct
        lower(coalesce(source, '')) as source, lower(coalesce(medium, '')) as medium, lower(coalesce(utm_campaign, '')) as campaign
    from evidence
    union
    select '(direct)', '(none)', ''
),

source_names as (
    select distinct source from combinations
),

-- a source is a host (youtube.com) or a name (youtube)
categories as (
    select distinct on (source_names.source) source_names.source, referrers.category
    from source_names
    inner join referrers
        on source_names.source = referrers.source or {{ is_host_of('source_names.source', 'referrers.host_pattern') }}
    order by
        source_names.source,
        case when {{ is_host_of('source_names.source', 'referrers.host_pattern') }} then length(referrers.host_pattern) else 0 end desc,
        referrers.host_pattern
)

select distinct on (combinations.source, combinations.medium, combinations.campaign)
    combinations.source, combinations.medium, combinations.campaign, channel_rules.channel, channel_rules.is_paid
from combinations
left join categories on combinations.source = categories.source
inner join channel_rules
    on (channel_rules.source_pattern is null or {{ found('combinations.source', 'channel_rules.source_pattern') }})
    and (channel_rules.medium_pattern is null or {{ found('combinations.medium', 'channel_rules.medium_pattern') }})
    and (channel_rules.campaign_pattern is null or {{ found('combinations.campaign', 'channel_rules.campaign_pattern') }})
    and (
        channel_rules.source_category is null
        or categories.category = any(string_to_array(channel_rules.source_category, '|'))
    )
order by combinations.source, combinations.medium, combinations.campaign, channel_rules.rule_order;
{{ analyze('channels') }}

create table touches as
with in_sessions as (
    select
        evidence.*,
        sessions.session_id, sessions.landing_page_url, sessions.session_start,
        row_number() over session_order as evidence_number,
        lag(evidence.evidence) over session_order as evidence_before
    from evidence
    inner join sessions on evidence.alias_id = sessions.alias_id and evidence.session_number = sessions.session_number
    window session_order as (partition by evidence.alias_id, evidence.session_number order by evidence.event_number)
),

with_entry as (
    select *, evidence_number = 1 and occurred_at <= session_start + interval '30 seconds' as is_entry from in_sessions
),

arrivals as (
    select
        case when is_entry then session_id else event_id end as touch_id,
        session_id, alias_id, session_number, source, medium, utm_campaign as campaign, utm_term as term, utm_content as content,
        referrer, referrer_host, click_id_name, click_id,
        case when is_entry then landing_page_url else page_url end as landing_page_url,
        is_entry, is_direct, false as is_untracked, is_paid_click,
        case when is_entry then session_start else occurred_at end as touch_timestamp
    from with_entry
    where is_entry or evidence != evidence_before or (evidence_number = 1 and evidence != '||||')
),

all_arrivals as (
    select * from arrivals
    union all
    select
        session_id, session_id, alias_id, session_number,
        case when seen_at is null then '(untracked)' else '(direct)' end, '(none)', null, null, null,
        null, null, null, null, landing_page_url, true, seen_at is not null, seen_at is null, false, session_start
    from sessions
    where not exists (
        select 1 from arrivals
        where arrivals.is_entry and arrivals.alias_id = sessions.alias_id and arrivals.session_number = sessions.session_number
    )
)

select
    all_arrivals.touch_id, all_arrivals.session_id, all_arrivals.alias_id, all_arrivals.session_number, all_arrivals.source,
    all_arrivals.medium, all_arrivals.campaign, all_arrivals.term, all_arrivals.content, all_arrivals.referrer,
    all_arrivals.referrer_host, all_arrivals.click_id_name, all_arrivals.click_id, all_arrivals.landing_page_url,
    case when all_arrivals.is_untracked then 'Untracked' else coalesce(channels.channel, 'Unassigned') end as channel,
    row_number() over (
        partition by all_arrivals.alias_id order by all_arrivals.touch_timestamp, all_arrivals.touch_id
    ) as touch_number,
    all_arrivals.is_entry,
    all_arrivals.is_direct,
    all_arrivals.is_paid_click or coalesce(channels.is_paid and not all_arrivals.is_untracked, false) as is_paid,
    all_arrivals.is_untracked,
    all_arrivals.is_paid_click or coalesce(channels.is_paid and not all_arrivals.is_untracked, false) as is_attributed,
    all_arrivals.touch_timestamp
from all_arrivals
left join channels
    on lower(coalesce(all_arrivals.source, '')) = channels.source
    and lower(coalesce(all_arrivals.medium, '')) = channels.medium
    and lower(coalesce(all_arrivals.campaign, '')) = channels.campaign;
{{ analyze('touches') }}

-- stage: all_sessions
create table all_sessions as
select
    sessions.session_id,
    sessions.alias_id,
    sessions.landing_page_url,
    case when sessions.landing_page_url is not null then {{ path('sessions.landing_page_url') }} end as landing_page_path,
    sessions.exit_page_url,
    touches.source, touches.medium, touches.campaign, touches.term, touches.content, touches.referrer, touches.referrer_host,
    touches.click_id_name, touches.click_id, touches.channel,
    cast(sessions.session_number as bigint) as session_number,
    sessions.event_count,
    sessions.page_count,
    sessions.anonymous_id_count,
    {{ microseconds('sessions.session_start', 'sessions.session_end') }} / 1000000 as duration_seconds,
    sessions.is_identified,
    touches.is_direct, touches.is_paid, touches.is_untracked,
    sessions.signup_timestamp is not null as has_signup,
    sessions.session_number = 1 as is_first_session,
    coalesce(
        sessions.signup_timestamp = min(sessions.signup_timestamp) over (partition by sessions.alias_id), false
    ) as is_signup_session,
    sessions.session_start,
    sessions.session_end,
    sessions.signup_timestamp
from sessions
inner join touches on sessions.alias_id = touches.alias_id and sessions.session_number = touches.session_number and touches.is_entry;
{{ analyze('all_sessions') }}

-- stage: attribution
create table counted_touches as
with signups as (
    select alias_id, signup_timestamp from all_sessions
    where is_signup_session
)

select
    touches.*,
    signups.signup_timestamp,
    row_number() over (partition by touches.alias_id order by touches.touch_number) as place,
    row_number() over (partition by touches.alias_id order by touches.touch_number desc) as place_from_end,
    row_number() over (partition by touches.alias_id, touches.is_paid order by touches.touch_number) as paid_place,
    row_number() over (partition by touches.alias_id, touches.is_paid order by touches.touch_number desc) as paid_place_from_end
from touches
inner join signups on touches.alias_id = signups.alias_id and touches.touch_timestamp <= signups.signup_timestamp;
{{ analyze('counted_touches') }}

create table attribution as
{%- set choices = {
    'first_touch': 'place = 1', 'last_touch': 'place_from_end = 1',
    'first_attributed_touch': 'is_paid and paid_place = 1', 'last_attributed_touch': 'is_paid and paid_place_from_end = 1'
} %}
{%- set facts = ['session_id', 'source', 'campaign', 'medium', 'referrer', 'channel', 'landing_page_url', 'click_id'] %}
with signups as (
    select alias_id, session_id, session_number, signup_timestamp from all_sessions
    where is_signup_session
),

persons as (
    select
        alias_id,
        min(session_start) as first_session_start,
        {{ first('landing_page_url', 'session_number') }} as first_page_ever_visited,
        {{ first('blog_url', 'session_number') }} as blog_url,
        min(blog_number) as blog_number,
        min(signup_number) as signup_number,
        min(seen_at) as seen_at
    from sessions
    where alias_id in (select alias_id from signups)
    group by alias_id
)

select
    signups.alias_id,
    signups.session_id as signup_session_id,
    case when persons.blog_number <= persons.signup_number then persons.blog_url end as blog_url,
    persons.first_page_ever_visited,
    case when persons.seen_at <= signups.signup_timestamp then 'browser_before' else 'none' end as signup_evidence,
    signups.session_number - 1 as session_count_before_signup,
    {{ microseconds('persons.first_session_start', 'signups.signup_timestamp') }} / 86400000000 as days_to_signup,
    signups.session_number = 1 as signed_up_in_first_session,
    signups.signup_timestamp
    {%- for choice in choices %}
    {%- for fact in facts %},
    {{ choice }}.{{ fact }} as {{ choice }}_{{ fact }}
    {%- endfor %},
    {{ choice }}.touch_timestamp as {{ choice }}_timestamp
    {%- endfor %}
from signups
inner join persons on signups.alias_id = persons.alias_id
{%- for choice, condition in choices.items() %}
left join (select * from counted_touches where {{ condition }}) as {{ choice }} on signups.alias_id = {{ choice }}.alias_id
{%- endfor %};
{{ analyze('attribution') }}

create table useful_sessions as
select all_sessions.* from all_sessions
inner join attribution on all_sessions.alias_id = attribution.alias_id
where all_sessions.is_first_session or all_sessions.is_signup_session;

-- stage: path_credits
create table path_credits as
with models as (
    select unnest(array['first', 'last', 'last_non_direct', 'first_paid', 'last_paid', 'linear', 'position', 'time_decay', 'shapley']) as model
),

weighed as (
    select
        *,
        count(*) over (partition by alias_id) as touch_count,
        row_number() over (partition by alias_id order by is_direct or is_untracked, touch_number desc) as indirect_place_from_end,
        cast(1 as double precision) / count(*) over (partition by alias_id, channel) as share_in_channel,
        power(
            cast(0.5 as double precision), least({{ microseconds('touch_timestamp', 'signup_timestamp') }} / 86400000000 / 7, 1000)
        ) as decayed_weight
    from counted_touches
),

with_sums as (
    select
        *,
        sum(decayed_weight) over (partition by alias_id) as decayed_weights,
        round(sum(share_in_channel) over (partition by alias_id)) as channel_count
    from weighed
),

shared as (
    select
        with_sums.*,
        models.model,
        case models.model
            when 'first' then case when place = 1 then 1 end
            when 'last' then case when place_from_end = 1 then 1 end
            when 'last_non_direct' then case when indirect_place_from_end = 1 then 1 end
            when 'first_paid' then case when is_paid and paid_place = 1 then 1 end
            when 'last_paid' then case when is_paid and paid_place_from_end = 1 then 1 end
            when 'linear' then cast(1 as double precision) / touch_count
            when 'position'
                then case
                    when touch_count = 1 then 1
                    when touch_count = 2 then 0.5
                    when place = 1 or place_from_end = 1 then 0.4
                    else cast(0.2 as double precision) / (touch_count - 2)
                end
            when 'time_decay' then decayed_weight / decayed_weights
            when 'shapley' then share_in_channel / channel_count
        end as credit
    from with_sums
    cross join models
),

credited as (
    select
        alias_id, touch_id, session_id, model, channel, source, medium, campaign, touch_number, credit, touch_timestamp,
        signup_timestamp
    from shared
    where credit > 0
)

select * from credited
union all
select
    attribution.alias_id, '(unattributed)', null, models.model, '(unattributed)', '(unattributed)', '(unattributed)', null, 0, 1,
    null, attribution.signup_timestamp
from attribution
cross join models
where not exists (
    select 1 from credited
    where credited.alias_id = attribution.alias_id and credited.model = models.model
);
{{ analyze('path_credits') }}
