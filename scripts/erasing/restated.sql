-- The logs of restatements, before anything is deleted: the person's sign-ups are subtracted from the totals of channels, each by a row
-- that names nobody.

insert into {refresh}.channel_changes (
    batch_id, changed_at, conversion_name, converted_at, first_touch_channel, last_touch_channel, change
)
select
    (select max(batch_id) from {refresh}.batches), cast(current_timestamp at time zone 'UTC' as timestamp), 'signup',
    signup_timestamp, first_touch_channel, last_touch_channel, -count(*)
from {sessions}.attribution
where alias_id in (select alias_id from erased_persons)
group by signup_timestamp, first_touch_channel, last_touch_channel;

delete from {refresh}.restatements
where conversion_id in (
    select alias_id from erased_persons
    union select user_id from erased_users
    union select anonymous_id from erased_devices where not is_shared or anonymous_id not in (select alias_id from {aliasing}.aliases)
);

insert into {refresh}.restatements (batch_id, restated_at, conversion_name, fact, old_value, new_value, cause)
select
    (select max(batch_id) from {refresh}.batches), cast(current_timestamp at time zone 'UTC' as timestamp), 'signup',
    'exists', 'true', 'false', 'erasure'
from {sessions}.attribution
where alias_id in (select alias_id from erased_persons);

update {refresh}.restatements set cause_detail = null
where cause_detail in (select event_id from erased_messages);

update {refresh}.restatements set cause_detail = 'identity_overrides'
where
    cause = 'link_or_override'
    and exists (
        select 1 from erased_ids
        where
            starts_with(cause_detail, 'identity_overrides: ' || id || ', ')
            or (starts_with(cause_detail, 'identity_overrides: ') and right(cause_detail, length(id) + 2) = ', ' || id)
    );

-- A visit of the person may have belonged to somebody else before: a user of the same device, or somebody they were one person with.
create temporary table erased_values as
select touch_id as value from {sessions_stages}.touches where alias_id in (select alias_id from erased_persons)
union select session_id from {sessions_stages}.touches where alias_id in (select alias_id from erased_persons)
union select campaign from {sessions_stages}.touches where alias_id in (select alias_id from erased_persons)
union select referrer from {sessions_stages}.touches where alias_id in (select alias_id from erased_persons)
union select click_id from {sessions_stages}.touches where alias_id in (select alias_id from erased_persons)
union
select app_tracks.page_url
from {partitioning}.app_tracks
inner join erased_messages on app_tracks.event_id = erased_messages.event_id and app_tracks.message_type = erased_messages.message_type;

create temporary table restated_values as
select value from erased_values
where value in (select old_value from {refresh}.restatements union select new_value from {refresh}.restatements);

-- What others have as well stays.
delete from restated_values
where
    value in (select campaign from {sessions_stages}.touches where alias_id not in (select alias_id from erased_persons))
    or value in (select referrer from {sessions_stages}.touches where alias_id not in (select alias_id from erased_persons))
    or value in (select click_id from {sessions_stages}.touches where alias_id not in (select alias_id from erased_persons))
    or value in (
        select page_url from {partitioning}.app_tracks
        where (message_type, event_id) not in (select message_type, event_id from erased_messages where event_id is not null)
    );

update {refresh}.restatements set old_value = '(erased)' where old_value in (select value from restated_values);
update {refresh}.restatements set new_value = '(erased)' where new_value in (select value from restated_values);
