{#-
    The alias_id of a user. A user is a person of their own: this is the one place where links between users (messages of
    the collection `aliases`) would choose the alias of the whole group.
-#}
{% macro person_of_user(user_id) -%}
    {{ user_id }}
{%- endmacro %}
