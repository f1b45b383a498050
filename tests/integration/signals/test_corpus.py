"""Every damaged file that is kept costs its reader nothing but its own answer."""

import psutil
import pytest

from repository import ROOT
from soaking import quick
from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.clips.formats import FORMATS
from takeback.signals.details.features import parse_features
from takeback.signals.model import ClipSignals, Cut, PictureSignals
from takeback.signals.parts import decode
from takeback.signals.sandbox import MEMORY_BYTES, Decoder

CORPUS = sorted((ROOT / "fuzz" / "corpus").iterdir())
ITS_OWN_FAULT = {
    None,
    WhyUnreadable.EMPTY,
    WhyUnreadable.NOT_A_PICTURE,
    WhyUnreadable.DAMAGED,
    WhyUnreadable.TOO_MANY_BYTES,
    WhyUnreadable.TOO_MANY_PIXELS,
    WhyUnreadable.TOO_MUCH_MEMORY,
}
"""And neither TOO_SLOW nor DECODER_DIED."""
MANY_VIEWS = (
    "moving.png", "moving.avif", "pages.tif", "several.jpg", "clear.png", "clear.gif", "icon.ico",
    "thumb.jpg", "motion.jpg", "pages.pdf", "album.zip", "inside.svg", "inside.svgz", "cover.mp3",
)  # fmt: skip
"""Of `fuzz.make_corpus.many_views`."""


@pytest.fixture(scope="module")
def decoder():
    with Decoder(processes=1, seconds=60) as pool:  # a loaded machine is slow, not hung
        yield pool


def fault_of(ask, data: bytes) -> WhyUnreadable | None:
    try:
        ask(data)
    except Unreadable as refused:
        return refused.why
    return None


def children() -> list[psutil.Process]:
    return psutil.Process().children()


def test_the_corpus_is_small() -> None:
    assert 100 < len(CORPUS) < 400
    assert max(path.stat().st_size for path in CORPUS) < 8192


def test_whole_files_are_read_so_the_damage_is_what_is_tried(decoder) -> None:
    kinds = {}
    for path in CORPUS:
        if path.name.startswith("whole."):
            kinds[path.name] = type(decoder.read(path.read_bytes()))
    assert kinds.pop("whole.moving.gif") in {PictureSignals, ClipSignals}
    # Each of several pictures is read.
    assert {path.name for path in CORPUS if path.name.startswith("whole.")} >= {
        f"whole.{ending}" for ending in MANY_VIEWS
    }
    for ending in MANY_VIEWS:
        del kinds[f"whole.{ending}"]
        assert decoder.read((ROOT / "fuzz" / "corpus" / f"whole.{ending}").read_bytes()).left_out == 0
    clips = {name for name, kind in kinds.items() if kind is ClipSignals}
    containers = {decoder.clip(path.read_bytes()).format for path in CORPUS if path.name in clips}
    assert containers == set(FORMATS) - {"GIF"}
    others = kinds.keys() - clips
    pictures = {decoder.read(path.read_bytes()).format for path in CORPUS if path.name in others}
    assert pictures == set(decode.FORMATS)


def test_the_longer_ways_are_walked(decoder) -> None:
    whole = {path.name: path.read_bytes() for path in CORPUS if path.name.startswith("whole.")}
    for name in ("page", "collage"):
        assert Cut.PANEL in {part.cut for part in decoder.read(whole[f"whole.{name}.jpg"]).variants}
        assert parse_features(decoder.features(whole[f"whole.{name}.jpg"])).parts[1:]
    assert [decode.working(whole[f"whole.{name}.jpg"]).scale for name in ("large", "large-turned")] == [2, 2]


@pytest.mark.parametrize("step", quick(8, every=[8, 1]), ids=["every eighth", "every one"])
def test_a_damaged_file_is_read_or_refused_for_its_own_fault(decoder, step: int) -> None:
    wrong = {}
    for path in CORPUS[::step]:
        for ask in (decoder.read, decoder.features):
            fault = fault_of(ask, path.read_bytes())
            if fault not in ITS_OWN_FAULT:
                wrong[path.name, ask.__name__] = fault
    assert not wrong


@pytest.mark.soak
def test_no_child_takes_more_than_its_memory(decoder) -> None:
    for path in CORPUS:
        if path.name.startswith("bomb"):
            assert fault_of(decoder.read, path.read_bytes()) in ITS_OWN_FAULT
            assert all(child.memory_info().rss < MEMORY_BYTES for child in children())
