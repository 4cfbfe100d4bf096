import pytest

from pixel import log
from tests.blob_server import blob_server


@pytest.fixture(autouse=True)
def nothing_was_logged_before(monkeypatch):
    """Faults are logged once a minute; each test starts a new one."""
    monkeypatch.setattr(log, "_last", {})


@pytest.fixture(scope="session")
def azurite():
    """A Blob service that tests share; each takes a container of its own."""
    with blob_server() as server:
        yield server
