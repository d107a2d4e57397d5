-- Rows of the optional sources whose amount, time or user is missing or cannot be read, and which the marts leave out.
-- depends_on: {{ ref('ad_costs') }} {{ ref('person_revenue') }} {{ ref('reported_vs_attributed') }}
{% for name, required in business_sources().items() -%}
select '{{ name }}' as source_name, count(*) as row_count
from ({{ business_rows(name) }}) as source_rows
where {% for column in required %}{{ adapter.quote(column) }} is null{{ ' or ' if not loop.last }}{% endfor %}
having count(*) > 0
{{ 'union all' if not loop.last }}
{% endfor %}
