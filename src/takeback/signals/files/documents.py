"""All that a file of any kind can show: one walk, for the study child only.

Documents and archives hold pictures, clips and further documents; each is walked in the same way, two levels
deep. The first thing that can be shown is the file's ordinary view.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.clips.formats import clips_behind
from takeback.signals.clips.moments import read_clip, show_clip
from takeback.signals.files import archive, covers, kind, pdf, svg
from takeback.signals.files.kind import FileKind, kind_of
from takeback.signals.model import Box, ClipSignals, Cut, PictureSignals, Variant
from takeback.signals.parts import names
from takeback.signals.parts.budget import Budget, guarded
from takeback.signals.parts.decode import BLACK, MAX_BYTES, MAX_PIXELS, WHITE, check_size, said_as_unreadable
from takeback.signals.parts.picture import Parts, first_of, take
from takeback.signals.parts.stills import walk_picture
from takeback.signals.parts.view import Footage, Still
from takeback.signals.pdq.reference import Pixels

MOST_VIEWS = 256
"""Of one document."""
SECONDS = 36.0
_PIXELS = 2_000_000_000
"""Of all views of one document together: 160 photographs of 12 megapixels."""
_DEEPEST = 2
"""An archive within an archive; its members may be pictures, no archives."""
_CLIP_SECONDS = 12.0
_HOLDERS = {FileKind.ZIP: ("zip", archive.members), FileKind.SVG: ("svg", svg.pictures_inside),
            FileKind.AUDIO: ("cover", covers.covers)}  # fmt: skip


def is_document(data: bytes) -> bool:
    """Return whether a file is for this module rather than for `picture` or `moments`."""
    return kind_of(data) not in (FileKind.PICTURE, FileKind.CLIP, None)


def walk(data: bytes, name: str, budget: Budget, depth: int = 0) -> Iterator[Still | Footage]:
    """Yield everything that a file shows, in a fixed order; `depth` counts the files that it lies in.

    Raises Unreadable: it cannot be opened at all.
    """
    found = kind_of(data)
    match found:
        case FileKind.CLIP:
            yield Footage(name, data)
        case FileKind.PICTURE:
            yield from walk_picture(data, name, budget)
            for number, at in enumerate(clips_behind(data), 1):
                yield Footage(names.join(name, f"behind:{number}"), data[at:])
        case FileKind.PDF:
            yield from pdf.walk_pdf(data, name, budget)
        case FileKind.ZIP | FileKind.SVG | FileKind.AUDIO:
            if depth >= _DEEPEST:
                budget.leave_out()
                return
            word, open_ = _HOLDERS[found]
            for number, inside in open_(data, budget):
                yield from guarded(
                    walk(inside, names.join(name, f"{word}:{number}"), budget, depth + 1), budget
                )
        case None:
            raise Unreadable(WhyUnreadable.NOT_A_PICTURE, "no kind of file that is read")


def read_document(
    data: bytes,
    *,
    flips: bool = False,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    seconds: float = SECONDS,
) -> PictureSignals:
    """Reduce a document or archive to the signals of all that it shows, without its SHA-256.

    Args:
        data: the whole file.
        flips: hash everything in all eight ways.
        max_bytes: a longer file is refused.
        max_pixels: of one view, and of all together.
        seconds: what comes later is left out.

    Raises:
        Unreadable: it cannot be opened, or shows no picture.
    """
    check_size(data, max_bytes)
    budget = Budget(seconds, views=MOST_VIEWS, max_pixels=max_pixels, pixels=_PIXELS)
    reading = _Reading(str(kind_of(data)).upper(), budget, flips=flips)
    with said_as_unreadable():
        for item in walk(data, "", budget):
            reading.take(item)
    return reading.seen()


class _Reading:
    """Grows view by view; the first that can be read is the ordinary one."""

    def __init__(self, format_: str, budget: Budget, *, flips: bool) -> None:
        self._format = format_
        self._budget = budget
        self._flips = flips
        self._parts = Parts(flips=flips)
        self._first: PictureSignals | None = None

    def take(self, item: Still | Footage) -> None:
        if isinstance(item, Footage):
            self._clip(item)
        elif self._first is not None:
            take(self._parts, item, self._budget)
        elif self._budget.is_spent:
            self._budget.leave_out()
        else:
            try:
                rgb = item.load()
            except Unreadable as error:
                self._budget.could_not(error)
                return
            self._first = first_of(self._parts, rgb, self._format)

    def _clip(self, item: Footage) -> None:
        if self._budget.is_spent or self._parts.is_full:
            self._budget.leave_out()
            return
        self._budget.take_view()
        patience = min(_CLIP_SECONDS, self._budget.seconds_left)
        bounds = {"max_bytes": len(item.data), "max_pixels": self._budget.max_pixels}
        try:
            seen = read_clip(item.data, patience=patience, flips=self._flips, **bounds)
        except Unreadable as error:
            self._budget.could_not(error)
            return
        for moment in moments_of(seen, item.name):
            if self._first is None:
                box, pdq, flips = moment.box, moment.pdq, moment.flips
                self._first = PictureSignals(b"", pdq, box.width, box.height, self._format, flips)
            self._parts.add_moment(moment)

    def seen(self) -> PictureSignals:
        """Return what was read. Raises Unreadable: nothing was."""
        first = self._first
        if first is None and self._budget.left_out:
            raise Unreadable(WhyUnreadable.DAMAGED, "nothing of what is in it can be read")
        if first is None:
            raise Unreadable(WhyUnreadable.NOT_A_PICTURE, "no picture in it")
        return replace(first, variants=tuple(self._parts.variants), left_out=self._budget.left_out)


def moments_of(seen: ClipSignals, name: str) -> Iterator[Variant]:
    """Yield the moments of a clip as parts of the file that it lies in."""
    box = Box(0, 0, seen.width, seen.height)
    for frame in seen.frames:
        view = names.join(names.join(name, f"clip:{frame.at_ms}"), frame.view)
        yield Variant(Cut.FRAME, box, frame.pdq, 0, frame.flips, view)


def show(data: bytes, view: str, *, at_ms: int | None, max_bytes: int, max_pixels: int) -> Pixels:
    """Decode one view of any file; the empty name means the ordinary one, of a clip the moment `at_ms`.

    Raises Unreadable: it cannot be read, or has no such view.
    """
    check_size(data, max_bytes)
    bounds = {"max_bytes": len(data), "max_pixels": max_pixels}
    if kind_of(data) is FileKind.CLIP:
        return show_clip(data, at_ms=at_ms, background=BLACK if view == "black" else WHITE, **bounds)
    budget = Budget(SECONDS, views=1, max_pixels=max_pixels, pixels=_PIXELS)
    with said_as_unreadable():
        for item in walk(data, "", budget):
            load = _loader(item, view, max_pixels)
            if load is None:
                continue
            try:
                return load()
            except Unreadable:
                if view:
                    raise
    raise Unreadable(
        WhyUnreadable.DAMAGED, f"no view {view}" if view else "no picture in it that can be read"
    )


def _loader(item: Still | Footage, view: str, max_pixels: int) -> "partial[Pixels] | None":
    """Return what decodes the view, if the item is it; the empty name means the first that can be decoded."""
    if isinstance(item, Still):
        return partial(item.load) if view in ("", item.name) else None
    bounds = {"max_bytes": len(item.data), "max_pixels": max_pixels}
    if not view:
        return partial(show_clip, item.data, **bounds)
    moment = view.removesuffix("/black")
    at_ms = names.moment_in(moment)
    if at_ms is None or names.join(item.name, f"clip:{at_ms}") != moment:
        return None
    background = BLACK if moment != view else WHITE
    return partial(show_clip, item.data, at_ms=at_ms, background=background, **bounds)


assert set(kind.FORMATS) == {found.name for found in FileKind} - {"PICTURE", "CLIP"}
