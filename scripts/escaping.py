"""Text from data, from a database or from a file's name, as it may be printed."""


def escaped(text) -> str:
    """The text with whatever is no visible character as an escape such as \\x1b: a terminal would obey some of them."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in str(text))
