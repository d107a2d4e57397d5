"""The server that tests and benchmarks start for themselves."""

import pytest

from private_server import SETTINGS, CannotStart, chosen_settings


def test_settings(monkeypatch):
    monkeypatch.delenv("POSTGRES_SETTINGS", raising=False)
    assert chosen_settings() == SETTINGS
    monkeypatch.setenv("POSTGRES_SETTINGS", "work_mem=256MB search_path=a=b")
    assert chosen_settings() == SETTINGS | {"work_mem": "256MB", "search_path": "a=b"}
    monkeypatch.setenv("POSTGRES_SETTINGS", "work_mem=256MB, 6GB")
    with pytest.raises(CannotStart, match="POSTGRES_SETTINGS is name=value"):
        chosen_settings()
