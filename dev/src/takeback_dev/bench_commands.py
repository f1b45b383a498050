"""`takeback bench ...`: measurements that an operator can repeat, on pictures and a machine of their own."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from takeback_dev import bench_load

_WIDE = 160
"""Columns of a table that goes to a file."""

app = typer.Typer(help="Measure: what is recognised, and how fast.", no_args_is_help=True)
app.command()(bench_load.load)


@app.command()
def recall(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Photographs, at any depth.")],
    as_json: Annotated[
        Path | None, typer.Option("--json", dir_okay=False, help="Write the numbers to this file.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Edit so many photographs, evenly chosen; all are entries.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Photographs worked on at once. Default: one for each core.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Chance in edits: stickers, words, corners.")] = 1,
) -> None:
    """Measure how many edited copies of your photographs are recognised, and whether anything else is.

    Each photograph is edited in some ninety ways: recompressed, bordered, mirrored, cropped, in screenshots
    and collages. Files are read in this program's own processes: give it pictures of your own only. Nothing
    leaves this machine.
    """
    from rich.console import Console

    from takeback_dev.measure import numbers
    from takeback_dev.measure import recall as measuring

    entries, left_out = measuring.enter(measuring.pictures_in(folder))
    for path, why in left_out:
        print(f"takeback: left out {path}: {why}", file=sys.stderr)
    at_once = processes or os.cpu_count() or 1
    with _bar("Photographs", min(limit or len(entries.paths), len(entries.paths))) as progress:
        result = measuring.measure(entries, limit=limit, seed=seed, processes=at_once, progress=progress)
    if as_json is not None:
        as_json.write_text(numbers.as_json(result), "utf-8")
    Console(width=None if sys.stdout.isatty() else _WIDE).print(numbers.as_table(result))


@contextmanager
def _bar(description: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal's standard error, moved by saying how many are done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown = sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown) as bars:
        task = bars.add_task(description, total=total)
        yield lambda done: bars.update(task, completed=done)
