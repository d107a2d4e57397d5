{#-
    Spark takes one statement at a time, and silently misreads some of what the other engines have in common: "x" is a text, '' in a
    text is nothing, and a backslash is an escape. So each statement is split into texts, names, comments and code, and put together
    as Spark reads it. What Spark names differently is replaced in the code; what it does differently is dispatched.
-#}
{% macro spark__statements_of(script) -%}
    {%- set statements, parts = [], [] -%}
    {%- for part in modules.re.findall("'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|;|[^'\"`;-]+|-", script ~ ';') -%}
        {%- if part == ';' -%}
            {%- set statement = parts | join | trim -%}
            {%- do statements.append(statement) if statement -%}
            {%- do parts.clear() -%}
        {%- elif part[0] == "'" -%}
            {%- do parts.append("'" ~ part[1:-1].replace("''", "'").replace('\\', '\\\\').replace("'", "\\'") ~ "'") -%}
        {%- elif part[0] == '"' -%}
            {%- do parts.append('`' ~ part[1:-1].replace('""', '"').replace('`', '``') ~ '`') -%}
        {%- elif part[:2] != '--' -%}
            {%- do parts.append(part if part[0] == '`' else spark_code(part)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(statements) }}
{%- endmacro %}

{#- Code, without texts and names, in Spark's words. (So no column may have the name `text`.) -#}
{% macro spark_code(code) -%}
    {%- set words = {
        'text': 'string', 'double precision': 'double', 'timestamp without time zone': 'timestamp_ntz', 'timestamp with time zone': 'timestamp_ltz',
        'as (not )?materialized(?= *[(])': 'as', 'strpos(?=[(])': 'instr', 'unnest(?=[(])': 'explode',
        'array_to_string(?=[(])': 'array_join'
    } -%}
    {%- set written = namespace(code=code) -%}
    {%- for word, other in words.items() -%}
        {%- set written.code = modules.re.sub('\\b' ~ word ~ ('' if word.endswith(')') else '\\b'), other, written.code) -%}
    {%- endfor -%}
    {{ return(written.code) }}
{%- endmacro %}
