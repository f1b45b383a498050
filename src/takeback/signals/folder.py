"""Files compared with known files, in both stages: `takeback match`, without a server.

Everything is decoded in the sandbox, the operator's own files too: they came from strangers once. Nothing is
written, so the known files are read anew at each start. Known pictures are asked one by one in the second
stage, so it is asked only where the first finds nothing.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from takeback.errors import ConfigurationError, Unreadable, WhyUnreadable
from takeback.signals.details import features
from takeback.signals.details.features import Features
from takeback.signals.known import Found, Known, Signals, surest_first, why_not_known
from takeback.signals.model import Flip, PictureSignals
from takeback.signals.parts.decode import MAX_BYTES
from takeback.signals.relation import Hit, needs_exact, shown_by
from takeback.signals.sandbox import Decoder

_T = TypeVar("_T")
_U = TypeVar("_U")
_SECOND = 2


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A known file that nothing is compared with."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of comparing one file."""

    query: Path
    found: tuple[Found, ...]
    """What it shows of the known files, the surest first."""
    error: Unreadable | None = None
    """Why it could not be compared."""


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files named, and those in the folders named, at any depth, in order of name.

    Hidden files and folders are left out, and no link to a folder is followed.

    Raises:
        ConfigurationError: a folder cannot be read; leaving it out would say "none" of what nobody looked at.
    """
    found: list[Path] = []
    for path in paths:
        found += _files_below(path) if path.is_dir() else [path]
    return found


def _files_below(folder: Path) -> Iterator[Path]:
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise ConfigurationError(f"the folder {folder} cannot be read: {error.strerror}") from error
    for path in inside:
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if not path.is_symlink():
                yield from _files_below(path)
        elif path.is_file():
            yield path


def contents(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Return a file's bytes. Raises Unreadable: TOO_MANY_BYTES, or GONE with the system's reason."""
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise Unreadable(WhyUnreadable.GONE, error.strerror or type(error).__name__) from error
    if len(data) > max_bytes:
        raise Unreadable(WhyUnreadable.TOO_MANY_BYTES, f"at most {max_bytes} bytes are read")
    return data


class KnownFiles:
    """Known files to compare with; any number of threads may ask.

    Args:
        paths: the files.
        decoder: reads them, and what is compared with them.
        processes: how many files to read at once.
        progress: called after each file that was read.
    """

    def __init__(
        self, paths: Sequence[Path], decoder: Decoder, *, processes: int, progress: Callable[[], None]
    ) -> None:
        self._decoder = decoder
        self._processes = processes
        self._lock = threading.Lock()
        self._points: list[tuple[int, Features]] | None = None
        read = list(in_parallel(self._read_known, paths, processes, progress))
        self.left_out = tuple(each for each in read if isinstance(each, LeftOut))
        usable = [each for each in read if not isinstance(each, LeftOut)]
        self.paths = tuple(path for path, _ in usable)
        """Of what is compared with, by the number in `Found.known`."""
        self._pictures = [n for n, (_, each) in enumerate(usable) if isinstance(each, PictureSignals)]
        self._known = Known([signals for _, signals in usable])

    def _read_known(self, path: Path) -> tuple[Path, Signals] | LeftOut:
        try:
            signals = self._decoder.read(contents(path), flips=True, exact=True)
        except Unreadable as error:
            return LeftOut(path, str(error))
        why = why_not_known(signals)
        return (path, signals) if why is None else LeftOut(path, why)

    def ask(self, path: Path) -> Answer:
        """Return what a file shows of the known ones."""
        try:
            data = contents(path)
            return Answer(path, tuple(self._ask(data)))
        except Unreadable as error:
            return Answer(path, (), error)

    def _ask(self, data: bytes) -> list[Found]:
        signals = self._decoder.read(data)
        shown = shown_by(signals)
        near = self._known.near(shown)
        if needs_exact(shown, near):
            signals = self._decoder.read(data, exact=True)
            shown = shown_by(signals)
            near = self._known.near(shown)
        found = self._known.first_stage(shown, near)
        if found or not isinstance(signals, PictureSignals):
            return found
        return self._second_stage(data)

    def _second_stage(self, data: bytes) -> list[Found]:
        known = self._known_points()
        if not known:
            return []
        query = self._features(data)
        found = []
        for number, points in known:
            agreement = features.agree(query, points)
            if agreement is not None:
                flip = Flip.MIRROR if agreement.mirrored else Flip.NONE
                hit = Hit(
                    None,
                    flip,
                    negative=False,
                    box=agreement.box,
                    review_only=True,
                    stage=_SECOND,
                    inliers=agreement.inliers,
                )
                found.append(Found(number, hit))
        return sorted(found, key=surest_first)

    def _known_points(self) -> list[tuple[int, Features]]:
        with self._lock:
            if self._points is None:
                points = in_parallel(self._points_of, self._pictures, self._processes)
                self._points = [each for each in points if each is not None]
            return self._points

    def _points_of(self, number: int) -> tuple[int, Features] | None:
        try:
            return number, self._features(contents(self.paths[number]))
        except Unreadable:  # it was read a moment ago: whatever happened to it, its hashes still stand
            return None

    def _features(self, data: bytes) -> Features:
        try:
            return features.parse_features(self._decoder.features(data))
        except features.BadFeatures as error:
            raise Unreadable(WhyUnreadable.DECODER_DIED, str(error)) from error


def in_parallel(
    work: Callable[[_T], _U], items: Sequence[_T], processes: int, progress: Callable[[], None] | None = None
) -> Iterator[_U]:
    """Return the results in order, as they come; threads suffice, since the decoder's processes do the work.

    Only a few items are begun before their turn, so a fault ends the rest.
    """
    pool, ahead, waiting = ThreadPoolExecutor(processes), deque[Future[_U]](), iter(items)
    try:
        while True:
            ahead.extend(pool.submit(work, item) for item in islice(waiting, 2 * processes - len(ahead)))
            if not ahead:
                return
            result = ahead.popleft().result()
            if progress is not None:
                progress()
            yield result
    finally:
        pool.shutdown(cancel_futures=True)
