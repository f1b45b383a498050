"""`takeback match`: which of a folder's known pictures and clips other files show, with no server.

A helpline that has a few hundred pictures and a disk to search needs nothing else of Takeback. One line of
JSON for each file is the contract with programs; people get a table.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from takeback.errors import ConfigurationError

_WIDE = 200
"""Columns of a table that goes to a file."""


def match(
    query: Annotated[
        list[Path], typer.Argument(metavar="QUERY...", exists=True, help="Files, and folders at any depth.")
    ],
    bank: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Folder with the known pictures and clips.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON for each file.")] = False,
    details: Annotated[
        bool, typer.Option("--details", help="Tell of everything known that a file shows.")
    ] = False,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Files to read at once. Default: one for each core.")
    ] = None,
) -> None:
    """Compare pictures and clips with a folder of known ones. No server, nothing leaves this machine.

    Each QUERY file gets one line: "match" (the same picture: resized, recompressed, mirrored, turned, framed,
    in a screenshot or collage, as a negative; or the same clip, also cut), "review" (perhaps the same: look
    at both) or "none". Crops, stickers and photographs of a screen are found by a second look at points and
    their geometry, which alone never says more than "review".

    Files are decoded in confined processes. The known folder is only read. Hidden files in folders are left
    out. Known files with too little detail to be recognised are named on standard error and left out.

    Exit code: 0 when all files were asked, whatever came of it (a file that cannot be read has "error" in its
    line); 2 for wrong use, or if the folder holds nothing to compare with.
    """
    from rich.console import Console

    from takeback.entrypoints.cli import match_answers
    from takeback.signals.folder import KnownFiles, files_in, in_parallel
    from takeback.signals.sandbox import Decoder

    at_once = processes or os.cpu_count() or 1
    files, known_files = files_in(query), files_in([bank])
    with Decoder(processes=at_once) as decoder, _progress(as_json=as_json) as progress:
        known = KnownFiles(
            known_files, decoder, processes=at_once, progress=progress("Reading the known", len(known_files))
        )
        for left_out in known.left_out:
            print(f"takeback: not compared with {left_out.path}: {left_out.why}", file=sys.stderr)
        if not known.paths:
            raise ConfigurationError(f"{bank} holds no picture or clip that can be compared with")
        answers = in_parallel(known.ask, files, at_once, progress("Comparing", len(files)))
        if as_json:
            for answer in answers:
                print(json.dumps(match_answers.line(answer, known.paths, details=details)), flush=True)
            return
        table = match_answers.table(list(answers), known.paths, details=details)
    width = None if sys.stdout.isatty() else _WIDE
    Console(width=width).print(table)


@contextmanager
def _progress(*, as_json: bool) -> Iterator[Callable[[str, int], Callable[[], None]]]:
    """Bars on a terminal's standard error; none where lines of JSON come to the same terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    shown = sys.stderr.isatty() and not (as_json and sys.stdout.isatty())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        disable=not shown,
        redirect_stdout=False,  # it would send the answers to standard error
    ) as bars:

        def bar(description: str, total: int) -> Callable[[], None]:
            task = bars.add_task(description, total=total)
            return lambda: bars.advance(task)

        yield bar
