"""Progress of long work: a bar on a terminal, silence in a pipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Task


@contextmanager
def progress(title: str, total: int | None = None, unit: str = "") -> Iterator[Callable[[int], None]]:
    """Yields a function that takes how much is done. Shown on the error stream, so that a table can be piped."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield lambda done: None
        return
    if total:
        counted: tuple[ProgressColumn, ...] = (BarColumn(), TextColumn("{task.completed:,.0f}/{task.total:,.0f}"))
    else:
        counted = (TextColumn("{task.completed:,.0f}"),) if unit else ()
    rate = (TextColumn("{task.fields[rate]}"),) if unit else ()
    left = (TimeRemainingColumn(), TextColumn("left")) if total else ()
    columns = (TextColumn("{task.description}"), *counted, *rate, TimeElapsedColumn(), *left)
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=total, rate=unit)
        yield lambda done: bar.update(task, completed=done, rate=_rate(bar.tasks[0], unit))


def _rate(task: "Task", unit: str) -> str:
    """How many of the unit a second, with the digits that mean something."""
    speed = task.speed
    if not speed:
        return unit
    return f"{speed:,.0f} {unit}/s" if speed >= 10 else f"{speed:.2g} {unit}/s"
