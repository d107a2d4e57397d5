{#- How the credit for a sign-up is shared among the touches that count for it. -#}

{#- The models of credit that a sign-up's own touches decide. -#}
{% macro path_models() %}
    {{ return(['first', 'last', 'last_non_direct', 'first_paid', 'last_paid', 'linear', 'position', 'time_decay', 'shapley']) }}
{% endmacro %}

{#- All models of credit; markov is fitted on the paths of all persons. -#}
{% macro credit_models() %}
    {{ return(path_models() + ['markov']) }}
{% endmacro %}

{#- Stands for the touch, and for its channel, source and medium, where none gets the credit. -#}
{% macro unattributed_name() %}
    {{- return('(unattributed)') -}}
{% endmacro %}

{#- Share of a touch by its place: the ends get their shares, those between share the rest; two touches are both ends. -#}
{% macro position_weight(place, place_from_end, touch_count) -%}
    {%- set first, last = var('position_first_share') | float, var('position_last_share') | float -%}
    {%- set ends = first + last -%}
    cast(
        case
            when {{ touch_count }} = 1 then 1
            when {{ place }} = 1 and {{ touch_count }} = 2 then {{ first / ends if ends else 0.5 }}
            when {{ touch_count }} = 2 then {{ last / ends if ends else 0.5 }}
            when {{ place }} = 1 then {{ first }}
            when {{ place_from_end }} = 1 then {{ last }}
            else {{ (1 - ends) | round(12) }} / ({{ touch_count }} - 2)
        end as double precision
    )
{%- endmacro %}

{#-
    Weight that halves with each half-life between touch and sign-up. After 1000 of them it stays: PostgreSQL stops where a
    number becomes too small.
-#}
{% macro decayed(touch_timestamp, signup_timestamp) -%}
    power(
        cast(0.5 as double precision),
        least(
            {{ seconds_between(touch_timestamp, signup_timestamp) }} / {{ var('time_decay_half_life_days') | float * 86400 }}, 1000
        )
    )
{%- endmacro %}
