"""The result of a refresh as text: one line per table, then a summary."""

from dataclasses import dataclass, field

from common.errors import escaped

FIGURES = "refresh_figures "  # prefix of the line in dbt's log that has the figures of a refresh
NOTE = "note: "  # prefix of one with a sentence for whoever started the refresh
# The sentence after which a refresh has to run again (macros/refresh/prepare_refresh.sql).
FINISHES = "The previous refresh did not finish. This run finishes it, and the next one brings what is new."


@dataclass
class Report:
    """Figures of one refresh.

    rows: table -> rows written; totals: name -> number now stored; schema_changes: (collection.column,
    what happened), in order; notes: sentences about anything unusual; seconds: table -> time to build it, in the order they were
    built; elapsed: seconds in total.
    """

    batch: int | None = None
    rows: dict[str, int] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    schema_changes: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    elapsed: float = 0.0


def read_report(rows) -> Report:
    """The report from the figures that dbt logs at the end of a refresh: kind, name, detail, amount."""
    report = Report()
    for kind, name, detail, amount in rows:
        if kind == "batch":
            report.batch = None if amount is None else int(amount)
        elif kind == "rows":
            report.rows[name] = int(amount)
        elif kind == "total":
            report.totals[name] = int(amount)
        elif kind == "schema_change":
            report.schema_changes.append((name, detail))
    report.schema_changes.sort()
    return report


def table_lines(report: Report) -> list[str]:
    """One line per table that was built: name, rows written, seconds."""
    width = max(map(len, report.seconds), default=0)
    return [
        f"{name:<{width}}  {f'{report.rows[name]:,} rows' if name in report.rows else '':>16}  {seconds:6.1f} s"
        for name, seconds in report.seconds.items()
    ]


def summary_lines(report: Report) -> list[str]:
    """The figures of the refresh and of the tables after it."""
    totals = report.totals
    lines = [(name, f"{report.rows.get(table, 0):,} new, {totals[name]:,} in all")
             for name, table in (("messages", "app_tracks"), ("rejected", "rejected_events")) if name in totals]
    lines += [(name, f"{totals[name]:,}") for name in ("sessions", "persons") if name in totals]
    if "signups" in totals:
        lines.append(("sign-ups", f"{totals['signups']:,}{first_session_share(totals)}"))
    lines += [("source column", f"{column} {change}") for column, change in report.schema_changes]
    lines += [("note", sentence) for sentence in report.notes]
    width = max((len(name) for name, _ in lines), default=0)
    number = f"batch {report.batch}" if report.batch else "refresh"
    return [f"{number}, {report.elapsed:.1f} seconds", *(escaped(f"  {name:<{width}}  {text}") for name, text in lines)]


def first_session_share(totals: dict[str, int]) -> str:
    """The share of sign-ups in the person's first session; empty without sign-ups."""
    if not totals["signups"]:
        return ""
    return f", {100 * totals['first_session_signups'] / totals['signups']:.1f} % of them in the first session"
