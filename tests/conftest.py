import pytest

from pixel import log


@pytest.fixture(autouse=True)
def nothing_was_logged_before(monkeypatch):
    """Faults are logged once a minute; each test starts a new one."""
    monkeypatch.setattr(log, "_last", {})
