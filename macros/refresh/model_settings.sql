{#-
    Settings that shape the rows of one model only, named in its config meta (`settings`): the refresh after a change builds
    that model from scratch. refresh.settings keeps their values under '<model>.<variable>'.
-#}

{#- Value of a setting as it is kept: numbers that are equal are written alike. -#}
{% macro written_setting(name) -%}
    {{ return(tojson(var(name) | float if var(name) is number else var(name))) }}
{%- endmacro %}

{#- True when this model's stored rows were made with other values of its own settings. Asked once: a rebuild records the new ones. -#}
{% macro has_other_settings() %}
    {%- set names = (config.get('meta') or {}).get('settings', []) -%}
    {%- set answer = remembered('other settings of ' ~ model.unique_id) -%}
    {%- if names and 'changed' not in answer -%}
        {%- set changed = [] -%}
        {%- set query = 'select name, value from ' ~ state_table('settings') ~ " where name like '" ~ model.name ~ ".%'" -%}
        {%- for row in state_rows('settings', query) -%}
            {%- set name = row[0].split('.')[1] -%}
            {%- if name in names and row[1] != written_setting(name) -%}
                {%- do changed.append(name) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do answer.update({'changed': changed}) -%}
    {%- endif -%}
    {{ return(answer.get('changed', []) | length > 0) }}
{% endmacro %}

{#- SQL that keeps the values a model built from scratch was made with. -#}
{% macro record_model_settings() %}
    {%- if execute and not is_incremental() -%}
        delete from {{ state_table('settings') }} where name like '{{ model.name }}.%';
        {%- for name in config.get('meta').settings %}
        insert into {{ state_table('settings') }} values ('{{ model.name }}.{{ name }}', {{ quoted(written_setting(name)) }});
        {%- endfor %}
    {%- endif -%}
{% endmacro %}
