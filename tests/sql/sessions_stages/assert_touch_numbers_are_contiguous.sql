-- The touches of a person are numbered 1, 2, 3 without a gap, in the order of time.
with touches as (
    select * from {{ ref('touches') }}
),

ordered as (
    select
        alias_id,
        touch_number,
        touch_timestamp,
        row_number() over person as place,
        lag(touch_timestamp) over person as previous_timestamp
    from touches
    window person as (partition by alias_id order by touch_number)
)

select * from ordered
where touch_number != place or touch_timestamp < previous_timestamp
