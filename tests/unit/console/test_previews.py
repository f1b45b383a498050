from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from takeback.cases.model import Copy
from takeback.entrypoints.console.previews import KEPT_FOR, NoPicture, Previews, Tickets
from takeback.errors import Gone, NotAllowed, Unavailable, Unreadable, WhyUnreadable
from takeback.events import FoundBy
from takeback.ids import CaseId, SightingId
from takeback.signals.model import Box, Cut, Pdq, Variant
from takeback.signals.relation import Hit

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CASE = CaseId(uuid4())
COPY = Copy(
    CASE, SightingId(1), "chat", "!a", "$m", "mxc://a/b", "@p", NOW, NOW, None, FoundBy.REPORT, None,
    excluded=False,
)  # fmt: skip


class Source:
    """A platform and a decoder in one, that count what they are asked."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.asked: list[tuple[bool, bool]] = []
        self.moments: list[int | None] = []
        self.views: list[str] = []
        self.sizes = 0

    def fetch(self, media: str, max_bytes: int) -> bytes:
        assert (media, max_bytes) == ("mxc://a/b", 1000)
        if self.fault:
            raise self.fault
        return b"bytes"

    def part(self, data: bytes, *, view: str) -> Variant:
        assert data == b"bytes"
        self.sizes += 1
        width, height = (300, 200) if view else (640, 480)
        return Variant(Cut.WHOLE, Box(0, 0, width, height), Pdq(bytes(32), 90), view=view)

    def preview(
        self, data: bytes, *, max_side: int, blur: bool, grey: bool, at_ms: int | None, view: str
    ) -> bytes:
        assert data == b"bytes"
        self.views.append(view)
        self.moments.append(at_ms)
        self.asked.append((blur, grey))
        return f"{max_side} {blur} {grey}".encode()


def previews(source: Source) -> Previews:
    return Previews({"chat": source}, source, 1000)


def test_a_blurred_picture_is_kept_for_minutes_and_a_clear_one_never():
    source = Source()
    made = previews(source)
    made.blurred(COPY, NOW)
    made.blurred(COPY, NOW + KEPT_FOR - timedelta(seconds=1))
    assert source.asked == [(True, True)]
    made.blurred(COPY, NOW + KEPT_FOR)
    assert source.asked == [(True, True)] * 2
    made.clear(COPY, grey=True)
    made.clear(COPY, grey=False)
    assert source.asked[2:] == [(False, True), (False, False)]


def test_the_view_that_matched_is_what_is_shown_and_measured():
    """H1: what acts is what a reviewer saw, so she sees the frame, page or background that matched."""
    source = Source()
    made = previews(source)
    dark = replace(COPY, hit=Hit(3, 0, negative=False, view="black"))
    page = replace(COPY, hit=Hit(3, 0, negative=False, cut=Cut.PANEL, box=Box(1, 2, 30, 40), view="page:3"))
    for copy in (COPY, dark, page, dark):
        made.blurred(copy, NOW)
        made.clear(copy, grey=True)
    assert source.views == ["", "", "black", "black", "page:3", "page:3", "black"]
    assert [made.size(copy) for copy in (COPY, dark, page)] == [(640, 480), (300, 200), (300, 200)]


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (Gone("404"), "gone"),
        (Unreadable(WhyUnreadable.DAMAGED), "unreadable"),
        (NotAllowed("403"), "unreachable"),
        (Unavailable("503"), "unreachable"),
    ],
)
def test_why_there_is_no_picture_is_said(fault: Exception, word: str):
    found = previews(Source(fault)).blurred(COPY, NOW)
    assert isinstance(found, NoPicture)
    assert found.word == word


def test_a_platform_that_does_not_answer_is_asked_again():
    source = Source(Unavailable("503"))
    made = previews(source)
    made.blurred(COPY, NOW)
    source.fault = None
    assert isinstance(made.blurred(COPY, NOW), bytes)


def test_a_platform_that_is_not_connected_is_said():
    found = Previews({}, Source(), 1000).blurred(COPY, NOW)
    assert isinstance(found, NoPicture)
    assert "not connected" in found.sentence


def test_a_ticket_is_good_once_for_one_session_one_picture_and_a_short_time():
    tickets = Tickets(timedelta(seconds=30))

    def give() -> str:
        return tickets.give(b"me", CASE, COPY, grey=True, now=NOW)

    name = give()
    assert tickets.take(name, b"me", CASE, COPY.sighting, NOW) is not None
    assert tickets.take(name, b"me", CASE, COPY.sighting, NOW) is None
    assert tickets.take(give(), b"you", CASE, COPY.sighting, NOW) is None
    assert tickets.take(give(), b"me", CASE, SightingId(2), NOW) is None
    assert tickets.take(give(), b"me", CaseId(uuid4()), COPY.sighting, NOW) is None
    assert tickets.take(give(), b"me", CASE, COPY.sighting, NOW + timedelta(seconds=30)) is None
    assert tickets.take("guessed", b"me", CASE, COPY.sighting, NOW) is None


def test_of_a_clip_the_moment_that_matched_is_shown():
    source = Source()
    made = previews(source)
    for at_ms in (0, 12_000, 12_000):
        hit = Hit(3, 0, negative=False, cut=Cut.FRAME, at_ms=at_ms)
        made.blurred(replace(COPY, hit=hit), NOW)
    assert source.moments == [0, 12_000]


def test_the_size_of_a_picture_is_asked_once_and_nothing_if_it_cannot_be_had():
    source = Source()
    made = previews(source)
    assert made.size(COPY) == made.size(COPY) == (640, 480)
    assert source.sizes == 1
    assert previews(Source(Gone("M_NOT_FOUND"))).size(COPY) is None
