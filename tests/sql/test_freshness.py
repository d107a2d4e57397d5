"""The check that a scheduler makes before a refresh: whether the sources received messages lately."""

from datetime import datetime, timedelta, timezone


def test_fresh_sources(engine):
    """Before the first refresh; with old messages; with a new one; and with wrong input."""
    def asked(arguments="{hours: 6}"):
        return engine.project.operate("fresh_sources", "--args", arguments)

    now = datetime.now(timezone.utc)
    engine.load("pages", [{"id": "1", "anonymous_id": "a", "received_at": now, "uuid_ts": now - timedelta(hours=30)}])
    assert asked()[0]
    engine.database.execute("create schema partitioning; create table partitioning.app_tracks (i int)")
    success, message = asked()
    assert not success and "No message was loaded in the last 6 hours: look at" in message
    assert asked("{hours: 31}")[0]
    engine.load("identifies", [{"id": "1", "anonymous_id": "a", "received_at": now}])  # begins no session
    assert not asked()[0]
    engine.load("screens", [{"id": "1", "anonymous_id": "a", "loaded_at": now}])
    assert asked()[0]
    assert "hours must be a number above 0" in asked("{hours: yes}")[1]
