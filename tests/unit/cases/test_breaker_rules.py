"""When automatic removal pauses, whatever comes in whatever order."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from takeback.cases.breaker_rules import Arrival, BreakerState, Limits, Tally, sort_out, together
from takeback.cases.model import Copy
from takeback.events import FoundBy
from takeback.ids import CaseId, EntryId, SightingId

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CASE = CaseId(UUID(int=9))
ENTRIES = tuple(EntryId(UUID(int=number)) for number in range(1, 4))
ARMED, PAUSED, RELEASED, STOPPED = BreakerState


def copy(number: int, poster: str, place: str = "!square") -> Copy:
    found = FoundBy.LIVE
    return Copy(
        CASE, SightingId(number), "memory", place, f"$m{number}", f"media/{number}", poster, NOW, NOW,
        None, found, None, excluded=False,
    )  # fmt: skip


LIMITS = st.builds(Limits, st.integers(1, 6), st.integers(1, 4), st.just(timedelta(hours=1)))
SHOWN = st.lists(st.sampled_from(ENTRIES), min_size=1, max_size=3, unique=True).map(tuple)
ARRIVALS = st.lists(st.tuples(st.sampled_from("abcdef"), SHOWN), max_size=30).map(
    lambda rows: [Arrival(copy(number, poster), shown) for number, (poster, shown) in enumerate(rows)]
)
STATES = st.dictionaries(st.sampled_from(ENTRIES), st.sampled_from(BreakerState))


def tallies(found) -> dict[EntryId, Tally]:
    counted: dict[EntryId, Tally] = {}
    for each, entry in found.through:
        counted[entry] = counted.get(entry, Tally()).plus(each)
    return counted


@given(ARRIVALS, STATES, LIMITS)
def test_each_copy_is_removed_or_waits_and_never_more_are_removed_than_may_be(arrivals, states, limits):
    found = sort_out(arrivals, states, {}, limits)
    gone, held = [c.sighting for c, _ in found.through], [c.sighting for c, _ in found.held]
    assert sorted(gone + held) == [each.copy.sighting for each in arrivals]
    for entry, tally in tallies(found).items():
        assert states.get(entry, ARMED) in {ARMED, RELEASED}
        if states.get(entry, ARMED) is ARMED:
            assert not tally.exceeds(limits)
    armed = [t for e, t in tallies(found).items() if states.get(e, ARMED) is ARMED and e not in found.tripped]
    assert not together(armed).exceeds(limits)


@given(ARRIVALS, STATES, LIMITS)
def test_what_shows_a_released_picture_goes_unless_one_it_shows_is_stopped(arrivals, states, limits):
    found = sort_out(arrivals, states, {}, limits)
    held = {c.sighting for c, _ in found.held}
    for each in arrivals:
        answers = {states.get(entry, ARMED) for entry in each.entries}
        if STOPPED in answers:
            assert each.copy.sighting in held
        elif RELEASED in answers:
            assert each.copy.sighting not in held
        elif PAUSED in answers:
            assert each.copy.sighting in held


@given(ARRIVALS, LIMITS, st.integers(0, 30))
def test_it_does_not_matter_in_how_many_parts_copies_come(arrivals, limits, at):
    whole = sort_out(arrivals, {}, {}, limits)
    first = sort_out(arrivals[:at], {}, {}, limits)
    then = sort_out(arrivals[at:], dict.fromkeys(first.tripped, PAUSED), tallies(first), limits)
    assert first.through + then.through == whole.through
    assert first.held + then.held == whole.held
    assert {**first.tripped, **then.tripped} == whole.tripped


@given(ARRIVALS)
def test_one_poster_and_one_place_of_several_entries_are_one(arrivals):
    counted: dict[EntryId, Tally] = {}
    for each in arrivals:
        for entry in each.entries:
            counted[entry] = counted.get(entry, Tally()).plus(each.copy, lately=False)
    total = together(counted.values())
    assert total == Tally(
        0,
        frozenset(("memory", each.copy.sender) for each in arrivals),
        frozenset(("memory", each.copy.place) for each in arrivals),
    )


def test_the_number_told_is_of_what_was_removed():
    limits = Limits(removals=2, posters=9, answer_within=timedelta(hours=1))
    found = sort_out([Arrival(copy(n, "a", f"!{n}"), ENTRIES[:1]) for n in range(5)], {}, {}, limits)
    [tally] = found.tripped.values()
    assert (tally.removals, len(tally.posters), len(tally.places)) == (2, 1, 2)
