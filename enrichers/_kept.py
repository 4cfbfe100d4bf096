"""What a cache may keep: short words only, so that hostile hits cannot fill the memory."""

from typing import Any, Final, TypeVar

KEY_BYTES: Final = 512
"""Of 38,000 real user agents none is longer, and browsers' user agent and client hints together are not either."""

Result = TypeVar("Result")


class NotKept(Exception):  # noqa: N818 - no error
    """Takes a result past `lru_cache`, which keeps what is returned and nothing of what is raised."""

    def __init__(self, result: Any) -> None:
        self.result = result


def kept(result: Result, *key: str | None) -> Result:
    """Return the result of a cached function, or raise `NotKept` with it if its key takes too much memory.

    So only what is not in the cache is measured. Text that is not ASCII takes up to four bytes a character.
    """
    if sum(len(text) if text.isascii() else 4 * len(text) for text in key if text) > KEY_BYTES:
        raise NotKept(result)
    return result
