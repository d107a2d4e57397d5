"""Queries in files of SQL, beside the code that asks them."""

import re
from pathlib import Path
from types import SimpleNamespace


def read_queries(path: Path) -> SimpleNamespace:
    """The queries of a file of SQL, each below a line `-- query: its name`, as attributes."""
    text = path.read_text(encoding="utf-8")
    return SimpleNamespace(**dict(re.findall(r"^-- query: (\w+)\n(.*?)(?=^-- query: |\Z)", text, re.MULTILINE | re.DOTALL)))
