import pytest

from pixel import log
from tests.blob_server import blob_server
from tests.stores import KINDS, a_container


@pytest.fixture(autouse=True)
def nothing_was_logged_before(monkeypatch):
    """Faults are logged once a minute; each test starts a new one."""
    monkeypatch.setattr(log, "_last", {})


@pytest.fixture(scope="session")
def azurite():
    """A Blob service that tests share; each takes a container of its own."""
    with blob_server() as server:
        yield server


@pytest.fixture(params=KINDS)
def where(request, tmp_path):
    """The settings of an empty store: `PIXEL_STORE`, `PIXEL_STORE_CONTAINER`."""
    if request.param == "folder":
        return str(tmp_path / "store"), "pixel"
    return request.getfixturevalue("azurite").connection_string(), a_container()
