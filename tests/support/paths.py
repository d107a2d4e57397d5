"""Paths of channels as messages: one visit a day for each channel of a path, the sign-up in the last visit."""

import json
from datetime import datetime, timedelta
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"
STARTED = datetime(2026, 3, 1, 10)
SIGNS_UP_AFTER = timedelta(minutes=6)
# Name in the recorded results -> source, medium, and the channel that the project's rules make of them.
CHANNELS = {
    "search": ("google", "organic", "Organic Search"),
    "email": ("news", "email", "Email"),
    "social": ("facebook", "social", "Organic Social"),
    "display": ("ads", "display", "Display"),
    "affiliate": ("partner", "affiliate", "Affiliates"),
    "audio": ("radio", "audio", "Audio"),
}


def read(name: str):
    """A file of recorded paths and results."""
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def worked_example() -> list[tuple[list[str], bool, int]]:
    """The paths of the worked example: channels, whether they end in a sign-up, and how many there are."""
    found = []
    for row in read("worked_example.json")["input_paths"]:
        channels = row["path"].split(" > ")
        found += [(channels, True, int(row["conversions"])), (channels, False, int(row["nulls"]))]
    return found


def messages(paths, load: int) -> dict[str, list[dict]]:
    """The load of this number, with the persons of these paths."""
    pages, tracks = [], []
    for number, (channels, signs_up, count) in enumerate(paths):
        for copy in range(count):
            person = {"anonymous_id": f"{load} {number} {copy}", "uuid_ts": STARTED + timedelta(days=90 + load)}
            for place, channel in enumerate(channels):
                source, medium, _ = CHANNELS[channel]
                at = STARTED + timedelta(days=place)
                pages.append({**person, "id": f"{load} {number} {copy} {place}", "timestamp": at,
                              "url": f"https://shop.example/?utm_source={source}&utm_medium={medium}"})
            if signs_up:
                at += SIGNS_UP_AFTER
                tracks.append({**person, "id": f"{load} {number} {copy} up", "timestamp": at,
                               "event": "signed_up"})
    return {"pages": pages, "tracks": tracks}
