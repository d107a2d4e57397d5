"""An erased person is gone from every table, everybody else is as if that person had never existed, and the messages do not come back."""

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import erase
from database.published import publish, published_file, spare_of
from erasing import erasure
from harness import as_vars, assert_equal
from oracle import Settings, erased, without
from project import environment
from samples import together

SITE = Settings(own_domains=("example.com",))
VARIABLES = {**as_vars(SITE), "sources": {name: {"schema": "segment", "table": name, "optional": True}
                                          for name in ("tracks", "pages", "identifies", "aliases", "identity_overrides")}}
AT = datetime(2026, 3, 1, 9)
USER, PHONE, KIOSK, TABLET = "erased-user-8c11", "erased-phone-5d02", "kiosk", "tablet"
SECRETS = (USER, PHONE, "erased-message", "erased-page", "erased-click", "erased-campaign", "erased-event", "erased-note")
FOLDERS = ("partitioning", "aliasing", "sessions_stages", "sessions", "reporting")


def message(name, device, user=None, minutes=0, **more):
    at = AT + timedelta(minutes=minutes)
    return {"id": name, "anonymous_id": device, "user_id": user, "timestamp": at, "received_at": at, **more}


def page_of_erased(number, device, user=None, minutes=0):
    url = f"https://example.com/erased-page-{number}?gclid=erased-click-{number}&utm_campaign=erased-campaign"
    return message(f"erased-message-{number}", device, user, minutes, url=url, referrer="https://erased-page.example.org/")


def person():
    """Two loads of the person to erase: on a phone, on a kiosk where others come before, between and after, and on a tablet that is not theirs.

    The first takes them for one person with eve.
    """
    first = {
        "pages": [
            page_of_erased(1, PHONE), page_of_erased(2, KIOSK, minutes=100), page_of_erased(3, KIOSK, USER, minutes=105),
            {**page_of_erased(4, PHONE, USER), "id": None}, {**page_of_erased(5, PHONE), "timestamp": None, "received_at": None},
        ],
        "identifies": [message("erased-message-6", PHONE, USER, 1), message("erased-message-7", KIOSK, USER, 110)],
        "aliases": [{"id": "erased-message-8", "previous_id": PHONE, "user_id": USER, "timestamp": AT, "received_at": AT},
                    {"id": "erased-message-12", "previous_id": USER, "user_id": "eve", "timestamp": AT, "received_at": AT}],
    }
    second = {"tracks": [message("erased-message-9", PHONE, USER, 600, event="signed_up", event_text="erased-event"),
                         message("erased-message-10", KIOSK, USER, 310, event="Opened")],
              "pages": [page_of_erased(11, TABLET, USER, minutes=700)]}
    return [first, second]


def others():
    """Two loads of the kiosk's other users, of the tablet's owner, and of eve."""
    first = {
        "pages": [message("kept 1", KIOSK, minutes=0, url="https://example.com/?gclid=kept"), message("kept 2", KIOSK, minutes=200),
                  message("kept 3", KIOSK, minutes=400, url="https://example.com/?utm_campaign=kept"),
                  message("kept 8", TABLET, minutes=690, url="https://example.com/?gclid=tablet"), message("kept 9", None, "eve", minutes=-10)],
        "tracks": [message("kept 4", KIOSK, "ann", 5, event="signed_up"), message("kept 5", KIOSK, "ann", 205, event="Opened"),
                   message("kept 10", None, "eve", 620, event="signed_up")],
    }
    return [first, {"tracks": [message("kept 6", KIOSK, "bob", 405, event="signed_up"), message("kept 7", "else", "ann", 210, event="Opened")]}]


def overrides():
    """The messages about the person, and about others, from the second load on."""
    said = ((TABLET, "never_link", USER), ("eve", "never_link", USER), (PHONE, "link", USER), ("ann", "never_link", "eve"))
    return [{"id_a": one, "action": action, "id_b": other, "note": f"erased-note {one}" if USER == other else "kept"} for one, action, other in said]


class Terminal(StringIO):
    """What somebody types."""

    def isatty(self):
        return True


def command_line(engine, capsys, *arguments):
    """Exit code, stdout and stderr."""
    with environment(engine.database.environment):
        code = erase.main(["--target", engine.name, *arguments])
    return code, *capsys.readouterr()


def stored(engine) -> dict[str, list[str]]:
    """Table -> what is stored in it, without the numbers of batches."""
    found = engine.database.query(
        "select table_schema, table_name, column_name from information_schema.columns inner join information_schema.tables "
        "using (table_schema, table_name) where table_type = 'BASE TABLE' order by ordinal_position")
    tables = {}
    for row in found:
        if row["table_schema"] in FOLDERS and not row["table_name"].startswith("app_tracks_") and not row["column_name"].endswith("batch_id"):
            tables.setdefault(f"{row['table_schema']}.{row['table_name']}", []).append(row["column_name"])
    return {table: sorted(map(repr, engine.fetch(table, ", ".join(columns)))) for table, columns in tables.items()}


def places_of(engine, secrets) -> set[str]:
    """Tables of the project, and files, that hold one of these texts."""
    found = set()
    for row in engine.database.query("select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'"):
        if row["table_schema"] not in ("segment", "pg_catalog", "information_schema"):
            table = f"{row['table_schema']}.{row['table_name']}"
            condition = " or ".join(f"strpos(cast(stored as text), '{secret}') > 0" for secret in secrets)
            if engine.database.query(f"select 1 as found from {table} as stored where {condition} limit 1"):
                found.add(table)
    if engine.name == "duckdb":
        for file in engine.database.path.parent.rglob("signup_attribution*"):
            if file.is_file() and any(secret.encode() in file.read_bytes() for secret in secrets):
                found.add(file.name)
    return found


def test_erasure(engine, small_sample_days, project_seeds, capsys, monkeypatch, tmp_path):
    is_file, log = engine.name == "duckdb", tmp_path / "dbt.log"
    log.write_text(f"Key (id)=({PHONE}) is there twice\nKey (id)=({PHONE}-2) is there twice\n")
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path))
    loads = [together([*small_sample_days, *others()[:1], *person()[:1]]), together([*others()[1:], *person()[1:]])]
    for number, load in enumerate(loads):
        engine.receive(load)
        engine.override(overrides() if number else [])
        engine.refresh(VARIABLES, since="2026-01-01", reporting=is_file)
        if is_file:
            publish(engine.database.path, published_file(engine.database.path))
    assert_equal(engine, loads, SITE, project_seeds, overrides=overrides())
    for table in ("tracks", "pages", "identifies", "aliases"):  # sources are not ours to erase
        engine.database.execute(f"delete from segment.{table} where user_id = '{USER}' or anonymous_id = '{PHONE}' or id = 'erased-message-2'"
                                if table != "aliases" else f"delete from segment.aliases where '{USER}' in (user_id, previous_id)")
    engine.override([])
    places = places_of(engine, SECRETS)
    assert {"partitioning.app_tracks", "partitioning.rejected_events", "this_batch.batch_messages", "aliasing.identity_spans",
            "sessions_stages.evidence_combinations", "partitioning.event_names", "sessions.attribution", "this_batch.person_changes", "aliasing.applied_overrides",
            "refresh.restatements"} < places
    if is_file:
        assert {file.name for file in files_of(engine)} < places
    before = stored(engine)

    code, out, error = command_line(engine, capsys, PHONE, "--dry-run")
    assert code == 0 and not error and "persons 1, ids 2, messages 12, sessions 5, sign-ups 1" in out and USER in out and "no longer count; remove them there, too: 3\n" in out, out
    code, _, error = command_line(engine, capsys, PHONE)
    assert code == 2 and "--yes" in error
    ids = tmp_path / "ids.txt"
    ids.write_bytes(b"\xff\xfe")
    assert command_line(engine, capsys, "--file", str(ids), "--yes")[::2] == (
        2, f"The file {ids} cannot be read (it is not UTF-8): name a text in UTF-8 after --file, with one id per line.\n")
    ids.write_text(f"{PHONE}\r\n\n {USER}\n", encoding="utf-8-sig")  # as a spreadsheet writes it
    with monkeypatch.context() as terminal:
        terminal.setattr("sys.stdin", Terminal("n\n"))
        code, out, _ = command_line(engine, capsys, "--file", str(ids))
    assert code == 1 and "messages 12" in out and "Erase all of this?" in out and "Erased" not in out, out
    code, _, error = command_line(engine, capsys, "nobody", "--yes")
    assert code == 1 and error == "Nobody has the id 'nobody': look for it in the table aliases; upper and lower case differ.\n"
    assert stored(engine) == before and not engine.fetch("refresh.erasures")

    if is_file:
        with monkeypatch.context() as elsewhere:
            elsewhere.setitem(engine.database.environment, "SIGNUP_ATTRIBUTION_DUCKDB", str(tmp_path / "none.duckdb"))
            for options in (["--yes"], []):
                assert command_line(engine, capsys, PHONE, *options)[::2] == (2, "There are no tables yet: run scripts/refresh.py.\n")
        assert not (tmp_path / "none.duckdb").exists()

    if is_file:  # what is left to do after an interruption is done later
        with monkeypatch.context() as broken:
            broken.setattr(erasure, "rewrite", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
            code, _, error = command_line(engine, capsys, PHONE, "--yes")
        assert code == 1 and "not yet out of" in error and "disk full" in error
        assert places_of(engine, SECRETS) == {file.name for file in files_of(engine)}
        code, out, _ = command_line(engine, capsys, PHONE, "--yes")
        assert code == 1 and "is finished" in out
    else:
        monkeypatch.setattr("sys.stdin", Terminal("y\n"))
        code, out, error = command_line(engine, capsys, "--file", str(ids))
        assert code == 0 and not error and "VACUUM" in out
    assert not places_of(engine, SECRETS)
    assert log.read_text() == f"Key (id)=({PHONE}-2) is there twice\n"
    (logged,) = engine.fetch("refresh.erasures")
    assert (logged["person_count"], logged["id_count"], logged["message_count"], logged["session_count"], logged["signup_count"]) == (1, 2, 12, 5, 1)
    assert logged["erased_by"] and logged["finished_at"] >= logged["erased_at"]
    gone = erased(loads, [PHONE], SITE, project_seeds, overrides())
    left, said = without(loads, gone, SITE, project_seeds), gone.of_others(overrides(), project_seeds)
    assert said == overrides()[3:]
    assert_equal(engine, left, SITE, project_seeds, "after the erasure", said)

    # The same messages again, and a new one.
    again = together([*person(), {"pages": [page_of_erased("new", PHONE, minutes=30), page_of_erased("later", KIOSK, USER, minutes=900)]}])
    engine.receive(again)
    engine.override(overrides())
    engine.refresh(VARIABLES, since="2026-01-01", reporting=is_file)
    assert [row["note"] for row in engine.fetch("aliasing.applied_overrides")] == ["kept"]
    left += without([again], gone, SITE, project_seeds)
    assert [row["id"] for row in left[-1]["pages"]] == ["erased-message-new", "erased-message-later"]
    assert_equal(engine, left, SITE, project_seeds, "after the same messages came again", said)
    known = stored(engine)
    engine.refresh(VARIABLES, full_refresh=True, reporting=is_file)
    assert_equal(engine, left, SITE, project_seeds, "after a full refresh", said)
    rebuilt = stored(engine)
    assert {table for table in rebuilt if rebuilt[table] != known.get(table)} == set()


def files_of(engine) -> list[Path]:
    """The files of a DuckDB database."""
    published = published_file(engine.database.path)
    return [engine.database.path, published, spare_of(published)]
