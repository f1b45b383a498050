"""Decoding of strangers' files in child processes that have nothing to steal and little to break.

There are two kinds of children (`decoder.children`), each started when it is first needed. The first
(`decoder.picture_child`) reads pictures and holds little more than the picture decoders. The second
(`decoder.study_child`) reads clips, documents and archives, and finds details. FFmpeg, PDFium and OpenCV cost
memory and start-up time, and are more code to attack, so they are kept from the child that sees every
picture.

A decoder `in_lanes` reads what is cheap at once, and everything else in slow children of its own (`lanes`).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar

from takeback.errors import ConfigurationError, Deferred, Unreadable, WhyUnreadable
from takeback.signals import lanes
from takeback.signals.clips.formats import MAX_MS, clips_behind, is_clip
from takeback.signals.decoder import wire
from takeback.signals.decoder.children import Children, Limits
from takeback.signals.decoder.wire import Request, Task
from takeback.signals.files.kind import FileKind, format_of, kind_of
from takeback.signals.lanes import Allowance, When
from takeback.signals.model import Box, ClipSignals, Cut, PictureSignals, Variant
from takeback.signals.parts import names
from takeback.signals.parts.decode import MAX_BYTES, MAX_PIXELS, check_size

MAX_PREVIEW_SIDE = 4096
MEMORY_BYTES = 3 << 30
"""Address space of a child: the dearest format, WebP, takes 2.1 GiB for `MAX_PIXELS`."""
LEAST_MEMORY_BYTES = 400 << 20
"""The libraries alone take 300 MiB of address space (a fifth of it real memory)."""
STUDY_BYTES = 450 << 20
"""Address space that FFmpeg, PDFium and OpenCV take by being there."""
CLIP_SECONDS = 60.0
"""What was read of a clip after most of this is its answer, so long clips are not lost."""

_T = TypeVar("_T")

_COSTS_MORE = (WhyUnreadable.TOO_SLOW, WhyUnreadable.TOO_MUCH_MEMORY, WhyUnreadable.DECODER_DIED)
"""Why a file of the fast lane is read again in the slow one."""
_DOCUMENTS = (FileKind.PDF, FileKind.ZIP, FileKind.SVG, FileKind.AUDIO)


class Decoder:
    """Turns files into signals and previews in confined processes; any number of threads may call it.

    Children start when they are first needed. Close it, or use it as a context manager. Each method raises
    Unreadable with the reason and goes on working; with `when` other than `NOW` it raises Deferred for a file
    of the slow lane.

    Args:
        processes: at most this many children of each kind; more callers wait for a free one.
        seconds: the longest that one picture may take from the first byte sent to the answer.
        clip_seconds: the same for a clip, and for the details of a picture.
        memory_bytes: address space of each child.
        max_pixels: more pixels, declared or decoded, are refused; of a clip, in one frame.
        max_bytes: a longer file is refused before it reaches a child.
        slow: reads what costs more than this one may spend; None: this one reads everything.

    Raises:
        ConfigurationError: `memory_bytes` is less than a child needs to start.
    """

    def __init__(
        self,
        *,
        processes: int = 1,
        seconds: float = 10.0,
        clip_seconds: float = CLIP_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
        max_pixels: int = MAX_PIXELS,
        max_bytes: int = MAX_BYTES,
        slow: "Decoder | None" = None,
    ) -> None:
        if memory_bytes < LEAST_MEMORY_BYTES:
            raise ConfigurationError(
                f"a decoder process needs {LEAST_MEMORY_BYTES} bytes of address space at least, "
                f"not {memory_bytes}"
            )
        self._max_pixels = max_pixels
        self._max_bytes = max_bytes
        quick = Limits(seconds, memory_bytes, max_pixels, max_bytes)
        # What FFmpeg and OpenCV map beyond the picture decoders is not taken from the files.
        study = Limits(clip_seconds, memory_bytes + STUDY_BYTES, max_pixels, max_bytes)
        self.slow = slow
        """Reads one file at a time, whatever it costs."""
        self._allowance = Allowance()
        self._pictures = Children("takeback.signals.decoder.picture_child", processes, quick)
        self._studies = Children("takeback.signals.decoder.study_child", processes, study)

    @classmethod
    def in_lanes(cls, *, processes: int, seconds: float, max_bytes: int = MAX_BYTES) -> Self:
        """Return a decoder with fast children for cheap files and a slow child for the others.

        Args:
            processes: fast children of each kind, at most.
            seconds: of a fast child; in the slow lane `lanes.SLOW_TIMES` as long.
            max_bytes: a longer file is refused.
        """
        patient = lanes.SLOW_TIMES * seconds
        slow = Decoder(seconds=patient, clip_seconds=lanes.SLOW_TIMES * patient, max_bytes=max_bytes)
        quick = min(lanes.FAST_SECONDS, seconds)
        return cls(
            processes=processes,
            seconds=quick,
            clip_seconds=quick,
            memory_bytes=lanes.FAST_BYTES,
            max_bytes=max_bytes,
            slow=slow,
        )

    def _ask(
        self,
        request: Request,
        data: bytes,
        parse: Callable[[bytes], _T],
        when: When,
        *,
        study: bool,
    ) -> _T:
        """Ask in this lane what may be spent here, else in the slow one. Raises Unreadable, Deferred."""
        children = self._studies if study else self._pictures
        if self.slow is None:
            return children.ask(request, data, parse)
        kind = format_of(data)
        free = when is not When.CROWDED
        most = self._allowance.most(kind, free=free)
        if most > 0:
            asked = replace(request, most_ms=max(1, int(most * 1000)))

            def charge(seconds: float) -> None:
                self._allowance.charge(kind, seconds, free=free)

            try:
                return children.ask(asked, data, parse, charge)
            except Unreadable as error:
                if error.why not in _COSTS_MORE:
                    raise
        if when is not When.NOW:
            raise Deferred("this file is read in the slow lane")
        return self.slow._ask(request, data, parse, when, study=study)  # noqa: SLF001 - of its own kind

    def signals(
        self, data: bytes, *, flips: bool = False, exact: bool = False, when: When = When.NOW
    ) -> PictureSignals:
        """Reduce a file to the signals of all pictures that it can show; `left_out` counts what a bound
        leaves out.

        Args:
            data: the whole file.
            flips: hash everything in all eight ways and exactly, as a bank entry needs it.
            exact: from the full size, so that nothing is in doubt.
            when: whether to wait for the slow lane.
        """
        check_size(data, self._max_bytes)
        kind = kind_of(data)
        seen = self._ask(
            Request(Task.SIGNALS, len(data), flips=flips, exact=exact),
            data,
            lambda body: wire.parse_seen(body, self._max_pixels, flips=flips, exact=exact or flips),
            when,
            study=kind in _DOCUMENTS,
        )
        moments, left_out = (
            self._behind(data, flips=flips, when=when) if kind is FileKind.PICTURE else ((), 0)
        )
        return replace(
            seen,
            sha256=hashlib.sha256(data).digest(),
            variants=(*seen.variants, *moments),
            left_out=seen.left_out + left_out,
        )

    def _behind(self, data: bytes, *, flips: bool, when: When) -> tuple[Sequence[Variant], int]:
        """Return the moments of clips behind a motion photograph, and how many were left out; none loses the
        picture.
        """
        moments: list[Variant] = []
        left_out = 0
        for number, at in enumerate(clips_behind(data), 1):
            try:
                clip = self.clip(data[at:], flips=flips, when=when)
            except Unreadable as error:
                left_out += error.why is not WhyUnreadable.NOT_A_PICTURE
                continue
            box = Box(0, 0, clip.width, clip.height)
            moments += [
                Variant(Cut.FRAME, box, one.pdq, 0, one.flips, f"behind:{number}/clip:{one.at_ms}")
                for one in clip.frames
                if not one.view
            ]
        return moments, left_out

    def clip(self, data: bytes, *, flips: bool = False, when: When = When.NOW) -> ClipSignals:
        """Reduce a clip to its moments, with `flips` each in all eight ways."""
        check_size(data, self._max_bytes)
        seen = self._ask(
            Request(Task.CLIP, len(data), flips=flips),
            data,
            lambda body: wire.parse_clip(body, self._max_pixels, flips=flips),
            when,
            study=True,
        )
        return replace(seen, sha256=hashlib.sha256(data).digest())

    def read(
        self, data: bytes, *, flips: bool = False, exact: bool = False, when: When = When.NOW
    ) -> PictureSignals | ClipSignals:
        """Reduce a file to its signals, as a clip or a picture by its first bytes."""
        if is_clip(data):
            return self.clip(data, flips=flips, when=when)
        return self.signals(data, flips=flips, exact=exact, when=when)

    def part(
        self, data: bytes, *, view: str = "", box: Box | None = None, at_ms: int | None = None
    ) -> Variant:
        """Hash one part of one view exactly and in all eight ways: what a reviewer was shown. The quality may
        be anything.

        Args:
            data: the whole file.
            view: which of its views (`parts.names`); empty: the ordinary one.
            box: the part, in pixels of the view; None: all of it.
            at_ms: the moment of a clip. Bars along its sides are not cut here; `relation.part_of` has moments
                as they are compared.

        Raises:
            ValueError: `view` or `at_ms` is out of range.
        """
        request = self._showing(Task.PART, data, view, at_ms, box=box)
        return self._ask(
            request,
            data,
            lambda body: wire.parse_part(body, self._max_pixels, request),
            When.NOW,
            study=self._needs_study(data, view),
        )

    def features(
        self, data: bytes, box: Box | None = None, *, view: str = "", when: When = When.NOW
    ) -> bytes:
        """Describe the details of a picture for the second stage, in the form of `features.format_features`.

        With a `box`, this part counts as if it were the picture; else the picture and the parts in it. Raises
        ValueError for a `view` that is no name of one.
        """
        request = self._showing(Task.FEATURES, data, view, None, box=box)
        return self._ask(request, data, wire.parse_features, when, study=True)

    def preview(
        self,
        data: bytes,
        *,
        max_side: int,
        blur: bool,
        grey: bool,
        at_ms: int | None = None,
        view: str = "",
    ) -> bytes:
        """Return a small JPEG of a picture or clip for the review pages, upright and without metadata.

        Args:
            data: the whole file.
            max_side: pixels of the longer side, at most; 1 to 4096.
            blur: keep no more than twelve pixels a side and draw the rest between them.
            grey: take the colours away.
            at_ms: the moment of a clip; None: its first that shows something.
            view: which of the file's views (`parts.names`); empty: the ordinary one.

        Raises:
            ValueError: `max_side`, `at_ms` or `view` is out of range.
        """
        if not 1 <= max_side <= MAX_PREVIEW_SIDE:
            raise ValueError(f"max_side must be 1 to {MAX_PREVIEW_SIDE}, not {max_side}")
        request = replace(
            self._showing(Task.PREVIEW, data, view, at_ms), max_side=max_side, blur=blur, grey=grey
        )
        return self._ask(request, data, wire.parse_preview, When.NOW, study=self._needs_study(data, view))

    def _showing(
        self, task: Task, data: bytes, view: str, at_ms: int | None, box: Box | None = None
    ) -> Request:
        if at_ms is not None and not 0 <= at_ms <= MAX_MS:
            raise ValueError(f"at_ms must be 0 to {MAX_MS}, not {at_ms}")
        if not names.is_view(view):
            raise ValueError(f"{view!r} is no name of a view")
        check_size(data, self._max_bytes)
        return Request(task, len(data), at_ms=at_ms, box=box, view=view)

    def _needs_study(self, data: bytes, view: str) -> bool:
        kind = kind_of(data)
        return kind is FileKind.CLIP or kind in _DOCUMENTS or view.startswith("behind:")

    def confinement(self) -> tuple[str, ...]:
        """Return what holds the children, in the words of `decoder.confinement`. Starts one if none runs."""
        return self._pictures.confinement()

    def close(self) -> None:
        """End all children, also busy ones: who waits for one gets DECODER_DIED."""
        self._pictures.close()
        self._studies.close()
        if self.slow is not None:
            self.slow.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
