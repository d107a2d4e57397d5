{{ config(unique_key=['alias_id', 'touch_number'], meta={'since': 'signup_timestamp'},
    indexes=lookup_indexes([['alias_id']])) }}

-- Changes after a sign-up do not affect what led to it: earlier touches stay.
-- depends_on: {{ ref('changed_persons') }}
with batch_sessions as (
    {{ new_rows_of('batch_sessions') }}
),

signups as (
    select alias_id, signup_timestamp from batch_sessions
    where is_signup_session
),

touches as (
    select * from {{ ref('touches') }}
),

counted as (
    select touches.*, signups.signup_timestamp
    from touches
    inner join signups on touches.alias_id = signups.alias_id
    where {{ counts_for_signup('touches.touch_timestamp', 'signups.signup_timestamp') }}
),

counted_touches as (
    select
        touch_id,
        session_id,
        alias_id,
        source,
        medium,
        campaign,
        term,
        content,
        referrer,
        click_id,
        landing_page_url,
        channel,
        touch_number,
        row_number() over (partition by alias_id order by touch_number) as place,
        row_number() over (partition by alias_id order by touch_number desc) as place_from_end,
        row_number() over (partition by alias_id, is_attributed order by touch_number) as attributed_place,
        row_number() over (
            partition by alias_id, is_attributed order by touch_number desc
        ) as attributed_place_from_end,
        count(*) over (partition by alias_id) as touch_count,
        is_direct,
        is_untracked,
        is_attributed,
        touch_timestamp,
        signup_timestamp
    from counted
)

select * from counted_touches
