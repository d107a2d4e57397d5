"""Sample messages in any number: as many samples as fit into memory one after another, over days that overlap.

One sample is made in memory (sampling/data.py). Each part here has its own people, seed and days: a part begins when the
one before it is half over, so that every day has messages of two parts. Within a part the messages of a day grow, as its
people come back; over many parts the days stay alike.
"""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import place  # noqa: F401, so that the packages of scripts/ are found
from sampling.data import generate, sample_files

PART = 10_000_000  # messages, for which 5 GB are enough
PEOPLE_APART = 100_000_000  # first person of one part and of the next


def generate_parts(out_dir: Path, messages: int, seed: int, days: int, end: date, part: int = PART) -> list[Path]:
    """Write about `messages` messages loaded on `days` days up to and including `end`; the folders of the parts.

    part: about how many messages a part has at most. A sample that was made there with the same settings is kept.
    """
    count = -(-messages // part)
    apart = max(1, days // (count + 1))
    folders = [out_dir / f"part_{number + 1:02}" for number in range(count)]
    made, settings = out_dir / "settings.json", json.dumps([messages, seed, days, str(end), part])
    if made.exists() and made.read_text(encoding="utf-8") == settings:
        return folders
    shutil.rmtree(out_dir, ignore_errors=True)
    for number, folder in enumerate(folders):
        generate(
            folder, messages // count, seed + number, days if count == 1 else 2 * apart,
            end - timedelta(days=apart * (count - 1 - number)), number * PEOPLE_APART + 1,
        )
    made.write_text(settings, encoding="utf-8")
    return folders


def part_files(folders: list[Path], from_day: date | None = None, to_day: date | None = None):
    """(load day, collection, path) of all parts' files in load order, limited to the days."""
    return sorted(found for folder in folders for found in sample_files(folder, from_day, to_day))
