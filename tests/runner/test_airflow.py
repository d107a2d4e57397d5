"""The example of an Airflow DAG, imported by Airflow: make test-airflow. Skipped where Airflow is not installed."""

import os
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("airflow", reason="Airflow is not installed: make test-airflow")
HOME = Path(tempfile.mkdtemp(prefix="airflow-"))
os.environ["SIGNUP_ATTRIBUTION_HOME"] = str(HOME)
sys.path.insert(0, str(Path(__file__).parents[2] / "deploy/airflow"))

import signup_attribution_dag as example  # noqa: E402
from airflow.sdk.exceptions import AirflowFailException  # noqa: E402
from airflow.providers.standard.operators.bash import BashOperator  # noqa: E402
from airflow.providers.standard.sensors.bash import BashSensor  # noqa: E402
from airflow.serialization.serialized_objects import DagSerialization  # noqa: E402

DAG = example.dag


@pytest.fixture(scope="module", autouse=True)
def project():
    """Programs in place of the project's: they write down their arguments, and exit as a file says."""
    (HOME / ".venv/bin").mkdir(parents=True)
    (HOME / "my_site.yml").write_text("session_gap_minutes: 30\n")
    for name in ("dbt", "python"):
        program = HOME / ".venv/bin" / name
        program.write_text('#!/bin/sh\npwd > asked; printf "%s\\n" "$@" >> asked; exit "$(cat exit_code)"\n')
        program.chmod(0o755)
    yield
    subprocess.run(["rm", "-r", str(HOME)], check=True)


def test_a_task_for_each_stage_one_after_the_other():
    order = ["fresh_sources", *example.STAGES]
    assert [task.task_id for task in DAG.topological_sort()] == order
    for task_id, follower in zip(order, [*order[1:], None]):
        assert DAG.get_task(task_id).downstream_task_ids == ({follower} if follower else set())
    for stage in example.STAGES:
        assert isinstance(DAG.get_task(stage), BashOperator)


def test_schedule_and_retries():
    assert DAG.schedule == "0 5 * * *" and not DAG.catchup and DAG.max_active_runs == 1
    for task in DAG.tasks:
        assert task.retries == 3 and task.retry_delay == timedelta(minutes=5)
        assert task.retry_exponential_backoff and task.max_retry_delay == timedelta(hours=1)


def test_sensor_waits_without_a_worker():
    sensor = DAG.get_task("fresh_sources")
    assert isinstance(sensor, BashSensor) and sensor.mode == "reschedule" and sensor.retry_exit_code == 1
    assert sensor.poke_interval < sensor.timeout


@pytest.mark.parametrize("exit_code", [0, 1, 2])
def test_sensor_asks_the_project(exit_code):
    """Fresh, not fresh yet, or dbt cannot be run at all."""
    (HOME / "exit_code").write_text(str(exit_code))
    sensor = DAG.get_task("fresh_sources")
    if exit_code == 2:
        with pytest.raises(AirflowFailException):
            sensor.poke({})
    else:
        assert sensor.poke({}) == (exit_code == 0)
    assert (HOME / "asked").read_text().splitlines() == [
        str(HOME), "run-operation", "fresh_sources", "--args", "{hours: 6}", "--target", "postgres",
        "--vars", "session_gap_minutes: 30"]


def rendered(task, full_refresh):
    """The task's command as Airflow runs it."""
    return DAG.get_template_env().from_string(task.bash_command).render(params={"full_refresh": full_refresh})


def test_full_refresh_is_for_the_first_stages():
    (HOME / "exit_code").write_text("0")
    for stage, selection in example.STAGES.items():
        for full_refresh in (False, True):
            subprocess.run(["bash", "-c", rendered(DAG.get_task(stage), full_refresh)], check=True)
            expected = [str(HOME), "scripts/refresh.py", "--target", "postgres", "--select", selection]
            if full_refresh and stage in example.REBUILT:
                expected.append("--full-refresh")
            assert (HOME / "asked").read_text().splitlines() == expected
    assert DAG.params["full_refresh"] is False


def test_password_comes_from_the_connection_and_is_in_no_command():
    for task in DAG.tasks:
        assert task.env["PGPASSWORD"] == "{{ conn.signup_attribution.password }}" and "env" in task.template_fields
        assert "conn." not in task.bash_command and "PASSWORD" not in task.bash_command


def test_scheduler_can_store_it():
    stored = DagSerialization.from_dict(DagSerialization.to_dict(DAG))
    assert set(stored.task_dict) == {task.task_id for task in DAG.tasks}
