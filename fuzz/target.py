"""One fuzzing target in one process: `python -m fuzz.target NAME [libFuzzer's options] [FOLDER...]`.

A target hands what the fuzzer made to a parser. The parser's own refusals are fine; anything else that it
raises, a signal, a hang and too much memory are findings, which libFuzzer writes down and ends with.

Here the parsers run without their confinement, on purpose: in the service a fault costs a child process
(`signals.sandbox`) and is easily overlooked, here it ends the run.
"""

import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import atheris

with atheris.instrument_imports(include=["PIL", "pi_heif", "takeback"]):
    from takeback.errors import Unreadable
    from takeback.signals import clip, decode, features, moments, panels, picture, wire

_T = TypeVar("_T")

MAX_PIXELS = 2_000_000
"""Far below the service's limit: the same paths are walked, hundreds of times a second."""
PATIENCE = 5.0


def fuzz_picture(data: bytes) -> None:
    """Whole pictures: at full size, and as the fast path decodes them; both must answer alike."""
    full = _read(lambda: decode.decode(data, max_pixels=MAX_PIXELS))
    fast = _read(lambda: decode.working(data, max_bytes=decode.MAX_BYTES, max_pixels=MAX_PIXELS))
    if (full is None) != (fast is None):
        raise AssertionError("one path reads what the other one refuses")
    if full is not None and fast is not None and full.rgb.shape[1::-1] != (fast.width, fast.height):
        raise AssertionError("the two paths see different sizes")


def fuzz_signals(data: bytes) -> None:
    """From a file to its signals and features: trimming, panels, hashes, points."""
    with suppress(Unreadable):
        picture.read_picture(data, exact=False, flips=True, max_bytes=decode.MAX_BYTES, max_pixels=MAX_PIXELS)
        working = decode.working(data, max_bytes=decode.MAX_BYTES, max_pixels=MAX_PIXELS)
        features.describe(working.grey, panels.cuts(working.grey))


def fuzz_clip(data: bytes) -> None:
    """Clips, to their moments."""
    if clip.is_clip(data):
        _read(lambda: moments.read_clip(data, max_pixels=MAX_PIXELS, patience=PATIENCE, flips=True))
        _read(lambda: moments.show_clip(data, max_pixels=MAX_PIXELS))


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


def _read(parse: Callable[[], _T]) -> _T | None:
    try:
        return parse()
    except Unreadable:
        return None


TARGETS: dict[str, Callable[[bytes], None]] = {
    "picture": fuzz_picture,
    "signals": fuzz_signals,
    "clip": fuzz_clip,
    "wire": fuzz_wire,
}


def main() -> None:
    """Fuzz until libFuzzer's options say stop."""
    warnings.simplefilter("ignore")  # Pillow's remarks on damaged tags
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
