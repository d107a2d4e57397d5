"""A person's story as aligned text, safe to print on a terminal: story.txt.j2, filled in."""

from datetime import datetime
from functools import cache
from itertools import groupby

from common.errors import escaped
from explaining.attribution import TOUCH_FACTS
from explaining.words import CAUSES, CHOICES, moment, templates


def story_lines(story: dict) -> list[str]:
    """The lines of the whole story."""
    text = template().render(story, touch_facts=TOUCH_FACTS)
    return list(aligned(text.removesuffix("\n").split("\n")))


@cache
def template():
    environment = templates(finalize=lambda value: escaped(shown(value)))
    environment.filters |= {"reasons": reasons, "own_columns": own_columns, "by_batch": by_batch}
    return environment.get_template("story.txt.j2")


def shown(value) -> str:
    """A value of a table."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def aligned(lines: list[str]):
    """Yields the lines, the cells of neighbouring ones (between tabs) in columns. The last cell of a line may be of any width."""
    for _, block in groupby(lines, key=lambda line: "\t" in line):
        rows = [line.split("\t") for line in block]
        widths = [max(len(row[place]) for row in rows if place < len(row) - 1) for place in range(max(map(len, rows)) - 1)]
        for *cells, last in rows:
            yield "  ".join([*(f"{cell:<{width}}" for cell, width in zip(cells, widths)), last]).rstrip()


def reasons(row: dict) -> list[str]:
    """Why an id is the person's: for a device whose it was when, and before that why it is theirs, where that says more."""
    owned = [owner["because"] for owner in row["owners"]]
    if owned and row["because"] not in owned and row["because"] != " ".join(owned):
        owned.insert(0, row["because"])
    return owned or [row["because"]]


def own_columns(attribution: dict):
    """Yields the cells of each line on the columns that are no touch's: name, value, reason, which is on the next line after a long URL."""
    columns = {name: column for name, column in attribution["columns"].items() if not name.startswith(tuple(CHOICES))}
    wide = max(len(shown(column["value"])) for name, column in columns.items() if not is_url(name))
    for name, column in columns.items():
        is_long = is_url(name) and len(shown(column["value"])) > wide
        yield from [(name, column["value"]), ("", "", column["because"])] if is_long else [(name, column["value"], column["because"])]


def by_batch(rows: list[dict]):
    """Yields what each refresh changed after the sign-up had been published; exists: whether it appeared (true) or disappeared."""
    for batch_id, restated_at, alias_id in dict.fromkeys((row["batch_id"], row["restated_at"], row["alias_id"]) for row in rows):
        those = [row for row in rows if (row["restated_at"], row["alias_id"]) == (restated_at, alias_id)]
        causes = sorted({CAUSES[row["cause"]] + (f" ({row['cause_detail']})" if row["cause_detail"] else "") for row in those})
        yield {"batch_id": batch_id, "restated_at": restated_at, "alias_id": alias_id, "causes": ", ".join(causes), "rows": those,
               "exists": [row["new_value"] for row in those if row["fact"] == "exists"]}


def is_url(column: str) -> bool:
    """Whether a column of attribution holds a URL, which may be long."""
    return column in ("blog_url", "first_page_ever_visited")
