"""A damaged clip is read as far as it goes or refused with a reason; nothing else comes out of its reader."""

import random
from functools import cache
from unittest.mock import Mock

import pytest
from av.error import InvalidDataError
from av.error import MemoryError as NoMemory

from repository import ROOT
from signal_files import clip, moving
from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.clips import footage
from takeback.signals.clips.moments import read_clip, show_clip

WHOLE = [
    path
    for ending in ("mp4", "webm", "mkv", "avi", "3gp", "mov", "gif")
    for path in sorted((ROOT / "fuzz" / "corpus").glob(f"whole.*{ending}"))
]
SEEDS = range(16)
ITS_OWN_FAULT = {
    WhyUnreadable.NOT_A_PICTURE,
    WhyUnreadable.DAMAGED,
    WhyUnreadable.TOO_MANY_PIXELS,
    WhyUnreadable.TOO_MUCH_MEMORY,
}
READERS = (read_clip, lambda data: read_clip(data, flips=True), show_clip, lambda d: show_clip(d, at_ms=700))


@cache
def sound():
    return clip(moving(1, seconds=1.0))


def faults(data):
    """Why each reader refuses the file; whatever else is raised fails the test."""
    for read in READERS:
        try:
            read(data)
        except Unreadable as refused:
            yield refused.why


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.name)
def test_a_clip_that_was_cut_off_is_read_or_refused(path):
    data = path.read_bytes()
    for seed in SEEDS:
        assert set(faults(data[: random.Random(seed).randrange(1, len(data))])) <= ITS_OWN_FAULT


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.name)
def test_a_clip_with_turned_bits_is_read_or_refused(path):
    data = path.read_bytes()
    for seed in SEEDS:
        dots = random.Random(seed)
        turned = bytearray(data)
        for _ in range(dots.choice((1, 4, 16, 64))):
            turned[dots.randrange(len(turned))] ^= 1 << dots.randrange(8)
        assert set(faults(bytes(turned))) <= ITS_OWN_FAULT


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (InvalidDataError(1, "bad"), WhyUnreadable.DAMAGED),
        (ValueError("a plane without a size"), WhyUnreadable.DAMAGED),
        (OverflowError("int too large"), WhyUnreadable.DAMAGED),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no text"), WhyUnreadable.DAMAGED),
        (ZeroDivisionError(), WhyUnreadable.DAMAGED),
        (MemoryError(), WhyUnreadable.TOO_MUCH_MEMORY),
        (NoMemory(12, "Cannot allocate memory"), WhyUnreadable.TOO_MUCH_MEMORY),
        (Unreadable(WhyUnreadable.TOO_SLOW), WhyUnreadable.TOO_SLOW),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
@pytest.mark.parametrize("read", READERS)
def test_whatever_the_decoder_raises_is_said_as_unreadable(monkeypatch, read, error, why):
    monkeypatch.setattr(footage, "upright", Mock(side_effect=error))
    with pytest.raises(Unreadable) as refused:
        read(sound())
    assert refused.value.why is why
    assert "\n" not in refused.value.detail


def test_an_interruption_is_nobodys_damage(monkeypatch):
    monkeypatch.setattr(footage, "upright", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        read_clip(sound())


def test_a_limit_is_said_as_itself():
    with pytest.raises(Unreadable) as refused:
        read_clip(bytes(20), max_bytes=10)
    assert refused.value.why is WhyUnreadable.TOO_MANY_BYTES
