"""A developer's sample: a share of persons with their whole journeys, as in production, and always the same persons."""

from contextlib import closing
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from common.errors import RefreshError
from common.plan import make_plan
from conftest import on_duckdb
from harness import PUBLISHED, as_vars
from oracle import COLUMNS, Settings
from project import Project
from samples import together

SITE = as_vars(Settings(own_domains=("example.com",)))
SHARE = 30
OF_PERSONS = ("aliases", "all_sessions", "touches", "attribution", "useful_sessions")
STARTED = datetime(2026, 6, 30, 9)  # later than the sample, so that nobody has read beyond it


@pytest.fixture
def developer(engine, tmp_path):
    """The project as run by somebody who has schemas of their own in the engine's database."""
    variables = {**engine.database.environment, "SIGNUP_ATTRIBUTION_SCHEMA": "ann_dev"}
    database = SimpleNamespace(target=engine.database.target, environment=variables, loaded_seeds=None)
    with closing(Project(database, tmp_path, is_served=True)) as served:
        yield served


def rows_of(engine, prefix=""):
    """Published table -> its rows; prefix: of the schemas."""
    with engine.database.connected():
        return {name: engine.fetch(prefix + PUBLISHED[name], ", ".join(COLUMNS[name])) for name in PUBLISHED}


def texts(rows):
    return sorted(map(repr, rows))


def ids_of(tables):
    return {(row["id_type"], row["id"]) for row in tables["aliases"]}


def assert_whole(sample, production):
    """Whoever is in the sample has all rows that they have in production, and no device or user is cut off."""
    persons, ids = {row["alias_id"] for row in sample["aliases"]}, ids_of(sample)
    for name in OF_PERSONS:
        assert texts(sample[name]) == texts(row for row in production[name] if row["alias_id"] in persons), name
    for pair in production["known_pairs"]:
        assert (("anonymous_id", pair["anonymous_id"]) in ids) == (("user_id", pair["user_id"]) in ids)
    for name in ("known_pairs", "app_tracks", "rejected_events"):
        assert {*texts(sample[name])} <= {*texts(production[name])}, name


def sign_in(pairs):
    """A load: on each of these devices this user signs up."""
    times = [STARTED + timedelta(minutes=number) for number, _ in enumerate(pairs)]
    return {"tracks": [
        {"id": f"late {device}", "anonymous_id": device, "user_id": user, "event": "signed_up",
         "timestamp": at, "received_at": at, "uuid_ts": at} for at, (device, user) in zip(times, pairs)]}


def late_pairs(sample, production):
    """A device in the sample with a user who is not, and the other way round, so that more people come into it."""
    ids = ids_of(sample)
    devices = [row["id"] for row in production["aliases"] if row["id_type"] == "anonymous_id" and not row["user_count"]]
    users = [row["id"] for row in production["aliases"] if row["id_type"] == "user_id"]

    def first(kind, candidates, is_in):
        return next(one for one in sorted(candidates) if ((kind, one) in ids) == is_in)

    return [(first("anonymous_id", devices, is_in), first("user_id", users, not is_in)) for is_in in (True, False)]


def late_link(sample, production, pairs):
    """An alias message that links a user in the sample with one who is not, so that they come into it."""
    ids, taken = ids_of(sample), {user for _, user in pairs}
    users = [row["id"] for row in production["aliases"] if row["id_type"] == "user_id" and row["id"] not in taken]
    known, other = (min(user for user in users if (("user_id", user) in ids) == is_in) for is_in in (True, False))
    return {"id": "late link", "previous_id": known, "user_id": other, "timestamp": STARTED, "received_at": STARTED, "uuid_ts": STARTED}


@on_duckdb
def test_a_sample_is_whole_and_equals_production(engine, developer, small_sample_days):
    first, second = together(small_sample_days[:-3]), together(small_sample_days[-3:])
    sampling = {**SITE, "sample": SHARE}
    engine.receive(first)
    developer.refresh(sampling)
    from_sources = ids_of(rows_of(engine, "ann_dev_"))

    engine.refresh(SITE)
    production = rows_of(engine)
    developer.refresh(sampling, full_refresh=True)
    sample = rows_of(engine, "ann_dev_")
    assert ids_of(sample) == from_sources, "production's tables and the sources choose other persons"
    assert_whole(sample, production)
    here, everywhere = (len({row["alias_id"] for row in tables["aliases"]}) for tables in (sample, production))
    assert abs(here / everywhere - SHARE / 100) < 0.12 and sample["attribution"]

    pairs = late_pairs(sample, production)
    engine.receive(second)
    link = late_link(sample, production, pairs)
    engine.receive({**sign_in(pairs), "aliases": [link]})
    engine.refresh(SITE)
    production, ids = rows_of(engine), ids_of(sample)
    if engine.name == "duckdb":
        engine.database.execute("drop schema aliasing cascade")  # from now on the sources say who is connected
    developer.refresh(sampling)
    sample = rows_of(engine, "ann_dev_")
    assert_whole(sample, production)
    assert ids_of(sample) > ids
    for device, user in pairs:
        assert {("anonymous_id", device), ("user_id", user)} <= ids_of(sample)
    assert ("user_id", link["user_id"]) in ids_of(sample)

    for project, variables, words in (
        (developer, SITE, "sample changed"), (developer, {**SITE, "sample": 5}, "sample changed"),
        (engine, sampling, "SIGNUP_ATTRIBUTION_SCHEMA"), (developer, {**SITE, "sample": 0}, "percentage"),
    ):
        refused = project.refresh(variables, check=False)
        assert not refused.success and words in refused.error

    developer.refresh({**SITE, "sample": 100}, full_refresh=True)
    everybody = rows_of(engine, "ann_dev_")
    assert_whole(everybody, production)
    engine.database.execute("update ann_dev_refresh.settings set value = 'null' where name = 'sample'")  # as without a sample
    refused = developer.refresh(sampling, full_refresh=True, check=False)
    assert not refused.success and "would replace the tables of everybody" in refused.error
    assert all(texts(everybody[name]) == texts(production[name]) for name in PUBLISHED if name != "rejected_events")


@pytest.mark.parametrize("text, expected", [("1%", 1), ("0.5", 0.5), ("100 %", 100)])
def test_percentages(text, expected):
    assert make_plan("duckdb", sample=text, targets=["duckdb"], defaults={}).vars == {"sample": expected}


@pytest.mark.parametrize("text", ["0", "101%", "-1", "a tenth", "1e1", "0.0%", "", "nan"])
def test_what_is_no_percentage(text):
    with pytest.raises(RefreshError, match="--sample must be a percentage such as 1%, not '.*': correct it."):
        make_plan("duckdb", sample=text, targets=["duckdb"], defaults={})
