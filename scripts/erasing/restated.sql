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
    union select anonymous_id from erased_devices
);

insert into {refresh}.restatements (batch_id, restated_at, conversion_name, fact, old_value, new_value, cause)
select
    (select max(batch_id) from {refresh}.batches), cast(current_timestamp at time zone 'UTC' as timestamp), 'signup',
    'exists', 'true', 'false', 'erasure'
from {sessions}.attribution
where alias_id in (select alias_id from erased_persons);

update {refresh}.restatements set cause_detail = null
where cause_detail in (select event_id from erased_messages);

-- A visit of the person may have belonged to another user of the same device before.
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

create temporary table erased_neighbours as
select aliases.alias_id
from {aliasing}.identity_spans
inner join {aliasing}.aliases on identity_spans.user_id = aliases.id and aliases.id_type = 'user_id'
where identity_spans.anonymous_id in (select anonymous_id from erased_devices where is_shared);

update {refresh}.restatements set old_value = '(erased)'
where old_value in (select value from erased_values) and alias_id in (select alias_id from erased_neighbours);

update {refresh}.restatements set new_value = '(erased)'
where new_value in (select value from erased_values) and alias_id in (select alias_id from erased_neighbours);
