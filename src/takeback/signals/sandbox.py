"""Decoding strangers' files in child processes that have nothing to steal and little to break.

Two kinds of children, each started when it is first needed (`children`). Pictures are read by the first
(`decoder_child`), which holds little more than the picture decoders. Clips, and the features of the second
stage, are read by the second (`study_child`): FFmpeg and OpenCV cost memory and start-up time that a service
which meets only pictures need not pay, and are that much more code to attack, which is kept apart from the
child that sees every picture. A clip may take longer, and keeps no picture waiting.
"""

import hashlib
from types import TracebackType
from typing import Self

from takeback.errors import ConfigurationError
from takeback.signals import wire
from takeback.signals.children import Children, Limits
from takeback.signals.clip import is_clip
from takeback.signals.decode import MAX_BYTES, MAX_PIXELS, check_size
from takeback.signals.model import Box, ClipSignals, PictureSignals
from takeback.signals.wire import Request, Task

MAX_PREVIEW_SIDE = 4096
MEMORY_BYTES = 3 << 30
"""Address space of a child: the dearest format, WebP, takes 2.1 GiB for `MAX_PIXELS`."""
LEAST_MEMORY_BYTES = 400 << 20
"""The libraries alone take 300 MiB of address space (a fifth of it real memory)."""
STUDY_BYTES = 400 << 20
"""Address space that FFmpeg and OpenCV take by being there."""
CLIP_SECONDS = 60.0
"""What was read of a clip after most of this is its answer, so long clips are not lost."""


class Decoder:
    """Turns files into signals and previews in confined processes; any number of threads may call it.

    Children start when they are first needed. Close it, or use it as a context manager.

    Args:
        processes: at most this many children of each kind; more callers wait for a free one.
        seconds: the longest that one picture may take from the first byte sent to the answer.
        clip_seconds: the same for a clip, and for the features of a picture.
        memory_bytes: address space of each child.
        max_pixels: more pixels, declared or decoded, are refused; of a clip, more pixels a frame.
        max_bytes: a longer file is refused before it reaches a child.

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
        slow = Limits(clip_seconds, memory_bytes + STUDY_BYTES, max_pixels, max_bytes)
        self._pictures = Children("takeback.signals.decoder_child", processes, quick)
        self._studies = Children("takeback.signals.study_child", processes, slow)

    def signals(
        self, data: bytes, *, flips: bool = False, exact: bool = False, box: Box | None = None
    ) -> PictureSignals:
        """Reduce a picture file to its signals; of an animation, its first frame.

        Args:
            data: the whole file.
            flips: hash everything in all eight ways and exactly, as a bank entry needs it.
            exact: from the full size, so that nothing is in doubt; else as fast as each hash allows.
            box: read this part as if it were the picture; None: all of it, and its parts.

        Raises:
            Unreadable: with the reason; the decoder goes on working.
        """
        check_size(data, self._max_bytes)
        seen = self._pictures.ask(
            Request(Task.SIGNALS, len(data), flips=flips, exact=exact, box=box),
            data,
            lambda body: wire.parse_seen(body, self._max_pixels, flips=flips, exact=exact or flips),
        )
        return PictureSignals(
            sha256=hashlib.sha256(data).digest(),
            whole=seen.whole,
            flips=seen.flips,
            width=seen.width,
            height=seen.height,
            format=seen.format,
            variants=seen.variants,
            doubt=seen.doubt,
        )

    def clip(self, data: bytes, *, flips: bool = False) -> ClipSignals:
        """Reduce a clip to its moments.

        Args:
            data: the whole file.
            flips: hash each moment in all eight ways, as a bank entry needs it.

        Raises:
            Unreadable: with the reason; the decoder goes on working.
        """
        check_size(data, self._max_bytes)
        seen = self._studies.ask(
            Request(Task.CLIP, len(data), flips=flips),
            data,
            lambda body: wire.parse_clip(body, self._max_pixels, flips=flips),
        )
        return ClipSignals(
            sha256=hashlib.sha256(data).digest(),
            width=seen.width,
            height=seen.height,
            format=seen.format,
            duration_ms=seen.duration_ms,
            frames=seen.frames,
        )

    def read(self, data: bytes, *, flips: bool = False, exact: bool = False) -> PictureSignals | ClipSignals:
        """Reduce a file to its signals, whichever it is by its first bytes: `clip` or `signals`.

        Raises:
            Unreadable: with the reason; the decoder goes on working.
        """
        return self.clip(data, flips=flips) if is_clip(data) else self.signals(data, flips=flips, exact=exact)

    def features(self, data: bytes, box: Box | None = None) -> bytes:
        """What the second stage compares of a picture, in the form of `features.format_features`.

        Args:
            data: the whole file.
            box: describe this part as if it were the picture; None: the picture, and its parts in it.

        Raises:
            Unreadable: with the reason; the decoder goes on working.
        """
        check_size(data, self._max_bytes)
        return self._studies.ask(Request(Task.FEATURES, len(data), box=box), data, wire.parse_features)

    def preview(
        self, data: bytes, *, max_side: int, blur: bool, grey: bool, at_ms: int | None = None
    ) -> bytes:
        """A small JPEG of a picture or clip for the review pages, upright and without metadata.

        Args:
            data: the whole file.
            max_side: pixels of the longer side, at most; 1 to 4096.
            blur: keep no more than twelve pixels a side and draw the rest between them.
            grey: take the colours away.
            at_ms: the moment of a clip; None: its first that shows something.

        Raises:
            Unreadable: with the reason; the decoder goes on working.
            ValueError: `max_side` or `at_ms` is out of range.
        """
        if not 1 <= max_side <= MAX_PREVIEW_SIDE:
            raise ValueError(f"max_side must be 1 to {MAX_PREVIEW_SIDE}, not {max_side}")
        if at_ms is not None and not 0 <= at_ms <= wire.MAX_MS:
            raise ValueError(f"at_ms must be 0 to {wire.MAX_MS}, not {at_ms}")
        check_size(data, self._max_bytes)
        request = Request(Task.PREVIEW, len(data), max_side=max_side, blur=blur, grey=grey, at_ms=at_ms)
        kind = self._studies if is_clip(data) else self._pictures
        return kind.ask(request, data, wire.parse_preview)

    def confinement(self) -> tuple[str, ...]:
        """What holds the children, in plain words (the names in `confinement`). Starts one if none runs."""
        return self._pictures.confinement()

    def close(self) -> None:
        """End all children, also busy ones: whoever waits for one gets DECODER_DIED."""
        self._pictures.close()
        self._studies.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
