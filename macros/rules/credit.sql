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
    case
        when {{ touch_count }} = 1 then 1
        when {{ place }} = 1 and {{ touch_count }} = 2 then cast({{ first / ends if ends else 0.5 }} as double precision)
        when {{ touch_count }} = 2 then cast({{ last / ends if ends else 0.5 }} as double precision)
        when {{ place }} = 1 then cast({{ first }} as double precision)
        when {{ place_from_end }} = 1 then cast({{ last }} as double precision)
        else cast({{ (1 - ends) | round(12) }} as double precision) / ({{ touch_count }} - 2)
    end
{%- endmacro %}

{#-
    Weight that halves with each half-life between touch and sign-up. After 1000 of them it stays: PostgreSQL stops where a
    number becomes too small.
-#}
{% macro decayed(touch_timestamp, signup_timestamp) -%}
    power(
        cast(0.5 as double precision),
        least(
            {{ days_between(touch_timestamp, signup_timestamp) }}
            / cast({{ var('time_decay_half_life_days') }} as double precision), 1000
        )
    )
{%- endmacro %}
