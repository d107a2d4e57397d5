-- No touch after the sign-up counts, first is not after last, and an attributed touch lies between them.
with attribution as (
    select * from {{ ref('attribution') }}
)

select * from attribution
where
    last_touch_timestamp > signup_timestamp
    or first_touch_timestamp > last_touch_timestamp
    or first_attributed_touch_timestamp > last_attributed_touch_timestamp
    or first_attributed_touch_timestamp < first_touch_timestamp
    or last_attributed_touch_timestamp > last_touch_timestamp
    or (first_touch_timestamp is null) != (last_touch_timestamp is null)
    or (first_attributed_touch_timestamp is null) != (last_attributed_touch_timestamp is null)
    or (first_touch_timestamp is null and first_attributed_touch_timestamp is not null)
