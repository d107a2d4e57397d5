{#-
    The attributes of an interval of activity, be it a clock bucket or a device session, and how two intervals are merged. Every
    rule is associative and commutative, so the order in which messages arrive does not matter.
-#}
{% macro interval_attributes(prefix='') -%}
    {%- for column in [
        'first_event', 'landing_page', 'exit_page', 'blog_page', 'signup_event', 'event_count', 'page_count', 'first_at', 'last_at', 'seen_at'
    ] -%}
        {{ prefix }}{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro merged_attributes() -%}
        min(first_event) as first_event,
        min(landing_page) as landing_page,
        max(exit_page) as exit_page,
        min(blog_page) as blog_page,
        min(signup_event) as signup_event,
        cast(sum(event_count) as bigint) as event_count,
        cast(sum(page_count) as bigint) as page_count,
        min(first_at) as first_at,
        max(last_at) as last_at,
        min(seen_at) as seen_at
{%- endmacro %}
