import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def what_the_sdk_leaves_open() -> Iterator[None]:
    """azure-eventhub leaves sockets to the garbage collector when a connection fails; it shall do so in the same module."""
    yield
    gc.collect()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore their warnings in this folder."""
    for item in items:
        if item.path.parent.name == "eventhubs":
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
