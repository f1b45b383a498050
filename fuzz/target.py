"""One fuzzing target in one process: `python -m fuzz.target NAME [libFuzzer's options] [FOLDER...]`.

A target hands what the fuzzer made to a parser. The parser's own refusals are fine; anything else that it
raises, a signal, a hang and too much memory are findings, which libFuzzer writes down and ends with.

But for `service`, the parsers run without their confinement, on purpose: in the service a fault costs a child
process (`signals.sandbox`) and is easily overlooked, here it ends the run. `service` asks the real children:
a call to the system that only a damaged file leads to is harmless here and the end of a confined child.
"""

import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import atheris
import numpy as np

# An editable installation finds its modules by a finder of its own, so atheris instruments nothing of them;
# found by their path they are as any others.
sys.meta_path[:] = [finder for finder in sys.meta_path if not type(finder).__module__.startswith("_editable")]
sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

with atheris.instrument_imports(include=["PIL", "pi_heif", "takeback"]):
    from PIL import Image

    from takeback.errors import Unreadable, WhyUnreadable
    from takeback.signals.clips import formats
    from takeback.signals.decoder import wire
    from takeback.signals.decoder.picture_child import Limits, answer_picture
    from takeback.signals.decoder.study_child import answer_study
    from takeback.signals.decoder.wire import Request, Task
    from takeback.signals.details import features
    from takeback.signals.files import documents
    from takeback.signals.model import Box
    from takeback.signals.parts import decode
    from takeback.signals.sandbox import Decoder
    from takeback_dev.pictures import scene

_T = TypeVar("_T")

MAX_PIXELS = 2_000_000
"""Far below the service's limit: the same paths are walked, hundreds of times a second."""
SECONDS = 10
"""For one answer; the service's own patience for a picture (`signals.sandbox.Decoder`)."""
LIMITS = Limits(SECONDS, MAX_PIXELS, decode.MAX_BYTES)
SHORT_SIDE = 40
"""Instead of `decode.SHORT_SIDE`: a small JPEG is decoded at a half, a quarter, an eighth, too."""
_AT_MS = 700


def fuzz_picture(data: bytes) -> None:
    """Whole pictures: at full size, and as the fast path decodes them; both must answer alike."""
    full = _read(lambda: decode.decode(data, max_pixels=MAX_PIXELS))
    fast = _read(lambda: decode.working(data, max_bytes=decode.MAX_BYTES, max_pixels=MAX_PIXELS))
    if (full is None) != (fast is None):
        raise AssertionError("one path reads what the other one refuses")
    if full is not None and fast is not None:
        if full.rgb.shape[1::-1] != (fast.width, fast.height):
            raise AssertionError("the two paths see different sizes")
        if fast.grey.shape != (-(-fast.height // fast.scale), -(-fast.width // fast.scale)):
            raise AssertionError("the working picture has another size than its scale says")


def fuzz_signals(data: bytes) -> None:
    """A picture file to the answers of a decoder child: trimming, panels, hashes fast and exact, previews."""
    for flips, exact in ((False, False), (False, True), (True, False)):
        asked = Request(Task.SIGNALS, len(data), flips=flips, exact=exact)
        body = _body(lambda asked=asked: answer_picture(asked, data, LIMITS))
        if body is None:
            return
        # What the service would not believe would cost it the child.
        wire.parse_seen(body, MAX_PIXELS, flips=flips, exact=exact or flips)
    asked = Request(Task.PREVIEW, len(data), max_side=64, blur=bool(len(data) % 2), grey=True)
    wire.parse_preview(_body(lambda: answer_picture(asked, data, LIMITS)) or b"")

    for view in {part.view for part in wire.parse_seen(body, MAX_PIXELS, flips=True, exact=True).variants}:
        asked = Request(Task.PREVIEW, len(data), max_side=64, grey=True, view=view)
        wire.parse_preview(answer_picture(asked, data, LIMITS)[1])


def fuzz_document(data: bytes) -> None:
    """A document, archive, SVG or piece of music to the answers of a study child: all that it shows."""
    if not documents.is_document(data):
        return
    for flips in (False, True):
        asked = Request(Task.SIGNALS, len(data), flips=flips)
        body = _body(lambda asked=asked: answer_study(asked, data, LIMITS))
        if body is None:
            return
        seen = wire.parse_seen(body, MAX_PIXELS, flips=flips, exact=True)
    for view in {part.view for part in seen.variants}:
        asked = Request(Task.PREVIEW, len(data), max_side=64, grey=True, view=view)
        wire.parse_preview(answer_study(asked, data, LIMITS)[1])


def fuzz_details(data: bytes) -> None:
    """A picture file to its details, of the whole and of a part, and what they are compared with."""
    body = _body(lambda: answer_study(Request(Task.FEATURES, len(data)), data, LIMITS))
    if body is None:
        return
    found = features.parse_features(body)
    _same(features.format_features(found), body)
    features.agree(found, found)
    features.agree(found, _known())
    features.agree(_known(), found)
    part = Box(found.width // 4, found.height // 4, max(1, found.width // 2), max(1, found.height // 2))
    inside = _body(lambda: answer_study(Request(Task.FEATURES, len(data), box=part), data, LIMITS))
    features.parse_features(inside or b"")


@cache
def _known() -> features.Features:
    """A picture of which damaged copies are in the corpus."""
    return features.describe(np.asarray(scene(3, 280, 200).convert("L")))


def fuzz_clip(data: bytes) -> None:
    """A clip to the answers of a study child: its moments, and previews."""
    if not formats.is_clip(data):
        return
    for flips in (False, True):
        asked = Request(Task.CLIP, len(data), flips=flips)
        body = _body(lambda asked=asked: answer_study(asked, data, LIMITS))
        if body is not None:
            wire.parse_clip(body, MAX_PIXELS, flips=flips)
    for at_ms in (None, _AT_MS):
        asked = Request(Task.PREVIEW, len(data), max_side=64, at_ms=at_ms)
        shown = _body(lambda asked=asked: answer_study(asked, data, LIMITS))
        if shown is not None:
            Image.open(BytesIO(wire.parse_preview(shown))).verify()


def fuzz_service(data: bytes) -> None:
    """Any file through the service's own confined children: none may die of it, or leave it unanswered."""
    decoder = _decoder()
    _answered(lambda: decoder.read(data))
    _answered(lambda: decoder.features(data))
    _answered(lambda: decoder.preview(data, max_side=64, blur=True, grey=False))


@cache
def _decoder() -> Decoder:
    return Decoder(processes=1, seconds=SECONDS, clip_seconds=SECONDS, max_pixels=MAX_PIXELS)


def _answered(ask: Callable[[], object]) -> None:
    try:
        ask()
    except Unreadable as refused:
        if refused.why in (WhyUnreadable.DECODER_DIED, WhyUnreadable.TOO_SLOW):
            raise AssertionError(f"a child was lost: {refused}") from refused


def fuzz_wire(data: bytes) -> None:
    """What a child that was taken over may answer, and features as they come back from the vault."""
    if not data:
        return
    body, flips = data[1:], bool(data[0] & 8)
    with suppress(wire.BadAnswer, features.BadFeatures):
        match data[0] % 8:
            case 0:
                wire.parse_answer(body[: wire.ANSWER_BYTES].ljust(wire.ANSWER_BYTES, b"\0"))
            case 1 | 2:
                seen = wire.parse_seen(body, MAX_PIXELS, flips=flips, exact=bool(data[0] & 16))
                _same(wire.format_seen(seen), body)
            case 3 | 4:
                _same(wire.format_clip(wire.parse_clip(body, MAX_PIXELS, flips=flips)), body)
            case 5 | 6:
                _same(features.format_features(features.parse_features(body)), body)
            case _:
                wire.parse_unreadable(body)


def _same(formatted: bytes, parsed: bytes) -> None:
    """What is not in its one form must have been refused."""
    if formatted != parsed:
        raise AssertionError("two forms of one answer")


def _body(answer: Callable[[], tuple[wire.Outcome, bytes]]) -> bytes | None:
    """An answer's body; None for what a child would call unreadable."""
    try:
        return answer()[1]
    except (Unreadable, MemoryError):
        return None


def _read(parse: Callable[[], _T]) -> _T | None:
    try:
        return parse()
    except Unreadable:
        return None


TARGETS: dict[str, Callable[[bytes], None]] = {
    "picture": fuzz_picture,
    "signals": fuzz_signals,
    "details": fuzz_details,
    "clip": fuzz_clip,
    "document": fuzz_document,
    "service": fuzz_service,
    "wire": fuzz_wire,
}


def _timed(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The same, saying how long the slowest input took: libFuzzer counts whole seconds only."""
    slowest = 0.0

    def timed(data: bytes) -> None:
        nonlocal slowest
        began = time.monotonic()
        target(data)
        took = time.monotonic() - began
        if took > slowest:
            slowest = took
            sys.stderr.write(f"stat::slowest_ms: {1000 * took:.0f}\n")

    return timed


def run(targets: dict[str, Callable[[bytes], None]]) -> None:
    """Fuzz the target that the first argument names until libFuzzer's options say stop."""
    warnings.simplefilter("ignore")  # Pillow's remarks on damaged tags
    decode.SHORT_SIDE = SHORT_SIDE
    Image.MAX_IMAGE_PIXELS = None  # as in a child
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, _timed(targets[name]))
    atheris.Fuzz()


if __name__ == "__main__":
    run(TARGETS)
