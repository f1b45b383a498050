"""`takeback well-known add`: pictures that everybody shares, so that no report can bank them.

What is listed is whatever a report of such a picture could bank: its whole, and the part that stands for it.
The list is a text file of the operator's, so lines are appended and nothing of hers is written anew.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from takeback.bank import rules
from takeback.bank.rules import Listed, WellKnown
from takeback.errors import ConfigurationError, Unreadable
from takeback.signals.model import MIN_QUALITY, ClipSignals, Pdq, PictureSignals

app = typer.Typer(
    help="Pictures that everybody shares (logos, memes, famous pictures): none of them can be banked.",
    no_args_is_help=True,
)
_HEADING = "# Pictures that everybody shares: none can be banked. A hash a line, with a comment behind it.\n"
_NOT_READ = 1


class Candidate(NamedTuple):
    """A hash that a report of a listed file could bank."""

    flips: tuple[Pdq, ...]
    comment: str


@dataclass(frozen=True, slots=True)
class Addition:
    """The lines that the files of one command add to the list."""

    lines: tuple[Listed, ...]
    there: int
    """Files of which everything was there already."""
    plain: tuple[Path, ...]
    """Files with too little detail to be banked."""


@app.command()
def add(
    picture: Annotated[
        list[Path], typer.Argument(metavar="PICTURE...", exists=True, help="Files, and folders at any depth.")
    ],
) -> None:
    """Add pictures to the list that TAKEBACK_WELL_KNOWN names, so that nobody's report of one is banked.

    Give it what very many people share: a logo, a meme, the photograph that everybody knows. Each file adds
    a line: its hash, and its name as a comment. A picture within a border, or in a page or collage, adds one
    for the part that would be banked, too; a clip adds its moments. Copies are recognised as anywhere else:
    resized, recompressed, mirrored, turned. The pictures themselves are not kept, and files are decoded in
    confined processes.

    What is there already adds nothing. What cannot be read is named, and the rest is added. The list is text
    and made if it does not exist; to take a picture off, delete its line. The service reads it when it
    starts.

    Exit code: 0 when every file was read; 1 when some were not; 2 for wrong use, or if the list cannot be
    read or written.
    """
    from takeback.infra.config import Settings
    from takeback.signals.folder import contents, files_in, in_parallel
    from takeback.signals.sandbox import Decoder

    settings = Settings()
    path = _place(settings.well_known)
    text = _read(path)
    listed = _parsed(path, text)
    files, processes = files_in(picture), settings.decoders
    with Decoder(processes=processes, seconds=settings.decode_seconds) as decoder:

        def read(file: Path) -> PictureSignals | ClipSignals | Unreadable:
            try:
                return decoder.read(contents(file), flips=True)
            except Unreadable as error:
                return error

        answers = list(zip(files, in_parallel(read, files, processes), strict=True))
    added = addition([(file, seen) for file, seen in answers if not isinstance(seen, Unreadable)], listed)
    _append(path, text, added.lines)
    refused = [(file, seen) for file, seen in answers if isinstance(seen, Unreadable)]
    for file, why in refused:
        print(f"takeback: not added: {file}: {why}", file=sys.stderr)
    for file in added.plain:
        print(f"takeback: not added: {file}: too little detail, it is never banked anyway", file=sys.stderr)
    new = len(answers) - len(refused) - len(added.plain) - added.there
    print(f"{new} added, {added.there} there already, {len(refused)} not read: {path}")
    if refused:
        raise typer.Exit(_NOT_READ)


def addition(files: Sequence[tuple[Path, PictureSignals | ClipSignals]], listed: WellKnown) -> Addition:
    """Return what files add to a list: nothing for which a line stands already."""
    lines: list[Listed] = []
    plain: list[Path] = []
    there = 0
    for file, seen in files:
        telling = [each for each in candidates(file.name, seen) if each.flips[0].quality >= MIN_QUALITY]
        before = len(lines)
        for candidate in telling:
            hashes = [flip.hash for flip in candidate.flips]
            if hashes not in listed:
                lines.append(Listed(hashes[0], rules.as_comment(candidate.comment)))
                listed = rules.and_also(listed, hashes[0])
        if not telling:
            plain.append(file)
        elif len(lines) == before:
            there += 1
    return Addition(tuple(lines), there, tuple(plain))


def candidates(name: str, seen: PictureSignals | ClipSignals) -> Iterator[Candidate]:
    """Yield whatever a report of this file could bank. It was read with its flips; `name` is for comments."""
    if isinstance(seen, ClipSignals):
        for frame in seen.frames:
            yield Candidate(frame.flips, f"{name}, at {frame.at_ms / 1000:g} s")
        return
    yield Candidate(seen.flips, name)
    chosen = rules.choose(seen)
    if chosen.flips != seen.flips:
        yield Candidate(chosen.flips, f"{name}, {chosen.cut}")


def _place(named: Path | None) -> Path:
    if named is None:
        raise ConfigurationError(
            "set TAKEBACK_WELL_KNOWN to the text file that holds the list, here and for the service; "
            "it is made if it does not exist"
        )
    return named


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8") if path.exists() else _HEADING
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"TAKEBACK_WELL_KNOWN, {path}: {error}") from error


def _parsed(path: Path, text: str) -> WellKnown:
    """The list as the service would read it: nothing is added to one that it refuses."""
    try:
        return rules.parse_well_known(text)
    except ValueError as error:
        raise ConfigurationError(f"TAKEBACK_WELL_KNOWN, {path}: {error}") from error


def _append(path: Path, text: str, lines: Sequence[Listed]) -> None:
    """In one write: a list that ends in half a line would keep the service from starting."""
    new = "".join(rules.format_listed(line) for line in lines)
    if not new:
        return
    before = text if not path.exists() else "" if text.endswith("\n") or not text else "\n"
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, (before + new).encode())
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise ConfigurationError(f"TAKEBACK_WELL_KNOWN, {path}: {error}") from error
