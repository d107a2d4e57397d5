-- The log of refreshes in the database (log.py). Schemas are written as {folder}.

-- query: expected_seconds
-- Seconds that each model usually takes: the median of its last ten successful runs.
select model, percentile_cont(0.5) within group (order by seconds)
from (
    select model, seconds, row_number() over (partition by model order by batch_id desc) as age
    from {refresh}.refresh_log
    where status = 'success' and seconds is not null
) as runs
where age <= 10
group by model

-- query: batch_of
-- The batch that a run opened or continued; null if it did not get that far.
select max(batch_id) from {refresh}.refresh_runs where run_id = %s

-- query: newest_message_at
select max(last_occurred_at) from {partitioning}.partitions

-- query: models
select model, rows_read, rows_written, rows_deleted from {refresh}.models
where refreshed_at >= (select started_at from {refresh}.batches where batch_id = %s)

-- query: insert_run
insert into {refresh}.refresh_runs (batch_id, status, started_at, finished_at, seconds, newest_message_at, error, run_id)
values (%s, %s, %s, %s, %s, %s, %s, %s)

-- query: insert_models
-- From the model on, the columns are in the order of ModelRun.
insert into {refresh}.refresh_log (
    batch_id, finished_at, model, status, seconds, attempts, rows_read, rows_inserted, rows_deleted, error
) values {values}
