-- The periods of a device's owners follow each other without gap or overlap, from the beginning of time to its end: so
-- every anonymous visit has exactly one owner.
with device_owners as (
    select * from {{ ref('device_owners') }}
),

ordered as (
    select
        *,
        lag(owns_until) over device as previous_owns_until,
        row_number() over device as place,
        count(*) over (partition by anonymous_id) as period_count
    from device_owners
    window device as (partition by anonymous_id order by owns_after nulls first)
)

select * from ordered
where
    (place = 1 and owns_after is not null)
    or (place > 1 and owns_after is distinct from previous_owns_until)
    or (place = period_count) != (owns_until is null)
    or owns_until <= owns_after
