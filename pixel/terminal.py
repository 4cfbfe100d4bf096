"""What commands share with people in a terminal: a table, a bar, a time that was typed."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table to standard output; numbers with commas, to the right."""
    from rich.console import Console  # 60 ms to import
    from rich.table import Column, Table

    numbers = [all(isinstance(row[index], int) for row in rows) for index in range(len(heads))]
    columns = [Column(head, justify="right" if right else "left") for head, right in zip(heads, numbers, strict=True)]
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(f"{each:,}" if isinstance(each, int) else str(each) for each in row))
    Console().print(table)


@contextmanager
def bytes_bar(*, transient: bool = False) -> Iterator[Callable[[int, int], object]]:
    """Show a bar on standard error where someone sees it; give what moves it: so many bytes, of so many.

    `transient` takes it away at the end.
    """
    if not sys.stderr.isatty():
        yield lambda done, size: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=transient) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, size: bar.update(task, completed=done, total=size)


def typed_time(text: str, like: str) -> datetime:
    """Read a time in ISO 8601, in UTC unless it says otherwise. Raises `argparse.ArgumentTypeError`: `text` is no `like`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no {like}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
