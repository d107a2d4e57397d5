"""Random paths, and what the library marketing-attribution-models computes for them, for the tests to compare with.

    make mam      # in an environment of its own: the library needs half a gigabyte of others

Writes tests/data/mam.json. The library, like tables of paths in general, counts the worked example's paths and the random ones
together. Its Shapley values are those of other games than ours and are left out.
"""

import json
import random
from importlib.metadata import version

import pandas
from mam import MAM

from paths import CHANNELS, DATA, SIGNS_UP_AFTER, worked_example

RANDOM_PATHS = 60
SEED = 2026
DAY_HOURS = 24


def random_paths() -> list[tuple[list[str], bool, int]]:
    """Paths of one to six channels, which often repeat; some are of several persons."""
    chance = random.Random(SEED)
    return [(chance.choices(list(CHANNELS), weights=[6, 4, 3, 3, 2, 1], k=chance.choice([1, 1, 2, 2, 3, 4, 6])),
             chance.random() < 0.4, chance.choice([1, 1, 1, 2, 3])) for _ in range(RANDOM_PATHS)]


def credits(result) -> dict[str, float]:
    """Channel -> credit."""
    return dict(sorted(zip(*result.to_pandas()[["channels", "attribution"]].to_dict("list").values())))


def main():
    made = random_paths()
    journeys = []
    for channels, signs_up, count in worked_example() + made:
        hours = [(len(channels) - 1 - place) * DAY_HOURS + SIGNS_UP_AFTER.total_seconds() / 3600 for place in range(len(channels))]
        journeys += [{"channels": " > ".join(channels), "converts": signs_up, "hours": " > ".join(map(str, hours))}] * count
    table = pandas.DataFrame(journeys).rename_axis("journey_id").reset_index()
    library = MAM(table, "journey", "channels", "converts", user_id_colname="journey_id", time_till_conv_colname="hours")
    markov = library.run_markov()
    found = {
        "library": f"marketing-attribution-models {version('marketing-attribution-models')}",
        "paths": made,
        "first": credits(library.run_first_click()),
        "last": credits(library.run_last_click()),
        "linear": credits(library.run_linear()),
        "position": credits(library.run_position_based()),
        "time_decay": credits(library.run_time_decay()),
        "markov_touch_credits": credits(markov),
        "markov_removal_effects": markov.metadata["removal_effect"]["removal_effect"].to_dict(),
    }
    lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items())
    (DATA / "mam.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
