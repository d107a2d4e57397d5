-- Every model has applied the newest batch that app_tracks has stored. A run of a selection may leave models behind: a run
-- without a selection brings them up to date.
-- depends_on: {{ ref('partitions') }} {{ ref('rejected_events') }} {{ ref('schema_changes') }}
-- depends_on: {{ ref('aliases') }} {{ ref('useful_sessions') }} {{ ref('attribution') }} {{ ref('path_credits') }}
-- depends_on: {{ ref('removal_effects') }} {{ ref('ad_costs') }} {{ ref('person_revenue') }} {{ ref('reported_vs_attributed') }}
with models as (
    select * from {{ state_table('models') }}
)

select model, batch_id from models
where batch_id < (select batch_id from models where model = 'app_tracks')
