with stg_identity_overrides as (
    {{ identity_overrides() }}
)

select * from stg_identity_overrides
