{#- What attribution shows of each chosen touch: name of the column there -> column of touches. -#}
{% macro touch_facts() %}
    {{ return({
        'session_id': 'session_id', 'source': 'source', 'campaign': 'campaign', 'medium': 'medium',
        'referrer': 'referrer', 'channel': 'channel', 'landing_page_url': 'landing_page_url', 'click_id': 'click_id',
        'timestamp': 'touch_timestamp'
    }) }}
{% endmacro %}
