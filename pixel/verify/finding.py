"""Finding: something that `verify` noticed, and what a person can do about it."""

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """What is wrong with which hit (empty: with all), and where to look. `wrong` is False for what is only told."""

    hit: str
    what: str
    look: str = ""
    wrong: bool = True
