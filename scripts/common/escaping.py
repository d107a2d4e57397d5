"""Makes text from data, databases and file names safe to print."""


def escaped(text) -> str:
    """The text with invisible characters as escapes such as \\x1b: a terminal would obey some of them."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in str(text))


def said(text) -> str:
    """A value inside a sentence."""
    return f"'{text}'" if text is not None else "none"
