"""Query texts without the secrets they may contain."""

import re

# Words that name a secret, and the beginning of an address that contains a password.
SECRET = re.compile(
    r"passw(or)?d?|pwd|secret|token|credential|(api|access|private|encryption|account)[ _-]?key|crypt"
    r"|://(?=[^\s/@]*:[^\s@]*@)",
    re.IGNORECASE)
LITERAL = re.compile(r"['$]")
HIDDEN = "*** (the rest is hidden: it may hold a secret)"


def masked(text: str) -> str:
    """The text; if it mentions a secret, only the part before the first literal and before the secret's value.

    A secret can be written in too many ways (quotes, dollar quotes, escapes, comments) to remove just the secret itself.
    """
    named = SECRET.search(text)
    if not named:
        return text
    literal = LITERAL.search(text)
    return text[:min(named.end(), literal.start() if literal else len(text))].rstrip() + f" {HIDDEN}"
