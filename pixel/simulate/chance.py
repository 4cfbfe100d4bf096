"""Chance that comes out the same for a seed, on every Python.

Only `random()` is drawn: of all methods of `random.Random` it is the one whose sequence Python promises to keep.
https://docs.python.org/3/library/random.html#notes-on-reproducibility
"""

from bisect import bisect
from collections.abc import Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

_Option = TypeVar("_Option")


class Weights(Generic[_Option]):
    """Options, each as likely as its weight says."""

    def __init__(self, weights: Mapping[_Option, float]) -> None:
        self.options = list(weights)
        self.upto = list(accumulate(weights.values()))
        self.total = self.upto[-1]


class Chance:
    """Everything that is left to chance is asked of one of these."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed).random  # noqa: S311 - nothing is kept secret by it
        """A number from 0 to 1, 1 excluded."""

    def below(self, end: int) -> int:
        """Return a whole number from 0 to `end`, `end` excluded."""
        return int(self.random() * end)

    def pick(self, options: Sequence[_Option]) -> _Option:
        """Return one of the options, each as likely as any other."""
        return options[int(self.random() * len(options))]

    def weigh(self, weights: Weights[_Option]) -> _Option:
        """Return one of the options by their weights."""
        return weights.options[bisect(weights.upto, self.random() * weights.total)]

    def zipf(self, count: int, shift: float = 1.0) -> int:
        """Return a rank from 0 to `count`, `count` excluded; rank r is as likely as 1 / (r + shift), about.

        Mandelbrot's form of Zipf's law: the larger `shift`, the less the first ranks stand out.
        """
        return min(int(shift * ((1 + count / shift) ** self.random() - 1)), count - 1)

    def wait(self, mean_s: float) -> float:
        """Return seconds until something that comes about every `mean_s` seconds: mostly less, at times much more."""
        u = self.random()
        # A fraction of mean 2.2 in place of -log(1 - u), whose last digit differs from one C library to the next.
        return mean_s / 2.2 * u / (1.05 - u)

    def hexadecimal(self, digits: int) -> str:
        """Return up to 13 hexadecimal digits."""
        return f"{int(self.random() * 16**digits):0{digits}x}"

    def uuid(self) -> str:
        """Return a UUID as scripts make them (version 4)."""
        text = self.hexadecimal(12) + self.hexadecimal(12) + self.hexadecimal(6)
        return f"{text[:8]}-{text[8:12]}-4{text[12:15]}-8{text[15:18]}-{text[18:30]}"
