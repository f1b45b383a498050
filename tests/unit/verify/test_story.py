"""The story in sentences: every kind, with and without timestamps, and words for numbers."""

from datetime import UTC, datetime, timedelta

import pytest

from packages import BEGAN, secret, uuid
from takeback_verify.anchors import Anchor, Stamp
from takeback_verify.entries import OpenedEntry, PlacedEntry
from takeback_verify.leaf import Json, Opening, format_leaf, seal
from takeback_verify.story import tell
from takeback_verify.words import count, joined, small, when


def entry(index: int, kind: str, seconds: float = 0, **body: Json) -> PlacedEntry:
    opening = Opening(index, BEGAN + timedelta(seconds=seconds), kind, body)
    return PlacedEntry(index, OpenedEntry(format_leaf(seal(secret("s"), opening)), secret("s"), opening))


def anchor(size: int, seconds: float, *authorities: str) -> Anchor:
    by = BEGAN + timedelta(seconds=seconds)
    return Anchor(size, b"", tuple(Stamp(name, by, "file", b"") for name in authorities), by)


CAPTURED = entry(0, "captured", 5, capture=uuid(1), sighting=7, reason="match", exhibit="0" * 64)
PLANNED = entry(1, "removal_planned", 6, target=uuid(2), case=uuid(3), sighting=7)


def test_a_capture_is_told_with_the_time_that_is_proven() -> None:
    (said,) = tell([CAPTURED], [anchor(1, 31, "A", "B"), anchor(2, 90, "A")])

    assert said == (
        "Message 1 was captured on 3 March 2026 at 12:00:05 UTC, because it matched a reported picture "
        f"(exhibit {uuid(1)}); this was recorded before 12:00:31, which two independent authorities signed."
    )


def test_the_earliest_bound_counts_and_another_day_is_said() -> None:
    (said,) = tell([CAPTURED], [anchor(1, 2 * 86_400, "A")])
    assert said.endswith(
        "recorded before 5 March 2026 at 12:00:00 UTC, which an independent authority signed."
    )


def test_absence_begins_anew_after_it_was_there() -> None:
    target = uuid(2)
    looks = [
        entry(2, "found_gone", 10, target=target, round=0),
        entry(3, "found_again", 20, target=target, round=1),
        entry(4, "rechecked", 30, target=target, round=2, finding="there", series=""),
        entry(5, "rechecked", 35, target=target, round=2, finding="unclear", series=""),
    ]
    told = tell([CAPTURED, PLANNED, *looks], [])
    assert not [line for line in told if "was absent" in line]
    assert any("found to be there again" in line for line in told)
    assert any(": unclear; no timestamp covers this record" in line for line in told)

    later = [entry(n, "rechecked", 10 * n, target=target, round=3, finding="gone", series="") for n in (6, 7)]
    told = tell([CAPTURED, PLANNED, *looks, *later], [])
    absent = "Message 1 was absent from 3 March 2026 at 12:01:00 UTC on, each time it was looked for until"
    assert any(line.startswith(absent) and "12:01:10" in line for line in told)


@pytest.mark.parametrize(
    ("placed", "said"),
    [
        (entry(2, "decision_undone", decision=uuid(1)), "a decision was taken back before it took effect"),
        (entry(2, "decided", decision="", verdict="odd", effective_at=""), "a reviewer decided: odd"),
        (entry(2, "decision_effective", decision="", verdict="cannot_tell"), "took effect: cannot tell"),
        (entry(2, "evidence_erased", capture=uuid(1)), "the sealed parts of message 1 were destroyed"),
        (entry(2, "evidence_erased", capture=uuid(9)), "sealed parts of another message of the case were"),
        (entry(2, "deletion_observed", capture=uuid(1), by="poll"), "(the platform was asked for it)"),
        (
            entry(2, "removal_step_done", target=uuid(2), action="redact"),
            "step of removing message 1: redact",
        ),
    ],
)
def test_each_kind_has_its_sentence(placed: PlacedEntry, said: str) -> None:
    assert any(said in line for line in tell([CAPTURED, PLANNED, placed], []))


def test_heartbeats_are_summed_up() -> None:
    beats = [
        entry(
            n, "watched", since=f"2026-03-03T12:0{n}:00Z", until=f"2026-03-03T12:0{n + 1}:00.5Z", gap_ms=600
        )
        for n in (1, 2)
    ]
    (said,) = tell(beats, [])
    assert said == (
        "Between 3 March 2026 at 12:01:00 UTC and 3 March 2026 at 12:03:00 UTC, watching was recorded by "
        "2 heartbeats, with gaps of 1.2 seconds in all."
    )


def test_a_story_without_entries_is_empty() -> None:
    assert tell([], []) == ()


def test_words() -> None:
    assert [count(1, "file"), count(2000, "entry"), count(0, "witness")] == [
        "1 file",
        "2,000 entries",
        "0 witnesses",
    ]
    assert [small(2), small(12)] == ["two", "12"]
    assert [joined(["a"]), joined(["a", "b", "c"])] == ["a", "a, b and c"]
    assert when(datetime(2026, 12, 1, 3, 4, 5, tzinfo=UTC)) == "1 December 2026 at 03:04:05 UTC"
