{#-
    Fails unless one of tracks, pages and screens has a message that was loaded in the last hours:
        dbt run-operation fresh_sources --args '{hours: 6}'
    For a scheduler that waits for the nightly load before it refreshes. Before the first refresh it always succeeds.
-#}
{% macro fresh_sources(hours=24) %}
    {%- if hours is not number or hours is boolean or hours <= 0 -%}
        {%- do stop('hours must be a number above 0, not ' ~ tojson(hours) ~ ': correct it.') -%}
    {%- endif -%}
    {%- do stop_if_any(source_problems()) -%}
    {%- set since = modules.datetime.datetime.now(modules.pytz.utc) - modules.datetime.timedelta(hours=hours) -%}
    {%- set fresh = [] -%}
    {%- if stored_relation('app_tracks') is none -%}
        {%- do fresh.append('everything, before the first refresh') -%}
    {%- endif -%}
    {%- for collection in ['tracks', 'pages', 'screens'] if not fresh -%}
        {%- for place in present_places(collection) if not fresh -%}
            {%- set query = loaded_since(collection, place, since.strftime('%Y-%m-%d %H:%M:%S')) -%}
            {%- if query and run_query(query).rows | length > 0 -%}
                {%- do fresh.append(collection) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if not fresh -%}
        {%- do stop('No message was loaded in the last ' ~ hours ~ ' hours: look at what loads them, or allow more.') -%}
    {%- endif -%}
    {%- do log('fresh: ' ~ fresh[0], info=true) -%}
{% endmacro %}

{#- Query that returns a row if the place has a message loaded since a UTC time (a text); none without load times. -#}
{% macro loaded_since(collection, place, time) %}
    {%- set columns = load_columns(by_name(place_columns(place))) -%}
    {%- if not columns -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(
        'select 1 from ' ~ place_relation(place) ~ ' where ' ~ is_not_before(columns[0], time)
        ~ ' and ' ~ load_time(columns) ~ " > timestamp '" ~ time ~ "' limit 1"
    ) }}
{% endmacro %}
