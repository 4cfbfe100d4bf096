"""What commands show people in a terminal: a table, a bar."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


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
def bytes_bar() -> Iterator[Callable[[int, int], object] | None]:
    """Show a bar on standard error where someone sees it; give what moves it: so many bytes, of so many."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    with Progress(BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, size: bar.update(task, completed=done, total=size)
