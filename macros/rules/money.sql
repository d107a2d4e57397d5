{#- How money is read and matched with sign-ups. -#}

{#- Part of a campaign's name (source, medium, campaign) as spend and touches are matched by it: case and blanks do not count. -#}
{% macro campaign_key(column) -%}
    coalesce(nullif({{ lower_case('trim(' ~ column ~ ')') }}, ''), '(none)')
{%- endmacro %}

{#- Currency of an amount; one that names none is in reporting_currency. -#}
{% macro currency_of(column) -%}
    coalesce(nullif(upper(trim({{ column }})), ''), {{ quoted(var('reporting_currency') | upper if var('reporting_currency') else '(none)') }})
{%- endmacro %}

{#- Stands for the channel of spend that matches no touch, and of revenue from users without a sign-up. -#}
{% macro unmatched_spend_name() %}
    {{- return('(unmatched spend)') -}}
{% endmacro %}

{% macro no_signup_name() %}
    {{- return('(no sign-up)') -}}
{% endmacro %}

{#- Array literal of the periods that the marts have rows for. -#}
{% macro period_types() -%}
    array['week', 'month']
{%- endmacro %}

{#- Array literal of texts. -#}
{% macro text_array(values) -%}
    array[{% for value in values %}{{ quoted(value) }}{{ ', ' if not loop.last }}{% endfor %}]
{%- endmacro %}

{#- The currency of rows that hold sign-ups: reporting_currency, else the one given, which is null without any money. -#}
{% macro main_currency(most_frequent) -%}
    {%- if var('reporting_currency') -%}
        {{ quoted(var('reporting_currency') | upper) }}
    {%- else -%}
        coalesce({{ most_frequent }}, '(none)')
    {%- endif -%}
{%- endmacro %}
