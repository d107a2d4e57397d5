{#- Condition that a touch counts for a sign-up: not after it, and not longer before it than attribution_lookback_days. -#}
{% macro counts_for_signup(touch_timestamp, signup_timestamp) -%}
    {{ touch_timestamp }} <= {{ signup_timestamp }}
    {%- if var('attribution_lookback_days') is not none %}
        and {{ touch_timestamp }} >= {{ signup_timestamp }} - {{ attribution_lookback() }}
    {%- endif -%}
{%- endmacro %}
