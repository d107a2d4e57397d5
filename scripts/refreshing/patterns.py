"""Regular expressions that PostgreSQL, DuckDB (RE2) and Python read alike.

Allowed: literals, ., [...], (...), (?:...), |, *, +, ?, {n,m}, ^, $, and \\ before punctuation or one of dDsSwW.
"""

import re
import warnings

LARGEST_REPEAT = 255  # PostgreSQL's; RE2 allows more
# Patterns above these sizes are refused as too complex, or take seconds to compile, on one of the databases (tried on both).
MOST_SIGNS, MOST_OPTIONS = 10_000, 255
PARTS = re.compile(r"(?P<open>\((\?:)?)|(?P<close>\))|(?P<or>\|)|(?P<repeat>[*+?]|\{(?P<least>\d+)(?P<comma>,)?(?P<most>\d*)\})|(?P<sign>.)", re.DOTALL)
# Searched for in the pattern after removing what backslashes escape and what brackets contain.
NOT_EVERYWHERE = {
    r"\(\?(?!:)": "a group that begins with (? and not with (?:",
    r"[*+?}][?+]": "a lazy or possessive repetition such as *? or ++",
    r"[$^][*+?{]": "a repetition of ^ or $",
    r"\{(?!\d+(,\d*)?\})": "a brace that is not a repetition such as {2} or {1,3}",
    r"(?<!\{)(?<!\d)(?<!\d,)\}": "a closing brace without an opening one",
    r"\[": "a bracket inside brackets",
}


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with a pattern and what to do, as the end of a sentence that begins with its name; None if it is fine."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns about syntax whose meaning may change
            re.compile(pattern)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        return f"is not a regular expression ({error}): correct it."
    if escape := re.search(r"\\[a-zA-Z0-9]", re.sub(r"\\\\|\\[dDsSwW]", "", pattern)):
        return f"has {escape[0]}, which not every database supports: write the pattern without it."
    plain = re.sub(r"\\.", "_", pattern, flags=re.DOTALL)
    outside = re.sub(r"\[\^?[^\[\]]+\]", "_", plain)
    for found, what in NOT_EVERYWHERE.items():
        if re.search(found, outside):
            return f"has {what}, which not every database supports: write the pattern without it."
    if any(int(number) > LARGEST_REPEAT for number in re.findall(r"(?<=[{,])\d+(?=[,}])", outside)):
        return f"repeats more than {LARGEST_REPEAT} times, which not every database supports: write it without."
    signs, options, repeats = size(outside)
    if signs > MOST_SIGNS or options > MOST_OPTIONS or repeats > LARGEST_REPEAT:
        return "is too complex for some databases, with repetitions inside repetitions written out: make it shorter."
    if capital := next((letter for letter in plain if letter != letter.lower()), None):
        return f"has the capital letter {capital} but is compared with lower-cased text: write it in lower case."
    return None


def size(outside: str) -> tuple[int, int, int]:
    """The size of a pattern with its repetitions written out: characters, optional characters or groups, and the largest product of
    nested repetition counts. outside: the pattern with one character for each escape and bracket.
    """
    groups, last = [], (0, 0, 1)  # for each open group, what precedes its last part, to which a repetition applies
    total = (0, 0, 1)
    for part in PARTS.finditer(outside):
        if part["repeat"]:
            signs, options, repeats = last
            least = int(part["least"] or (part["repeat"] == "+"))
            most = int(part["most"] or (least if part["least"] and not part["comma"] else max(least, 1)))
            may_end = part["repeat"] in "*+" or bool(part["comma"] and not part["most"])
            last = (signs * most, options * most + (1 if may_end else most - least), repeats * most)
            continue
        total = together(total, last)
        last = (0, 0, 1)
        if part["open"]:
            groups.append(total)
            total = (0, 0, 1)
        elif part["close"]:
            last, total = total, groups.pop()
        elif part["sign"]:
            last = (1, 0, 1)
    return together(total, last)


def together(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[int, int, int]:
    """The size of two parts in a row."""
    return one[0] + other[0], one[1] + other[1], max(one[2], other[2])
