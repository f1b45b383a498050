"""`takeback bench load`: how many posts this machine carries."""

import dataclasses
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from takeback_dev.measure.load import Result

_QUICK_SECONDS = 60.0
_ROOM = 12 << 30
"""Bytes that a bank of a million entries and its log need, with reserve, to lie in memory."""


def load(
    posts_per_second: Annotated[
        float | None,
        typer.Option(min=0.1, help="Rate to hold. Default: 70 % of what the machine reads at full speed."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=20, help="How long posts come, in all.")] = 600.0,
    entries: Annotated[
        int, typer.Option(min=100, help="Pictures in the bank, eight hashes each.")
    ] = 1_000_000,
    quick: Annotated[
        bool, typer.Option("--quick", help="One minute; times and memory say less then.")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", dir_okay=False, help="Also write the numbers here.")
    ] = None,
) -> None:
    """Measure how many posts this machine carries, from a post to its match.

    Two watchers read made posts into a PostgreSQL of their own, in a temporary folder: first as fast as they
    can, then at a rate to hold, while one of them is killed. Exit code: 0 only if nothing was lost or
    doubled, every picture was read and the machine kept up; 1 otherwise.
    """
    from takeback_dev.measure import load as measure

    with _folder() as folder, _progress() as say:
        result = measure.run(
            folder,
            rate=posts_per_second,
            seconds=_QUICK_SECONDS if quick else seconds,
            entries=entries,
            say=say,
        )
    _show(result)
    if json_file is not None:
        json_file.write_text(json.dumps(dataclasses.asdict(result), indent=1) + "\n", "utf-8")
    if not result.good:
        print("takeback: this run does not hold: see lost, doubled, unread, behind", file=sys.stderr)
        raise typer.Exit(1)


def _show(result: "Result") -> None:
    from rich.console import Console
    from rich.table import Table

    rows = Table("Measure", "Value", title=f"{result.entries:,} entries in the bank, {result.cores} cores")
    rows.add_row("as fast as posts are read", f"{result.capacity:.1f} posts/s")
    rows.add_row("the same, per core", f"{result.per_core:.1f} posts/s")
    rows.add_row("the same, in a day", f"{result.million_a_day:.2f} million posts")
    for use in result.busy:
        rows.add_row(f"cores used then by {use.group}", f"{use.cores:.2f}")
    rows.add_row("rate that was then asked for", f"{result.rate:.1f} posts/s")
    rows.add_row("behind at its end", f"{result.behind_seconds:.1f} s")
    for name, times in (("before the kill", result.before_kill), ("after it", result.after_kill)):
        rows.add_row(
            f"post to match, {name}",
            f"p50 {times.p50 * 1000:.0f} ms, p99 {times.p99 * 1000:.0f} ms, "
            f"longest {times.longest:.1f} s, {times.matches} matches",
        )
    for use in result.held:
        rows.add_row(
            f"memory of {use.group}",
            f"{use.first_mb:.0f} MB at first, {use.last_mb:.0f} MB at last, {use.mb_per_minute:+.1f} MB/min",
        )
    rows.add_row("posts", f"{result.posts:,}")
    rows.add_row("posts lost, doubled, unread", f"{result.lost}, {result.doubled}, {result.unread}")
    rows.add_row("bank into PostgreSQL", f"{result.fill_seconds:.0f} s")
    rows.add_row("watchers ready", f"{result.ready_seconds:.0f} s")
    Console(width=None if sys.stdout.isatty() else 120).print(rows)


@contextmanager
def _folder() -> Iterator[Path]:
    """In memory if there is room: then a slow disk does not count."""
    memory = Path("/dev/shm")  # noqa: S108 - memory; the folder in it is made safely
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM
    with tempfile.TemporaryDirectory(prefix="takeback-load-", dir=memory if roomy else None) as folder:
        yield Path(folder)


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """One bar for each thing that is done, on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=False) as bars:

        def say(words: str, part: float) -> None:
            if words not in tasks:
                for task in tasks.values():
                    bars.update(task, completed=1.0)
                    bars.stop_task(task)
                tasks[words] = bars.add_task(words, total=1.0)
            bars.update(tasks[words], completed=part)

        yield say
