{#-
    Condition that scripts/erase.py did not erase a message, or an override; of the erased ones only salted hashes are kept.
    key: what identifies it; by default a message's collection and id, or all that it says if it has no id.
-#}
{% macro is_not_erased(key=none) -%}
    {%- set kept = run_cache('erasures') -%}
    {%- if execute and 'salt' not in kept -%}
        {%- set salts = state_rows('erased_messages', 'select salt from ' ~ state_table('erased_messages') ~ ' limit 1') -%}
        {%- do kept.update({'salt': salts[0][0] if salts else none}) -%}
    {%- endif -%}
    {%- if not kept.get('salt') -%}
    true
    {%- else -%}
    not exists (
        select 1 from {{ state_table('erased_messages') }} where message_hash = {{ hash_of(quoted(kept.salt) ~ ' || ' ~ (key or message_key(content_hash()))) }}
    )
    {%- endif -%}
{%- endmacro %}

{#- What identifies a message among the erased ones: its collection and id, or all that it says. scripts/erasing reads this, too. -#}
{% macro message_key(content_hash) -%}
    case when event_id is null then 'content ' || {{ content_hash }} else message_type || ' ' || event_id end
{%- endmacro %}

{#- What identifies a row of identity_overrides. An id has no tab in it. -#}
{% macro override_key() -%}
    'override ' || id_a || chr(9) || id_b || chr(9) || action
{%- endmacro %}

{#- SHA-256 of a text, in hexadecimal. -#}
{% macro hash_of(text) -%}
    {{ adapter.dispatch('hash_of', 'signup_attribution')(text) }}
{%- endmacro %}

{% macro default__hash_of(text) -%}
    sha256({{ text }})
{%- endmacro %}

{% macro postgres__hash_of(text) -%}
    encode(sha256(convert_to({{ text }}, 'UTF8')), 'hex')
{%- endmacro %}
