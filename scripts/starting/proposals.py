"""What a database or a folder of files holds, and the variables that it suggests."""

import re
from collections import Counter
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import click
import duckdb
import yaml

from common.errors import RefreshError, escaped
from common.project import FILE_VARIABLE, read_queries, shown, variables_file
from database.postgres import connected
from database.target import FOLDERS, Target, database_errors, rows
from starting.demo import is_of_the_demo

EVENTS = ("tracks", "pages", "screens")
COLLECTIONS = (*EVENTS, "identifies", "aliases")
FIRST_EVENTS, FIRST_URLS = 1_000_000, 50_000  # as many rows of a table are read
LEAST_SHARE = 0.01  # of the pages: a domain with fewer is not one's own site
# Names of events that are a sign-up, the likeliest first, in small letters with _ for what is neither letter nor digit.
SIGNUPS = [re.compile(pattern) for pattern in (
    r"(\w+_)?sign(ed)?_?up(_(complet|succe|finish|confirm)\w*)?", r"(\w+_)?(account|user|profile|customer)_(was_)?created|create_(account|user)",
    r"(\w+_)?(registered|registration(_(complet|succe|finish|confirm)\w*)?)", r"(\w+_)?(trial_started|start_trial)")]
READERS = {"parquet": "read_parquet('{}', union_by_name = true)", "csv": "read_csv('{}', union_by_name = true, all_varchar = true)",
           "json": "read_json('{}', union_by_name = true, ignore_errors = true)"}
queries = read_queries(Path(__file__).with_suffix(".sql"))


class Places:
    """What there is to read: (schema, collection) -> its columns, and how SQL names it; for files the schema is ''."""

    def __init__(self, query, target: Target, folder: Path | None):
        self.query, self.columns, self.relations, self.files = query, {}, {}, {}
        tables = {}
        for schema, table, column in query(getattr(queries, target.engine)):
            tables.setdefault((schema, table), set()).add(column)
        own = {target.schema(name) for name in FOLDERS}
        self.has_tables = any(schema in own for schema, _ in tables)
        if folder:
            self.add_files(folder.absolute())
            return
        for (schema, table), columns in sorted(tables.items()):
            if schema not in own and table in COLLECTIONS and "id" in columns:
                self.columns[schema, table], self.relations[schema, table] = columns, f'"{schema}"."{table}"'

    def add_files(self, folder: Path):
        """Files of a folder: tracks/*.parquet, or tracks.parquet."""
        for collection in COLLECTIONS:
            names = [(kind, name) for kind in READERS for name in (f"{collection}/*.{kind}", f"{collection}.{kind}") if any(folder.glob(name))]
            for kind, name in names[:1]:
                relation = READERS[kind].format(str(folder / name).replace("'", "''"))
                self.columns["", collection] = {row[0] for row in self.query(f"describe select * from {relation}")}
                self.relations["", collection], self.files[collection] = relation, {"files": str(shown(folder) / name)}

    def schemas(self) -> list[str]:
        """Those with messages that may be part of a visit."""
        return sorted({schema for schema, collection in self.columns if collection in EVENTS})

    def keep(self, schemas: list[str]):
        """Keep only these. Raises RefreshError when there is no such schema."""
        if unknown := sorted({*schemas} - {*self.schemas()}):
            raise RefreshError(f"There are no messages in {', '.join(unknown)}: choose from {', '.join(self.schemas())}.")
        self.columns = {key: columns for key, columns in self.columns.items() if key[0] in schemas}

    def values(self, collections, names, limit: int) -> Counter:
        """The first of these columns that is not null -> number of rows, in the first rows of these collections."""
        total = Counter()
        for (schema, collection), columns in self.columns.items():
            there = [f'"{name}"' for name in names if name in columns]
            if collection in collections and there:
                relation = self.relations[schema, collection]
                total.update(dict(self.query(queries.values.format(columns=", ".join(there), relation=relation, limit=limit))))
        return total


def domain_of(url: str) -> str | None:
    """The registered domain of a URL's host: example.com of www.example.com, shop.co.uk of m.shop.co.uk; None for an IP address or a bare name."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return None
    labels = host.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or ":" in host:
        return None
    return ".".join(labels[-3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in ("ac", "co", "com", "edu", "gov", "net", "org") else -2:])


def likely_signup(events: Counter) -> str | None:
    """The event that is most likely a sign-up, by its name."""
    for pattern in SIGNUPS:
        likely = Counter({name: number for name, number in events.items() if pattern.fullmatch(re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_"))})
        if likely:
            return min(likely, key=lambda name: (-likely[name], name))
    return None


def likely_domains(domains: Counter) -> list[str]:
    """The domains that have many of the pages, those with most first."""
    return [domain for domain, number in sorted(domains.items(), key=lambda one: (-one[1], one[0])) if number >= LEAST_SHARE * domains.total()]


@contextmanager
def opened(target: Target):
    """Queries on the database of a target. Raises RefreshError."""
    if target.engine == "postgres":
        with connected("signup_attribution init", target.settings) as server:
            yield partial(rows, server)
        return
    there = bool(target.file and target.file.exists())
    with database_errors(), duckdb.connect(str(target.file) if there else ":memory:", read_only=there) as connection:
        yield partial(rows, connection)


def asked(question: str, proposed: list[str], is_sure: bool) -> list[str]:
    """The answers, separated by commas."""
    if is_sure:
        return proposed
    return [one.strip() for one in click.prompt(question, default=", ".join(proposed)).split(",") if one.strip()]


def listed(counts: Counter, number: int = 8) -> str:
    """The most frequent ones, for people."""
    return ", ".join(f"{escaped(name)} ({count:,})" for name, count in counts.most_common(number)) or "none"


def propose(target: Target, files: Path | None, is_sure: bool, options: str):
    """Look at a target's database or a folder of files, ask, and write the variables. Raises RefreshError, click.Abort.

    is_sure: take what is proposed; options: those that name the target to other commands.
    """
    path = variables_file()
    if path.exists() and not is_of_the_demo(path):
        raise RefreshError(f"{shown(path)} exists already: edit it, or move it away, or name another file in {FILE_VARIABLE}.")
    if files and target.engine != "duckdb":
        raise RefreshError("Only DuckDB reads files: choose --target duckdb, or leave out --files.")
    with opened(target) as query:
        places = Places(query, target, files)
        schemas = places.schemas()
        if not schemas:
            raise RefreshError("There is no table tracks, pages or screens that can be read and has a column id: name the database "
                               "(--target, PGHOST, PGDATABASE), or a folder of files (--files).")
        for schema in schemas:
            print(f"{escaped(schema) or files}: {', '.join(collection for one, collection in places.columns if one == schema)}")
        if not files:
            schemas = asked("Schemas with messages of this site", schemas, is_sure)
            places.keep(schemas)
        events = places.values(("tracks",), ("event", "event_text"), FIRST_EVENTS)
        domains = Counter()
        for url, number in places.values(("pages", "tracks"), ("url", "context_page_url"), FIRST_URLS).items():
            domains[domain_of(url)] += number
        del domains[None]
    print(f"Events: {listed(events)}\nPages: {listed(domains)}")
    signup = likely_signup(events)
    if not signup:
        print("No event is named like a sign-up: name yours under signup_events.")
    variables = {
        "sources": places.files or {"schemas": schemas},
        "signup_events": asked("Events that are a sign-up", [signup or "signed_up"], is_sure),
        "own_domains": asked("Your own domains", likely_domains(domains), is_sure),
    }
    path.write_text("# Where the messages are and what they mean; every script reads this file; give it to dbt with --vars. README.md has all variables.\n"
                    + yaml.safe_dump(variables, sort_keys=False, default_flow_style=None, allow_unicode=True), encoding="utf-8")
    print(f"{shown(path)} is written. Next:\n\n    python scripts/refresh.py{options} --check\n"
          f"    python scripts/refresh.py{options}{' --full-refresh' if places.has_tables else ''}\n")
