"""A database and the dbt project on it, and the comparison of its tables with the oracle's.

    engine.load("pages", [{"id": "1", "anonymous_id": "a", "timestamp": datetime(2026, 1, 1)}])
    engine.refresh()
    engine.fetch("sessions.all_sessions")
    assert_equal(engine, loads, Settings())
"""

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, fields
from decimal import Decimal

from oracle import COLUMNS, KEYS, Rules, Settings, compute
from project import ROOT, Project

# Published tables by the name the oracle has for them.
PUBLISHED = {
    "app_tracks": "partitioning.app_tracks",
    "rejected_events": "partitioning.rejected_events",
    "known_pairs": "aliasing.known_pairs",
    "aliases": "aliasing.aliases",
    "unmerged_groups": "aliasing.unmerged_groups",
    "touches": "sessions_stages.touches",
    "all_sessions": "sessions.all_sessions",
    "attribution": "sessions.attribution",
    "useful_sessions": "sessions.useful_sessions",
}
SHOWN = 5  # differences of a table that a message lists


class Engine:
    """One database under test with the project on it. Reset it before each test."""

    def __init__(self, database, folder):
        self.database = database
        self.project = Project(database, folder, is_served=True)
        self.name = database.target

    def load(self, collection, rows):
        """Append raw rows to a source table."""
        self.database.load(collection, rows)

    def receive(self, load):
        """Append one load: a dict collection -> raw rows."""
        with self.database.connected():
            for collection, rows in load.items():
                self.load(collection, rows)

    def override(self, rows):
        """Make these the rows of the source table identity_overrides."""
        with self.database.connected():
            self.database.execute("drop table if exists segment.identity_overrides")
            self.load("identity_overrides", rows)

    def refresh(self, *args, **options):
        """See Project.refresh."""
        return self.project.refresh(*args, **options)

    def fetch(self, table, columns="*") -> list[dict]:
        """All rows of schema.table."""
        return self.database.fetch(table, columns)

    def published(self, table) -> list[dict]:
        """The rows of a published table in the columns whose meaning is fixed."""
        return self.fetch(PUBLISHED[table], ", ".join(COLUMNS[table]))

    def reset(self):
        """Leave the database empty except for the seeds, which would take a while."""
        self.database.reset()

    def close(self):
        self.project.close()
        self.database.close()


def as_vars(settings: Settings) -> dict:
    """The settings as dbt variables, without those at their defaults."""
    values = asdict(settings)
    changed = {f.name: values[f.name] for f in fields(settings) if values[f.name] != f.default}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}


def project_rules() -> Rules:
    """The oracle's view of the project's seed files."""
    return Rules.read(ROOT / "seeds")


@dataclass
class Difference:
    """A row that is missing, unexpected or different; its key as a dict of columns."""

    table: str
    key: dict
    text: str

    def __str__(self):
        return f"{self.table} {self.key}: {self.text}"


def plain(value):
    """PostgreSQL's exact numbers as Python's; other values as they are."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def rounded(value, digits=6):
    """Numbers in a nest of dicts and lists, so that sums in another order are equal."""
    if isinstance(value, dict):
        return {key: rounded(one, digits) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(one, digits) for one in value]
    return round(float(value), digits) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def same(expected, actual) -> bool:
    expected, actual = plain(expected), plain(actual)
    return expected == actual and isinstance(expected, bool) == isinstance(actual, bool)


def by_key(table, rows):
    """Key values -> rows, each list in a fixed order."""
    found = defaultdict(list)
    for row in rows:
        found[tuple(row[column] for column in KEYS[table])].append(row)
    return {key: sorted(group, key=repr) for key, group in found.items()}


def without_common(table, rows, other_rows) -> tuple[list[dict], list[dict]]:
    """Both sets of rows without those that the other has exactly as often, which are nearly all and quickly found."""
    def written(row):
        return repr([row[column] for column in COLUMNS[table]])

    counts, rest = Counter(map(written, rows)), []
    for row in other_rows:
        text = written(row)
        if counts[text]:
            counts[text] -= 1
        else:
            rest.append(row)
    left = []
    for row in rows:
        text = written(row)
        if counts[text]:
            counts[text] -= 1
            left.append(row)
    return left, rest


def differences(table, expected, actual) -> list[Difference]:
    """Where two sets of rows of one table differ, in the order of their keys."""
    wanted, got = (by_key(table, rows) for rows in without_common(table, expected, actual))
    found = []
    for key in sorted({*wanted, *got}, key=lambda values: [value or "" for value in values]):
        named = dict(zip(KEYS[table], key))
        rows, others = wanted.get(key, []), got.get(key, [])
        if len(rows) != len(others):
            what = "missing" if not others else "unexpected" if not rows else "another number of rows"
            found.append(Difference(
                table, named, f"{what}: {len(rows)} expected, {len(others)} found: {(rows or others)[0]}"))
            continue
        for row, other in zip(rows, others):
            unequal = [column for column in COLUMNS[table] if not same(row[column], other[column])]
            if unequal:
                found.append(Difference(table, named, "; ".join(
                    f"{column} expected {row[column]!r}, found {other[column]!r}" for column in unequal)))
    return found


def all_differences(engine, loads, settings, rules=None, overrides=()) -> list[Difference]:
    """Where the published tables differ from the oracle's after these loads."""
    expected = compute(loads, settings, rules or project_rules(), overrides)
    with engine.database.connected():
        return [found for table in PUBLISHED
                for found in differences(table, expected[table], engine.published(table))]


def describe(found: list[Difference]) -> str:
    """The first differences of each table, one per line."""
    lines = []
    for table in PUBLISHED:
        mine = [one for one in found if one.table == table]
        lines += [str(one) for one in mine[:SHOWN]]
        if len(mine) > SHOWN:
            lines.append(f"{table}: {len(mine)} differences in all")
    return "\n".join(lines)


def assert_equal(engine, loads, settings=Settings(), rules=None, when="", overrides=()):
    """Fail with the first differences unless every published table is exactly the oracle's.

    loads: in order of arrival, each a dict collection -> raw rows. when: words for the message.
    """
    found = all_differences(engine, loads, settings, rules, overrides)
    assert not found, f"{engine.name} differs from the oracle {when}\n{describe(found)}"
