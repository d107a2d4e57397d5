{#- How the credit for a sign-up is shared among the touches that count for it. -#}

{#- The credit models that depend only on a sign-up's own touches. -#}
{% macro path_models() %}
    {{ return(['first', 'last', 'last_non_direct', 'first_paid', 'last_paid', 'linear', 'position', 'time_decay', 'shapley']) }}
{% endmacro %}

{#- All credit models; markov is fitted on the paths of all persons. -#}
{% macro credit_models() %}
    {{ return(path_models() + ['markov']) }}
{% endmacro %}

{#- Stands for the touch, and for its channel, source and medium, if no touch gets credit. -#}
{% macro unattributed_name() %}
    {{- return('(unattributed)') -}}
{% endmacro %}

{#- Share of a touch by its position: the ends get their shares, the others share the rest; of two touches, both are ends. -#}
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
    Weight that halves with each half-life between touch and sign-up. It stops at 100 half-lives: beyond them, money divided by the
    credit of such a touch alone would be out of range.
-#}
{% macro decayed(touch_timestamp, signup_timestamp) -%}
    power(
        cast(0.5 as double precision),
        least(
            {{ days_between(touch_timestamp, signup_timestamp) }}
            / cast({{ var('time_decay_half_life_days') }} as double precision), 100
        )
    )
{%- endmacro %}
