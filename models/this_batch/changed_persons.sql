-- Whose sessions, touches and attribution the batch changes, and from when on (changed_since): what a person did before
-- stays as it is. A build from scratch lists nobody: all that reads this is built from scratch after it.
-- depends_on: {{ ref('person_changes') }}
{% set visits_as_stored = stored_relation('session_visits') -%}
{% if not is_incremental() or visits_as_stored is none -%}
select
    {{ as_id_text('null') }} as alias_id,
    {{ current_batch_id() }} as batch_id,
    cast(null as timestamp) as changed_since
where false
{%- else -%}
with first_changes as (
    select alias_id, min(changed_since) as changed_since from {{ ref('person_changes') }}
    where batch_id > {{ applied_batch_id() }}
    group by alias_id
),

-- what changed within the gap after a stored session may become part of it: that session changes from its start
changed_persons as (
    select
        first_changes.alias_id,
        {{ current_batch_id() }} as batch_id,
        least(min(first_changes.changed_since), min(stored.session_start)) as changed_since
    from first_changes
    left join {{ visits_as_stored }} as stored
        on first_changes.alias_id = stored.alias_id
        and stored.visit_end >= first_changes.changed_since - {{ session_gap() }}
    group by first_changes.alias_id
)

select * from changed_persons
union all
{{ persons_of_the_batch_before() }}
{%- endif %}
