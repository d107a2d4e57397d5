{#- Condition that a touch counts for a sign-up: not after it, and not longer before it than attribution_lookback_days. -#}
{% macro counts_for_signup(touch_timestamp, signup_timestamp) -%}
    {{ touch_timestamp }} <= {{ signup_timestamp }}
    {%- if var('attribution_lookback_days') is not none %}
        and {{ touch_timestamp }} >= {{ signup_timestamp }} - {{ attribution_lookback() }}
    {%- endif -%}
{%- endmacro %}

{#-
    Query: of each sign-up of a CTE (alias_id, signup_timestamp) the touches that count for it, with their places among them from
    both ends; the attributed_ ones are places among touches of the same is_attributed. It reads the CTE touches.
-#}
{% macro counted_touches(signups) -%}
    select
        touches.*,
        {{ signups }}.signup_timestamp,
        row_number() over (partition by touches.alias_id order by touches.touch_number) as place,
        row_number() over (partition by touches.alias_id order by touches.touch_number desc) as place_from_end,
        row_number() over (partition by touches.alias_id, touches.is_attributed order by touches.touch_number) as attributed_place,
        row_number() over (
            partition by touches.alias_id, touches.is_attributed order by touches.touch_number desc
        ) as attributed_place_from_end,
        count(*) over (partition by touches.alias_id) as touch_count
    from touches
    inner join {{ signups }} on touches.alias_id = {{ signups }}.alias_id
    where {{ counts_for_signup('touches.touch_timestamp', signups ~ '.signup_timestamp') }}
{%- endmacro %}
