"""NumberSet: a set of numbers that mostly come in runs, such as the `seq` of events: a bit each, so 10 million take 2 MB."""

from collections.abc import Iterator
from typing import Final

_BITS: Final = 4096


class NumberSet:
    """Numbers from 0 on, in any order. Each 4,096 of them are one int."""

    def __init__(self, blocks: dict[int, int] | None = None) -> None:
        self._blocks = blocks or {}

    def add(self, number: int) -> bool:
        """Add a number; say whether it is new."""
        block, bit = number // _BITS, 1 << number % _BITS
        bits = self._blocks.get(block, 0)
        if bits & bit:
            return False
        self._blocks[block] = bits | bit
        return True

    def add_run(self, first: int, last: int) -> None:
        """Add all numbers from `first` to `last`."""
        for block in range(first // _BITS, last // _BITS + 1):
            start = max(first - block * _BITS, 0)
            end = min(last - block * _BITS + 1, _BITS)
            self._blocks[block] = self._blocks.get(block, 0) | (1 << end) - (1 << start)

    def runs(self) -> Iterator[tuple[int, int]]:
        """Give the first and the last number of each run, rising."""
        held: tuple[int, int] | None = None
        for block in sorted(self._blocks):
            for first, last in _runs(self._blocks[block]):
                run = (first + block * _BITS, last + block * _BITS)
                if held and held[1] == run[0] - 1:
                    held = (held[0], run[1])
                else:
                    if held:
                        yield held
                    held = run
        if held:
            yield held

    def __len__(self) -> int:
        return sum(bits.bit_count() for bits in self._blocks.values())

    def __or__(self, other: "NumberSet") -> "NumberSet":
        ours, theirs = self._blocks, other._blocks
        return NumberSet({block: ours.get(block, 0) | theirs.get(block, 0) for block in ours | theirs})

    def __and__(self, other: "NumberSet") -> "NumberSet":
        return NumberSet({block: bits & other._blocks.get(block, 0) for block, bits in self._blocks.items()})

    def __sub__(self, other: "NumberSet") -> "NumberSet":
        return NumberSet({block: bits & ~other._blocks.get(block, 0) for block, bits in self._blocks.items()})


def _runs(bits: int) -> Iterator[tuple[int, int]]:
    start = 0
    while bits:
        zeros = (bits & -bits).bit_length() - 1
        bits >>= zeros
        ones = (~bits & bits + 1).bit_length() - 1
        yield start + zeros, start + zeros + ones - 1
        bits >>= ones
        start += zeros + ones
