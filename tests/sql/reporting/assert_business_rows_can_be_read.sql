-- Rows of the optional sources whose amount, time, billing interval or user is missing or cannot be read, and which the marts leave
-- out or know no person of.
-- depends_on: {{ ref('ad_costs') }} {{ ref('person_revenue') }} {{ ref('reported_vs_attributed') }}
{% for name, required in business_sources().items() -%}
select '{{ name }}' as source_name, count(*) as row_count
from ({{ business_rows(name) }}) as source_rows
where false
{%- for column, kind in business_columns(name).items() if column in required or kind == 'interval' %}
    or {{ valid_id(column) if column == 'user_id' else adapter.quote(column) }} is null
{%- endfor %}
having count(*) > 0
{{ 'union all' if not loop.last }}
{% endfor %}
