import itertools

from hypothesis import given
from hypothesis import strategies as st

from pixel.number_set import NumberSet

NUMBERS = st.sets(st.integers(0, 20_000) | st.integers(4090, 4102) | st.integers(10**12, 10**12 + 5), max_size=60)


def made(numbers):
    made = NumberSet()
    for number in numbers:
        assert made.add(number)
        assert not made.add(number)
    return made


def listed(numbers):
    return [number for first, last in numbers.runs() for number in range(first, last + 1)]


@given(NUMBERS, NUMBERS)
def test_it_is_a_set_of_numbers(one, other):
    assert listed(made(one)) == sorted(one)
    assert len(made(one)) == len(one)
    assert listed(made(one) | made(other)) == sorted(one | other)
    assert listed(made(one) & made(other)) == sorted(one & other)
    assert listed(made(one) - made(other)) == sorted(one - other)


@given(st.integers(0, 20_000), st.integers(0, 20_000), NUMBERS)
def test_a_run_is_all_its_numbers(first, length, before):
    numbers = made(before)
    numbers.add_run(first, first + length)
    assert listed(numbers) == sorted(before | set(range(first, first + length + 1)))


@given(NUMBERS)
def test_runs_rise_and_do_not_touch(numbers):
    runs = list(made(numbers).runs())
    assert all(one[1] + 1 < two[0] for one, two in itertools.pairwise(runs))
