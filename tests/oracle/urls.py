"""The few parts of a URL that matter: host, path and query parameters."""

import re
from urllib.parse import unquote_to_bytes

SCHEME_AND_AUTHORITY = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//([^/?#]*)")


def host_of(url):
    """Lower-case host without user and port; None where the URL has none ('/path', 'a.com/x')."""
    match = SCHEME_AND_AUTHORITY.match(url or "")
    if match is None:
        return None
    without_user = match.group(1).rpartition("@")[2]
    return re.sub(r":\d*\Z", "", without_user).lower() or None


def path_of(url):
    """What stands between the host and the query or fragment, '/' if nothing; None without a URL."""
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


def query_parameters(url, lower_names=False):
    """Name -> decoded value of the query; the first of equal names counts, empty values are left out.

    Names compared without case (click ids) count at their first value that is not empty.
    """
    query = (url or "").partition("#")[0].partition("?")[2]
    values = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if lower_names:
            name = name.lower()
        if value or not lower_names:
            values.setdefault(name, decode(value).strip(" "))
    return {name: value for name, value in values.items() if value}


def in_domain(host, domain):
    """Is the host the domain itself or one of its subdomains?"""
    return host == domain or host.endswith("." + domain)


def like(text, pattern):
    """SQL LIKE, case sensitive: % is any text, _ any one character."""
    wildcards = {"%": ".*", "_": "."}
    expression = "".join(wildcards.get(character) or re.escape(character) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None
