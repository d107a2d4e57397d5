"""`dbt build` alone, without the runner: all tables, all of the project's own tests, and its unit tests pass."""

from harness import as_vars
from oracle import Settings
from samples import together

SITE = Settings(own_domains=("example.com",), ignored_events=("invoice_paid", "email_delivered"))


def test_build_from_scratch_and_again(engine, small_sample_days):
    middle = len(small_sample_days) // 2
    for loads in (small_sample_days[:middle], small_sample_days[middle:]):
        engine.receive(together(loads))
        outcome = engine.project.run("build", vars=as_vars(SITE))
        assert outcome.success, outcome.error
        kinds = {name.split("_")[0] for name, status in outcome.statuses.items() if status in ("pass", "success")}
        assert {"unique", "attribution", "assert"} <= kinds
