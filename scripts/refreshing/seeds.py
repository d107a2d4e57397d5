"""Checks the seeds, which analysts edit, before a refresh loads them.

A database notices a broken row late or never, because a rule that cannot match raises no error. Each problem
is one sentence with the file, the line and what to do; the first line of a file is line 1.
"""

import csv
import difflib
import re
from pathlib import Path

from refreshing.patterns import pattern_problem

CATEGORIES = ("search", "social", "email", "video", "shopping", "ai_assistant", "display", "referral")
# File -> its columns. dbt adds rows to a table that exists, so the columns are fixed.
COLUMNS = {
    "channel_rules": ["rule_order", "channel", "source_pattern", "source_category", "medium_pattern",
                      "campaign_pattern", "is_paid", "note"],
    "click_ids": ["priority", "click_id_name", "source", "medium", "is_paid", "note"],
    "referrers": ["host_pattern", "source", "category"],
    "excluded_referrers": ["domain", "returned_to", "note"],
    "invalid_ids": ["invalid_id"],
    "survey_answers": ["rule_order", "answer_pattern", "reported_as", "channels", "note"],
    "identity_overrides": ["id_a", "id_b", "action", "note"],
}
OTHER_CHANNELS = ("Direct", "Unassigned", "Untracked")  # which need no rule
UNIQUE = {"rule_order", "priority", "click_id_name", "host_pattern", "domain", "invalid_id"}
REQUIRED = {*UNIQUE, "channel", "source", "medium", "is_paid", "category", "answer_pattern", "reported_as", "id_a", "id_b", "action"}
# Compared with lower-cased text, so capital letters would never match. (channel and note are only shown.)
LOWER_CASE = {"click_id_name", "host_pattern", "domain", "returned_to", "invalid_id", "source", "medium"}
LABEL = r"[^\s./:?#*@]+"
DOMAIN = rf"{LABEL}([.]{LABEL})*([.][*])?"
LARGEST_NUMBER = 2**31 - 1
NUMBER = ("[0-9]+", f"is not a whole number from 0 to {LARGEST_NUMBER}: correct it.")
KNOWN = f"is not known: choose {', '.join(CATEGORIES)}"
# Column -> what its values look like, and what is said of one that does not.
FORMS = {
    "rule_order": NUMBER, "priority": NUMBER,
    "category": ("|".join(CATEGORIES), f"{KNOWN}."), "source_category": ("|".join(CATEGORIES), f"{KNOWN}, several separated by |."),
    "is_paid": ("(?ai:true|false)", "is neither true nor false: write one of them."),
    "action": ("(?ai:link|never_link)", "is not known: choose link or never_link."),
    "host_pattern": (rf"([*][.])?{DOMAIN}",
                     "is not a host: write it like bing.com, google.* for all countries, or *.google.* for subdomains only."),
    "domain": (DOMAIN, "is not a domain: write it like paypal.com, which includes its subdomains, or amazon.* for all countries."),
    # A part of a page's path, or its parameters (utm_* are a campaign's).
    "returned_to": (r"(?a:/[\w./~-]*|(?!.*utm_)[\w.-]+([+][\w.-]+)*)",
                    "is not a page: write parts of paths such as /auth/, or parameters such as code+state, separated by |."),
}
SEVERAL = {"source_category", "returned_to"}  # may hold several values, separated by |


def first_problem(folder: Path) -> str | None:
    """The first problem in the seeds of the folder, as one sentence; None if they are fine."""
    return next((problem for name in COLUMNS for problem in seed_problems(folder / f"{name}.csv")), None)


def unknown_channels(path: Path, named):
    """Yields a sentence for each of these channels that no row of channel_rules.csv gives. named: attributed_channels, if it is a list."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        known = {*(row["channel"] for row in csv.DictReader(file)), *OTHER_CHANNELS}
    for name in map(str, named if isinstance(named, list) else []):
        if name not in known:
            close = [one for one in known if one.lower() == name.lower()] or difflib.get_close_matches(name, sorted(known), n=1)
            advice = f"Did you mean {close[0]}?" if close else f"The channels: {', '.join(sorted(known))}."
            yield f"attributed_channels: no rule gives the channel {name}. {advice}"


def seed_problems(path: Path):
    """Yields each problem of one seed file."""
    name = f"seeds/{path.name}"
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            # Numbered by their last line: a quoted value may contain line ends.
            lines = [(reader.line_num, row) for row in reader]
    except FileNotFoundError:
        yield f"{name} is missing: restore it."
        return
    except (OSError, UnicodeDecodeError):
        yield f"{name} cannot be read: save it as text in UTF-8."
        return
    except csv.Error as error:
        yield f"{name} is not valid CSV ({error}): correct its quotes."
        return
    columns = COLUMNS[path.stem]
    if not lines or lines[0][1] != columns:
        yield f"{name}, line 1: the columns must be {','.join(columns)}: correct the first line."
        return
    seen: dict[tuple[str, str], int] = {}
    for number, values in lines[1:]:
        where = f"{name}, line {number}"
        if not values:
            yield f"{where}: the line is empty: delete it."
        elif len(values) != len(columns):
            yield f"{where}: {len(values)} values for {len(columns)} columns: add or remove commas, or quote the value."
        else:
            row = dict(zip(columns, values))
            for problem in (*row_problems(row), *repetitions(row, number, seen)):
                yield f"{where}: {problem}"


def row_problems(row: dict[str, str]):
    """Yields the problems of a single row."""
    for column, value in row.items():
        if column == "note":
            continue
        if column == "source" and row.get("category") == "referral" and not value:
            continue  # the host itself
        if column in REQUIRED and not value.strip():
            yield f"{column} is empty: fill it in or delete the line."
        elif value != value.strip():
            yield f"{column} '{value}' has surrounding blanks: remove them."
        elif column in LOWER_CASE and value != value.lower():
            yield f"{column} '{value}' has capital letters and would never match: write {value.lower()}."
        elif column == "id_b" and value == row["id_a"]:
            yield f"'{value}' stands for both ids: delete the line."
        elif column in FORMS and value:
            form, sentence = FORMS[column]
            for part in value.split("|") if column in SEVERAL else [value]:
                if not re.fullmatch(form, part) or (FORMS[column] == NUMBER and int(part) > LARGEST_NUMBER):
                    yield f"{column} '{part}' {sentence}"
        elif column.endswith("_pattern") and value and (problem := pattern_problem(value)):
            yield f"{column} '{value}' {problem}"


def repetitions(row: dict[str, str], number: int, seen: dict[tuple[str, str], int]):
    """Yields where a row repeats or contradicts earlier lines; `seen` maps their values to the line."""
    for column in UNIQUE & row.keys():
        value = str(int(row[column])) if row[column].isdecimal() and FORMS.get(column) == NUMBER else row[column]
        first = seen.setdefault((column, value), number)
        if first != number:
            yield f"{column} {row[column]} is on line {first} already: change or delete one of them."
    if "action" in row:
        ids, action = sorted((row["id_a"], row["id_b"])), row["action"].lower()
        other = "never_link" if action == "link" else "link"
        seen.setdefault((str(ids), action), number)
        if (str(ids), other) in seen:
            yield f"line {seen[str(ids), other]} says {other} of {' and '.join(ids)}: delete one of them."
    if "category" in row:
        source = f"category of {row['source']}"
        categories = {category: line for (what, category), line in seen.items() if what == source}
        seen.setdefault((source, row["category"]), number)
        if categories and row["category"] not in categories:
            yield (f"the source {row['source']} has another category on line {min(categories.values())}: "
                   "one name stands for one category, rename one of them.")
