"""The story in sentences: every kind, with and without timestamps, and words for numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from packages import BEGAN, secret, uuid
from rounds_of_looks import gone_round
from takeback_verify.core.anchors import Anchor, Stamp
from takeback_verify.core.entries import OpenedEntry, PlacedEntry
from takeback_verify.core.leaf import Json, Opening, format_leaf, seal
from takeback_verify.core.rounds import Judged, Look, RoundDocument, State, Vantage, judge
from takeback_verify.core.story import TOLD, read_story
from takeback_verify.core.words import count, joined, small, when
from takeback_verify.narration import story


def entry(index: int, kind: str, seconds: float = 0, **body: Json) -> PlacedEntry:
    opening = Opening(index, BEGAN + timedelta(seconds=seconds), kind, body)
    return PlacedEntry(index, OpenedEntry(format_leaf(seal(secret("s"), opening)), secret("s"), opening))


def anchor(size: int, seconds: float, *authorities: str) -> Anchor:
    by = BEGAN + timedelta(seconds=seconds)
    return Anchor(size, b"", tuple(Stamp(name, by, "file", b"") for name in authorities), by)


def tell(
    entries: Sequence[PlacedEntry], anchors: Sequence[Anchor], rounds: Mapping[str, Judged]
) -> tuple[str, ...]:
    """The story of these entries, in sentences."""
    return story.tell(read_story(entries, anchors, rounds))


CAPTURED = entry(0, "captured", 5, capture=uuid(1), sighting=7, reason="match", exhibit="0" * 64)
TARGET = uuid(2)
PLANNED = entry(1, "removal_planned", 6, target=TARGET, case=uuid(3), sighting=7)


def test_a_capture_is_told_with_the_time_that_is_proven() -> None:
    (said,) = tell([CAPTURED], [anchor(1, 31, "A", "B"), anchor(2, 90, "A")], {})

    assert said == (
        "Message 1 was captured on 3 March 2026 at 12:00:05 UTC, because it matched a reported picture "
        f"(exhibit {uuid(1)}); this was recorded before 12:00:31, which two independent authorities signed."
    )


def test_the_earliest_bound_counts_and_another_day_is_said() -> None:
    (said,) = tell([CAPTURED], [anchor(1, 2 * 86_400, "A")], {})
    assert said.endswith(
        "recorded before 5 March 2026 at 12:00:00 UTC, which an independent authority signed."
    )


def looked(index: int, number: int, said: str, document: RoundDocument | None = None):
    """An entry of a round, and the round as it was judged."""
    place = entry(
        index, "rechecked", 10 * index, target=TARGET, round=number, finding=said, series=f"{index}"
    )
    document = replace(document or gone_round(TARGET), round=number)
    if said == "there":
        document = replace(
            document, looks=(replace(document.looks[0], state=State.PRESENT), *document.looks[1:])
        )
    if said == "unclear":
        document = replace(document, control=())
    return place, {f"{index}": judge(document, said)}


def told_of(*rounds: tuple[PlacedEntry, dict[str, Judged]], more: tuple[PlacedEntry, ...] = ()) -> list[str]:
    """What is told of these rounds, and of these entries before them."""
    entries = [CAPTURED, PLANNED, *more, *(place for place, _ in rounds)]
    return [*tell(entries, [], {name: judged for _, each in rounds for name, judged in each.items()})]


def test_absence_begins_anew_after_it_was_there() -> None:
    again = entry(3, "found_again", 30, target=TARGET, round=1)
    first = looked(2, 0, "gone"), looked(4, 2, "there"), looked(5, 3, "unclear")
    told = told_of(*first, more=(again,))
    assert not [line for line in told if "was absent" in line]
    assert any("found to be there again" in line for line in told)
    assert any(": media (as an administrator); no timestamp" in line for line in told)
    assert any(", which showed nothing certain; no timestamp covers this record" in line for line in told)

    told = told_of(*first, looked(6, 4, "gone"), looked(7, 5, "gone"), more=(again,))
    absent = "Message 1 was absent from 3 March 2026 at 12:01:00 UTC on, each time it was looked for until"
    assert any(line.startswith(absent) and "12:01:10" in line for line in told)


def test_gone_is_told_with_every_look_and_its_control() -> None:
    [said] = [line for line in told_of(looked(2, 0, "gone")) if "looked for on" in line]
    by = "(as an administrator, without an account, as a member)"
    assert (
        f"was gone: media {by}, message {by} and thumbnail {by}, each between two looks at a control" in said
    )


def test_a_door_that_is_shut_to_strangers_is_told() -> None:
    shut = gone_round(TARGET)
    strangers = Vantage.ANONYMOUS

    def closed(rows: tuple[Look, ...]) -> tuple[Look, ...]:
        return tuple(
            replace(row, seen="401", state=State.ABSENT) if row.vantage is strangers else row for row in rows
        )

    shut = replace(
        shut, control=closed(shut.control), looks=closed(shut.looks), shut_out=frozenset({strangers})
    )
    [said] = [line for line in told_of(looked(2, 0, "gone", shut)) if "looked for on" in line]
    assert "media (as an administrator, as a member)" in said
    assert "; without an account nothing is shown, not even the control" in said


@pytest.mark.parametrize(
    ("control", "why"),
    [((), "no control"), (gone_round().control, "its record does not say what had to be looked at")],
)
def test_an_old_round_is_told_as_not_proven_and_counts_for_nothing(
    control: tuple[Look, ...], why: str
) -> None:
    """E2: what has no control is never called gone, though the service said so once."""
    old = replace(gone_round(TARGET), required=None, control=control)
    found = entry(2, "found_gone", 20, target=TARGET, round=0)
    told = told_of(looked(3, 0, "gone", old), more=(found,))
    assert f"that is not proven: {why}; no timestamp" in " ".join(told)
    assert f"says the service; that it was gone is not proven: {why}; no timestamp" in " ".join(told)
    assert not [line for line in told if "was absent" in line or "was gone:" in line or "to be gone" in line]


def test_a_record_without_a_round_proves_nothing() -> None:
    """E2: the entry alone, of a time before there was a control."""
    told = told_of(more=(entry(2, "found_gone", 20, target=TARGET, round=0),))
    assert any("says the service; that it was gone is not proven: no control" in line for line in told)


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
            "a step ended, done or not offered by the platform, in removing message 1: redact",
        ),
        (
            entry(2, "removal_step_done", target=uuid(2), action="redact", how="done"),
            "the platform confirmed a step of removing message 1: redact",
        ),
        (
            entry(2, "removal_step_done", target=uuid(2), action="redact", how="already"),
            "a step was found done already, and nothing was done, in removing message 1: redact",
        ),
        (
            entry(2, "removal_step_done", target=uuid(2), action="redact", how="odd"),
            "a step ended as odd in removing message 1: redact",
        ),
    ],
)
def test_each_kind_has_its_sentence(placed: PlacedEntry, said: str) -> None:
    assert any(said in line for line in tell([CAPTURED, PLANNED, placed], [], {}))


def test_every_kind_that_is_told_has_a_sentence() -> None:
    assert story.SENTENCES.keys() == TOLD


def test_heartbeats_are_summed_up() -> None:
    beats = [
        entry(
            n, "watched", since=f"2026-03-03T12:0{n}:00Z", until=f"2026-03-03T12:0{n + 1}:00.5Z", gap_ms=600
        )
        for n in (1, 2)
    ]
    (said,) = tell(beats, [], {})
    assert said == (
        "Between 3 March 2026 at 12:01:00 UTC and 3 March 2026 at 12:03:00 UTC, watching was recorded by "
        "2 heartbeats, with gaps of 1.2 seconds in all."
    )


def test_a_story_without_entries_is_empty() -> None:
    assert tell([], [], {}) == ()


def test_words() -> None:
    assert [count(1, "file"), count(2000, "entry"), count(0, "witness")] == [
        "1 file",
        "2,000 entries",
        "0 witnesses",
    ]
    assert [small(2), small(12)] == ["two", "12"]
    assert [joined(["a"]), joined(["a", "b", "c"])] == ["a", "a, b and c"]
    assert when(datetime(2026, 12, 1, 3, 4, 5, tzinfo=UTC)) == "1 December 2026 at 03:04:05 UTC"
