{{ config(materialized='ephemeral') }}

select id_a as id, id_b as other_id from {{ ref('applied_overrides') }}
where action = 'never_link'
union all
select id_b as id, id_a as other_id from {{ ref('applied_overrides') }}
where action = 'never_link'
