"""The few parts of a URL that matter: host, path and parameters."""

import re
from functools import cache
from urllib.parse import unquote_plus, unquote_to_bytes

SCHEME_AND_AUTHORITY = re.compile(r" *(?:[A-Za-z][A-Za-z0-9+.-]*:)?//([^/?#]*)")
NO_VALUE = re.compile(
    r"null|undefined|nan|\(not set\)|\[object object\]|\$?\{.*\}|__.*__|%%.*%%|\*\|.*\|\*", re.IGNORECASE | re.DOTALL)


@cache
def host_of(url):
    """Lower-case host without user, port and final dot; None where the URL has none ('/path', 'a.com/x')."""
    match = SCHEME_AND_AUTHORITY.match(url or "")
    if match is None:
        return None
    host = match.group(1).rpartition("@")[2]
    if host.startswith("["):
        address, bracket, _ = host.partition("]")
        host = address + bracket if bracket else ""
    else:
        host = host.partition(":")[0]
    return lower_case(host).rstrip(".") or None


def lower_case(text):
    """Letter by letter, whatever is around it, and each letter stays one."""
    return "".join(letter.lower()[0] for letter in text)


def path_of(url):
    """What is between the host and the query or fragment, '/' if nothing; None without a URL."""
    if url is None:
        return None
    match = SCHEME_AND_AUTHORITY.match(url)
    after_host = url[match.end():] if match else url
    return re.split(r"[?#]", after_host, maxsplit=1)[0] or "/"


def decode(text):
    """Undo percent and plus encoding; text that would not be clean UTF-8 stays as it was."""
    raw = unquote_to_bytes(text.replace("+", " "))
    try:
        decoded = raw.decode("utf-8")
    except UnicodeDecodeError:
        return text
    return text if "\0" in decoded else decoded


def is_no_value(text):
    """Is it what a template or script leaves where it has no value: 'null', '{campaign.name}'?"""
    return NO_VALUE.fullmatch(unquote_plus(text).strip(" ")) is not None


def separated(text):
    """(name in lower case, raw value) of each part of a query, search or fragment."""
    text = re.sub("&(amp;)+", "&", text, flags=re.IGNORECASE)
    for part in re.split("[&?]" if "&" in text else "[;?]", text):
        name, _, value = part.partition("=")
        yield name.lower(), value


@cache
def parameters_of(url, search=None):
    """Name in lower case -> decoded value of a message's parameters; of equal names the first with a value counts.

    Those of the query come first, then those of `search`, then those of the fragment.
    """
    before, _, fragment = (url or "").partition("#")
    values = {}
    for text in (before.partition("?")[2], search or "", fragment):
        for name, value in separated(text):
            decoded = decode(value).strip(" ")
            if decoded and not is_no_value(value):
                values.setdefault(name, decoded)
    return values


def in_domain(host, domain):
    """Is the host the domain itself or one of its subdomains?"""
    return host == domain or host.endswith("." + domain)


def like(text, pattern):
    """SQL LIKE, case sensitive: % is any text, _ any one character."""
    wildcards = {"%": ".*", "_": "."}
    expression = "".join(wildcards.get(character) or re.escape(character) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None
