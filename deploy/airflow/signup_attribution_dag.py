"""The daily refresh as an Airflow 3 DAG: wait for the night's messages, then one task for each stage.

Copy this file into the DAGs folder. Every worker needs the project, installed, in SIGNUP_ATTRIBUTION_HOME (by default
/opt/signup_attribution) with my_site.yml in it, and Airflow a connection `signup_attribution` (type Postgres) that logs
in as the refresh role; Airflow masks its password. Each task is a refresh of its own that continues where the one
before stopped, so a task that is tried again, or a DAG run that was given up, needs no care: the next run applies what
is missing.
"""

import os
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.bash import BashSensor
from airflow.sdk import DAG, Param

HOME = os.environ.get("SIGNUP_ATTRIBUTION_HOME", "/opt/signup_attribution")
# Stage -> what it builds, in the order in which they read each other.
STAGES = {
    "seeds": "resource_type:seed",
    "partitioning": "batch_messages repeated_messages partitioning",
    "aliasing": "batch_intervals batch_periods aliasing",
    "sessions_stages": "visit_changes person_changes changed_persons batch_sessions sessions_stages",
    "sessions": "sessions",
    "reporting": "reporting",
}
# Stages that --full-refresh is for: a stage whose messages were rebuilt is rebuilt by itself.
REBUILT = ("seeds", "partitioning")
FRESH_HOURS = 6
# Not in the commands, because Airflow writes those to its log.
CONNECTION = {
    "PGHOST": "{{ conn.signup_attribution.host }}",
    "PGPORT": "{{ conn.signup_attribution.port or 5432 }}",
    "PGUSER": "{{ conn.signup_attribution.login }}",
    "PGPASSWORD": "{{ conn.signup_attribution.password }}",
    "PGDATABASE": "{{ conn.signup_attribution.schema }}",
    "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
    "HOME": os.environ.get("HOME", "/tmp"),
}

with DAG(
    dag_id="signup_attribution",
    description="Where the people who signed up came from",
    schedule="0 5 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    default_args={
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
        "env": CONNECTION,
    },
    params={"full_refresh": Param(False, type="boolean", description="Rebuild all tables from all messages")},
    doc_md=__doc__,
    tags=["attribution"],
) as dag:
    before = BashSensor(
        task_id="fresh_sources",
        bash_command=(
            f"cd {HOME} && .venv/bin/dbt run-operation fresh_sources --args '{{hours: {FRESH_HOURS}}}' "
            "--target postgres --vars \"$(cat my_site.yml)\""
        ),
        retry_exit_code=1,
        mode="reschedule",
        poke_interval=timedelta(minutes=10),
        timeout=timedelta(hours=6),
    )
    for stage, selection in STAGES.items():
        rebuilt = " {{ '--full-refresh' if params.full_refresh else '' }}" if stage in REBUILT else ""
        task = BashOperator(
            task_id=stage,
            bash_command=(
                f"cd {HOME} && exec .venv/bin/python scripts/refresh.py --target postgres "
                f"--select {selection}{rebuilt}"
            ),
        )
        before >> task
        before = task
