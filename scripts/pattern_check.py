"""Regular expressions that PostgreSQL, DuckDB (RE2) and Python read alike.

What is left: texts, ., [...], (...), (?:...), |, *, +, ?, {n,m}, ^, $, and \\ before a sign or one of dDsSwW.
"""

import re
import warnings

LARGEST_REPEAT = 255  # PostgreSQL's; RE2 allows more
# Looked for in the pattern without what its backslashes escape, and without the insides of brackets.
NOT_EVERYWHERE = {
    r"\(\?(?!:)": "a group that begins with (? and not with (?:",
    r"[*+?}][?+]": "a lazy or possessive repetition such as *? or ++",
    r"[$^][*+?{]": "a repetition of ^ or $",
    r"\{(?!\d+(,\d*)?\})": "a brace that is no repetition such as {2} or {1,3}",
    r"(?<!\{)(?<!\d)(?<!\d,)\}": "a closing brace without an opening one",
    r"\[": "a bracket inside brackets",
}


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with a pattern and what to do, to be read after its name; None if it is fine."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of what it may read otherwise one day
            re.compile(pattern)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        return f"is no regular expression ({error}): correct it."
    if escape := re.search(r"\\[a-zA-Z0-9]", re.sub(r"\\\\|\\[dDsSwW]", "", pattern)):
        return f"has {escape[0]}, which not every database knows: write it without."
    plain = re.sub(r"\\.", "_", pattern, flags=re.DOTALL)
    outside = re.sub(r"\[\^?[^\[\]]+\]", "_", plain)
    for found, what in NOT_EVERYWHERE.items():
        if re.search(found, outside):
            return f"has {what}, which not every database knows: write it without."
    if any(int(number) > LARGEST_REPEAT for number in re.findall(r"(?<=[{,])\d+(?=[,}])", outside)):
        return f"repeats more than {LARGEST_REPEAT} times, which not every database can: write it without."
    capital = next((letter for letter in plain if letter != letter.lower()), None)
    if capital:
        return f"has the capital letter {capital} but is compared with lower-cased text: write it in lower case."
    return None
