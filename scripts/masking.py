"""Texts of queries without the secrets that may stand in them."""

import re

# What names a secret, and the beginning of an address with a password in it.
SECRET = re.compile(
    r"passw(or)?d?|pwd|secret|token|credential|(api|access|private|encryption|account)[ _-]?key|crypt"
    r"|://(?=[^\s/@]*:[^\s@]*@)",
    re.IGNORECASE)
LITERAL = re.compile(r"['$]")
HIDDEN = "*** (the rest is hidden: it may hold a secret)"


def masked(text: str) -> str:
    """The text; of one that speaks of a secret only what stands before the first literal and before what is named.

    A secret is written in too many ways (quotes, dollar quotes, escapes, comments between) to take out only itself.
    """
    named = SECRET.search(text)
    if not named:
        return text
    literal = LITERAL.search(text)
    return text[:min(named.end(), literal.start() if literal else len(text))].rstrip() + f" {HIDDEN}"
