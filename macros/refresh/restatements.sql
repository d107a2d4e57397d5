{#-
    The log of what refreshes changed in conversions that had been published before, and how many conversions each channel had after
    each batch. Both are part of the transaction that publishes, and compare what is published with the rows of the batch. A table of
    `sessions` takes part if its meta names its conversions (`conversion`); its key identifies them.
-#}

{#- SQL, before the rows of a published table are replaced. after: the newest batch that it has applied, 0 when all rows are replaced. -#}
{% macro log_restatements(node, relation, rows, columns, after) %}
    {%- set key, names = node.config.unique_key, quoted_names(columns) %}
    {%- set published -%}
        select stored.{{ columns | map(attribute='quoted') | join(', stored.') }} from {{ relation }} as stored
        {%- if after %} inner join {{ changed_persons(after) }} on stored.alias_id = changed_persons.alias_id {%- endif %}
    {%- endset %}
    {%- set changed -%}
        select {{ names }}, sum(change) as change
        from (
            select *, -1 as change from ({{ published }}) as published
            union all
            select {{ names }}, 1 as change from {{ rows }}
        ) as compared
        group by {{ names }}
        having sum(change) != 0
    {%- endset %}
    {{ set_aside('changed_conversions', changed) }}
    {#- a table older than the log: what it holds is what the batch before brought -#}
    {%- if not state_rows('channel_changes', 'select 1 from ' ~ state_table('channel_changes') ~ ' limit 1') %}
    {{ log_channel_changes(node, 'select *, 1 as change from ' ~ relation, [current_batch_id() - 1, 1] | max) }}
    {%- endif %}
    {{ log_channel_changes(node, 'select * from changed_conversions', current_batch_id()) }}
    insert into {{ state_table('restatements') }} ({{ state_tables().restatements.keys() | join(', ') }})
    with conversions_before as (
        select * from changed_conversions
        where change < 0
    ),

    conversions_now as (
        select * from changed_conversions
        where change > 0
    ),

    {#- the first appearance of a conversion is not a restatement #}
    published_before as (
        select {{ key }} as conversion_id from conversions_before
        union
        select {{ as_id_text('conversion_id') }} from {{ state_table('restatements') }}
        where conversion_name = '{{ node.config.meta.conversion }}' and fact = 'exists'
            and {{ as_id_text('conversion_id') }} in (select {{ key }} from conversions_now)
    ),

    restated_now as (
        select * from conversions_now
        where {{ key }} in (select conversion_id from published_before)
    ),

    facts_before as ({{ facts_of('conversions_before', key, columns) }}),

    facts_now as ({{ facts_of('restated_now', key, columns) }}),

    restated as (
        select
            coalesce(facts_now.conversion_id, facts_before.conversion_id) as conversion_id,
            coalesce(facts_now.alias_id, facts_before.alias_id) as alias_id,
            coalesce(facts_now.fact, facts_before.fact) as fact,
            facts_before.value as old_value,
            facts_now.value as new_value,
            greatest(facts_before.converted_at, facts_now.converted_at) as converted_at
        from facts_now
        full join facts_before on facts_now.conversion_id = facts_before.conversion_id and facts_now.fact = facts_before.fact
        where facts_before.value is distinct from facts_now.value
    ),

    causes as ({{ causes_of_change(after) }}),

    caused as (
        select
            restated.*, causes.cause, causes.cause_detail,
            row_number() over (
                partition by restated.conversion_id, restated.fact order by causes.priority, causes.cause_detail
            ) as choice
        from restated
        {%- if after %}
        -- what came after the conversion does not change it, and rules concern touches only
        left join causes
            on restated.alias_id = causes.alias_id
            and restated.converted_at >= causes.changed_since
            and (causes.cause not in ('rule', 'setting') or strpos(restated.fact, '_touch_') > 0)
        {%- else %}
        cross join causes
        {%- endif %}
    )

    select
        {{ current_batch_id() }}, {{ utc_now() }}, alias_id, '{{ node.config.meta.conversion }}', conversion_id, fact,
        case when fact = 'exists' then coalesce(old_value, 'false') else old_value end,
        case when fact = 'exists' then coalesce(new_value, 'false') else new_value end,
        coalesce(cause, 'other'), cause_detail
    from caused
    where choice = 1 and {{ is_not_logged(state_table('restatements'), current_batch_id()) }};
    {{ drop_aside('changed_conversions') }}
{% endmacro %}

{#- Query: conversions as one row for each fact that has a value, as a text, and one that they exist. -#}
{% macro facts_of(rows, key, columns) -%}
    select conversions.{{ key }} as conversion_id, conversions.alias_id, conversions.signup_timestamp as converted_at, facts.fact, facts.value
    from {{ rows }} as conversions
    {%- set facts = {} -%}
    {%- for column in columns if column.name != key -%}
        {%- do facts.update({quoted(column.name): fact_text('conversions.' ~ column.quoted, column)}) -%}
    {%- endfor %}
    {{ each_as_row(dict(facts, **{quoted('exists'): as_id_text("'true'")}), 'facts', 'fact, value') }}
    where facts.value is not null
{%- endmacro %}

{#- A value as a text that is the same on every engine. -#}
{% macro fact_text(value, column) -%}
    {%- set text = 'cast(' ~ value ~ ' as text)' -%}
    {{ as_id_text("regexp_replace(" ~ text ~ ", '[.]0$', '')" if column.dtype | lower in ['double', 'double precision'] else text) }}
{%- endmacro %}

{#-
    Query on why persons change: cause, cause_detail, priority (of several causes the first counts) and, unless all rows are replaced,
    alias_id and changed_since. after: as in log_restatements.
-#}
{% macro causes_of_change(after) -%}
    {%- if after -%}
        select
            alias_id, cause, cause_detail, changed_since,
            case cause
                {%- for cause in ['erasure', 'link_or_override', 'new_identity', 'rule', 'setting', 'late_message'] %}
                when '{{ cause }}' then {{ loop.index }}
                {%- endfor %}
                else 9
            end as priority
        from {{ ref('person_changes') }}
        where batch_id > {{ after }}
    {%- else -%}
        {%- set cause, detail = cause_of_rebuild() -%}
        select '{{ cause }}' as cause, {{ quoted(detail) }} as cause_detail, 1 as priority
    {%- endif -%}
{%- endmacro %}

{#- Why tables built from scratch differ from the earlier ones, as [cause, detail]: what is set differently from when those were published. -#}
{% macro cause_of_rebuild() %}
    {%- set settings, rules, now = [], [], settings_of_conversions() -%}
    {%- for row in state_rows('definitions', 'select definition from ' ~ state_table('definitions') ~ " where name = 'settings of conversions'") -%}
        {%- for name, value in fromjson(row[0]).items() if name in now and now[name] != value -%}
            {%- if name == 'version' -%}
                {{ return(['other', 'another version of the project']) }}
            {%- elif name.startswith('seeds/') -%}
                {%- do rules.append(name) -%}
            {%- else -%}
                {%- do settings.append(name ~ ': ' ~ value ~ ', now ' ~ now[name]) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(['setting' if settings else 'rule' if rules else 'other', (settings + rules) | join('; ') or 'built from scratch']) }}
{% endmacro %}

{#- What conversions depend on besides the messages: names of settings and seeds -> value or checksum. -#}
{% macro settings_of_conversions() %}
    {%- set settings = dict(stored_settings(), attributed_channels=tojson(var('attributed_channels') | map('string') | sort)) -%}
    {%- for name in ['channel_rules', 'click_ids', 'excluded_referrers', 'invalid_ids', 'referrers'] -%}
        {%- do settings.update({'seeds/' ~ name ~ '.csv': graph.nodes['seed.signup_attribution.' ~ name].checksum.checksum}) -%}
    {%- endfor -%}
    {{ return(settings) }}
{% endmacro %}

{#-
    SQL that adds to refresh.channel_changes which conversions a batch adds and removes, by time and channels. changes: query on
    conversions, with a column `change`: 1 for one that is added, -1 for one that is removed.
-#}
{% macro log_channel_changes(node, changes, batch_id) %}
    insert into {{ state_table('channel_changes') }} ({{ state_tables().channel_changes.keys() | join(', ') }})
    select
        {{ batch_id }}, {{ utc_now() }}, '{{ node.config.meta.conversion }}', signup_timestamp,
        first_touch_channel, last_touch_channel, sum(change)
    from ({{ changes }}) as changes
    where {{ is_not_logged(state_table('channel_changes'), batch_id) }}
    group by signup_timestamp, first_touch_channel, last_touch_channel
    having sum(change) != 0;
{% endmacro %}
