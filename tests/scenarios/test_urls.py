"""Hosts and parameters: the SQL finds the same in generated URLs as Python's libraries and the oracle."""

import random
from urllib.parse import urlsplit

import idna
import pytest

from oracle.urls import parameters_of, path_of

COUNT = 6_000
PARSED = """
{{ create_helper_functions() }}
-- next
with urls as (
    select *, {{ url_query('page_url') }} as query, {{ url_fragment('page_url') }} as fragment from generated_urls
),

separated as (
    select *, {{ url_parameters('query', 'page_search', 'fragment') }} as all_parameters from urls
),

valued as (
    select *, {{ valued_parameters('all_parameters') }} as parameters from separated
)

select
    {{ url_host('page_url') }} as host,
    {{ url_path('page_url') }} as path,
    {%- for name in ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'gclid'] %}
    {{ decoded(query_parameter('parameters', name)) }} as {{ name }},
    {%- endfor %}
    case when lower(parameters) like '%&gclid=%' then {{ decoded(named_parameter('parameters', "'gclid'")) }} end as named_gclid,
    {{ parameter_names(other_parameters('parameters')) }} as names
from valued
order by number
"""

LETTERS = "abcxyzABCXYZ019-äöüßÄÖÜéÉñÑøØåÅœŒčČžŽабвжяАБВЖЯαβγωςΑΒΓΩσΣאבعربी日本語𐐀"
ADDRESSES = ("[::1]", "[2001:DB8::1]", "[::ffff:192.0.2.1]", "192.0.2.1", "localhost", "")
SCHEMES = ("https://", "https://", "http://", "HTTPS://", "//", "android-app://", "ftp://", "x+y.z-1://", " https://")
USERS = ("", "", "", "user@", "user:pw@", "a@b@", "Ä:%40@", ":@")
PORTS = ("", "", "", ":", ":443", ":8080", ".", ".:80")
TAILS = ("", "", "/", "/a/b", "/user@example.com", "/a:b//c.d/", "?q=http://other.example/", "#top", "#/a?b=c", "/?x=[1]&y=a@b", "?", "#", "/Ü#@")
ODD = (None, "", "/a?b//c", "a.example/b", "https:/a.example/", "mailto:a@b.example", "1x://a.example/", "https//a.example", "/x?u=https://b.example/", ":", "//")

NAMES = ("utm_source", "utm_medium", "utm_campaign", "UTM_Source", "Utm_Term", "utm_content", "utm_id", "gclid", "GCLID", "page", "xutm_source", "utm_sourc", "utm-source")
VALUES = (
    "google", "a+b", "100%25", "%E2%82%AC%20sale", "%FF", "a%00b", "", "+", "%20+", "a=b", "x:y@z", "nullify", "{open", "not set", "ünd", "%2", "%zz%7E",
    "null", "Undefined", "NaN", "(not set)", "(not%20set)", "%28Not+Set%29", "[object Object]", "%5Bobject%20object%5D", "{campaign.name}",
    "{{campaign.name}}", "%7B%7Bad.name%7D%7D", "+${x}%20", "__CAMPAIGN_NAME__", "%%jobid%%", "%25%25jobid%25%25", "*|CAMPAIGN|*", "*%7CC%7C*",
)
SEPARATORS = ("&", "&", "&", "&", "&amp;", "&AMP;", "&amp;amp;", "?", ";", "&&")
TEXT = "ab1Z +:;@/=&?#.ü€{}()%"


def generated_hosts(random_numbers):
    """(URL, host that Python's libraries find in it) of usual and odd URLs."""
    choice = random_numbers.choice
    for number in range(COUNT):
        name = ".".join("".join(random_numbers.choices(LETTERS, k=random_numbers.randint(1, 6))) for _ in range(random_numbers.randint(1, 4)))
        host = choice(ADDRESSES) if number % 5 == 0 else name
        url = choice(SCHEMES) + choice(USERS) + host + choice(PORTS) + choice(TAILS)
        # Python lower-cases a last sigma differently, and in a host that is another letter
        found = (urlsplit(url.replace("Σ", "σ")).hostname or "").rstrip(".")
        if found and host == name:
            assert found == idna.uts46_remap(name, std3_rules=False), "the two libraries differ"
        yield url, (f"[{found}]" if ":" in found else found) or None
    for url in ODD:
        yield url, None
    yield "https://ΟΔΟΣ.ΕΛΛΑΣ/", "οδοσ.ελλασ"
    yield "https://" + "a." * 200 + "example", "a." * 200 + "example"


def generated_parameters(random_numbers):
    """(URL, search) with parameters in all places, repeated, without value, and with any separator."""
    choice = random_numbers.choice

    def part():
        if random_numbers.random() < 0.1:
            return "".join(random_numbers.choices(TEXT, k=8))
        pairs = [f"{choice(NAMES)}={choice(VALUES)}" if random_numbers.random() < 0.9 else choice(NAMES) for _ in range(random_numbers.randint(1, 5))]
        usual = choice(SEPARATORS)
        return "".join(pair + (usual if random_numbers.random() < 0.8 else choice(SEPARATORS)) for pair in pairs)[:-1]

    for _ in range(COUNT):
        query = choice(("", "?", "")) + part() if random_numbers.random() < 0.7 else None
        url = "https://shop.example/a" + ("" if query is None else "?" + query)
        if random_numbers.random() < 0.3:
            url += "#" + choice(("", "/page?", "!/page;x?", "top&")) + part()
        search = choice((None, None, "", "?", query, "?" + (query or ""), "?" + part(), part()))
        yield choice((url,) * 9 + (None,)), search


@pytest.fixture
def parsed(engine):
    """A function: what the project's SQL finds in each (URL, search)."""
    def parse(urls):
        compiled = engine.project.invoke("compile", "--inline", PARSED, manifest=engine.project.manifest()).result.results[0].node.compiled_code
        functions, query = compiled.split("-- next")
        columns = {"number": "bigint", "page_url": "text", "page_search": "text"}
        with engine.database.connected():
            if functions.strip():
                engine.database.execute(functions)
            engine.database.execute("create schema if not exists segment; create table segment.generated_urls (number bigint, page_url text, page_search text)")
            engine.database.append("segment.generated_urls", columns, [
                {"number": number, "page_url": url, "page_search": search} for number, (url, search) in enumerate(urls)])
            return engine.database.query(query.replace("from generated_urls", "from segment.generated_urls"))
    return parse


def test_hosts_and_parameters(parsed):
    random_numbers = random.Random(2026)
    hosts, parameters = list(generated_hosts(random_numbers)), list(generated_parameters(random_numbers))
    urls = [(url, None) for url, _ in hosts] + parameters
    rows = parsed(urls)
    wrong = [(url, host, row["host"]) for (url, host), row in zip(hosts, rows) if row["host"] != host]
    assert wrong == []
    wrong = [(url, row["path"]) for (url, _), row in zip(urls, rows) if row["path"] != path_of(url)]
    assert wrong == []
    for (url, search), row in zip(urls, rows, strict=True):
        found = parameters_of(url, search)
        names = {name for name in found if name and not name.startswith("utm_")}
        expected = {name: found.get(name) for name in row if name.startswith("utm_") or name == "gclid"}
        expected.update(named_gclid=found.get("gclid"), names=names)
        actual = {**row, "names": set(row["names"].split("&")) - {""}}
        assert expected == {name: actual[name] for name in expected}, (url, search)
    assert sum(row["utm_source"] is not None for row in rows) > COUNT / 10
