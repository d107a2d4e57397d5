{#-
    What an interval of activity carries, whether it is a clock bucket or a device session: one list, and how two intervals
    become one. Every rule is associative and commutative, so the order in which messages arrive does not matter.
-#}
{% macro interval_attributes(prefix='') -%}
    {%- for column in [
        'first_event_id', 'landing_event_id', 'landing_page_url', 'exit_event_id', 'exit_page_url', 'blog_event_id',
        'blog_url', 'event_count', 'page_count', 'first_at', 'last_at', 'landing_at', 'exit_at', 'blog_at', 'signup_at'
    ] -%}
        {{ prefix }}{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro merged_attributes(prefix='') -%}
        {{ first_by(prefix ~ 'first_event_id', prefix ~ 'first_at', prefix ~ 'first_event_id') }} as first_event_id,
        {{ first_id_by(prefix ~ 'landing_page_url', prefix ~ 'landing_at', prefix ~ 'landing_event_id') }} as landing_event_id,
        {{ first_by(prefix ~ 'landing_page_url', prefix ~ 'landing_at', prefix ~ 'landing_event_id') }} as landing_page_url,
        {{ last_id_by(prefix ~ 'exit_page_url', prefix ~ 'exit_at', prefix ~ 'exit_event_id') }} as exit_event_id,
        {{ last_by(prefix ~ 'exit_page_url', prefix ~ 'exit_at', prefix ~ 'exit_event_id') }} as exit_page_url,
        {{ first_id_by(prefix ~ 'blog_url', prefix ~ 'blog_at', prefix ~ 'blog_event_id') }} as blog_event_id,
        {{ first_by(prefix ~ 'blog_url', prefix ~ 'blog_at', prefix ~ 'blog_event_id') }} as blog_url,
        cast(sum({{ prefix }}event_count) as bigint) as event_count,
        cast(sum({{ prefix }}page_count) as bigint) as page_count,
        min({{ prefix }}first_at) as first_at,
        max({{ prefix }}last_at) as last_at,
        min({{ prefix }}landing_at) as landing_at,
        max({{ prefix }}exit_at) as exit_at,
        min({{ prefix }}blog_at) as blog_at,
        min({{ prefix }}signup_at) as signup_at
{%- endmacro %}
