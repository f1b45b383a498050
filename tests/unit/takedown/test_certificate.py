"""What rounds say against the clock, and what they must not say."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.connectors.api import State, Surface, Vantage
from takeback.ids import EventId, SightingId, TargetId
from takeback.law import clocks
from takeback.law.clocks import Clock
from takeback.takedown.certificate import Certificate, certificates, certify
from takeback.takedown.model import ControlRow, Finding, LookRow, Round, When
from takeback.takedown.rules import series
from takeback.takedown.telling import english, told
from takeback.zones import zone_of
from takeback_verify.core import canonical

RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
DECIDED = RECEIVED + timedelta(hours=20)
CLOCK = Clock("house", RECEIVED + timedelta(hours=48))
FIRST = datetime(2026, 3, 3, 11, 5, tzinfo=UTC)
AFTER = [
    timedelta(0),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=2),
    timedelta(days=7),
    timedelta(30),
]
TARGET = TargetId(UUID(int=1))
SHUT = frozenset({Vantage.ANONYMOUS})


def round_(
    number: int,
    finding: Finding = Finding.GONE,
    at: datetime = FIRST,
    *,
    shut: frozenset[Vantage] = frozenset(),
    target: TargetId = TARGET,
) -> Round:
    state = State.PRESENT if finding is Finding.THERE else State.ABSENT
    present = State.UNDETERMINED if finding is Finding.UNCLEAR else State.PRESENT
    pairs = [(surface, vantage) for surface in (Surface.MESSAGE, Surface.MEDIA) for vantage in Vantage]
    looks = tuple(LookRow(number, surface, vantage, state, "404", at) for surface, vantage in pairs)
    control = tuple(
        ControlRow(number, when, surface, vantage, State.ABSENT if vantage in shut else present, "404")
        for when in When
        for surface, vantage in pairs
    )
    required = frozenset({Surface.MESSAGE, Surface.MEDIA})
    document = series(target, number, at, looks, control, required, shut)
    return Round(target, SightingId(5), number, at, finding, looks, control, document, EventId(9))


def first_version(each: Round) -> Round:
    """The same, as it was kept before a round said what had to be looked at."""
    document = json.loads(each.series)
    del document["required"], document["shut_out"]
    return replace(each, series=canonical.write({**document, "v": 1}))


def said(*rounds: Round, clock: Clock = CLOCK, decided_at: datetime | None = DECIDED) -> Certificate:
    return certify(rounds, received_at=RECEIVED, clock=clock, decided_at=decided_at)


def test_six_rounds_that_found_it_gone_are_told_with_the_clock_and_the_limits():
    certificate = said(*(round_(n, at=FIRST + after) for n, after in enumerate(AFTER)))
    assert certificate.sentence == (
        "The report was received on 1 March 2026 12:00 UTC. "
        "The decision to remove took effect on 2 March 2026 08:00 UTC. "
        "The copy was due to be removed by 3 March 2026 12:00 UTC (the service's own deadline); "
        "it was first found gone on 3 March 2026 11:05 UTC, 55 min before that. "
        "Absent at each of six checks from 3 March 2026 11:05 UTC to 2 April 2026 11:05 UTC, "
        "looked for without an account, as a member and as an administrator, "
        "each time between two looks at a control that was present. "
        "Between the checks nothing was seen and nothing is claimed."
    )
    assert certificate.in_time
    assert (certificate.removed_at, certificate.absent_since) == (FIRST, FIRST)
    assert (certificate.last_checked_at, certificate.rounds) == (FIRST + timedelta(30), 6)
    assert (certificate.due_at, certificate.clock, certificate.gaps) == (CLOCK.due_at, "house", ())


def test_the_clock_of_a_law_is_called_by_its_name():
    strictest, *others = clocks.start(RECEIVED, 1000)
    for clock in (strictest, *others):
        names = {each.id: each.name for each in clocks.regimes()}
        assert names.get(clock.regime, "the service's own deadline") in said(round_(0), clock=clock).sentence


def test_too_late_is_said():
    certificate = said(round_(0, at=CLOCK.due_at + timedelta(days=1, hours=3)))
    assert not certificate.in_time
    assert "1 day 3 h after that" in certificate.sentence
    assert "Absent at one check, on 4 March 2026 15:00 UTC" in certificate.sentence


def test_whoever_was_not_shown_the_control_is_not_spoken_for():
    certificate = said(round_(0, shut=SHUT), round_(1, shut=SHUT))
    assert certificate.vantages == (Vantage.MEMBER, Vantage.ADMIN)
    assert "looked for as a member and as an administrator," in certificate.sentence
    assert "looks without an account was not shown the control either" in certificate.sentence


def test_one_round_in_which_strangers_were_shut_out_takes_them_out_of_the_claim():
    certificate = said(round_(0), round_(1, shut=SHUT))
    assert Vantage.ANONYMOUS not in certificate.vantages


def test_a_check_that_showed_nothing_certain_is_a_gap_that_is_told():
    later = FIRST + timedelta(hours=1)
    certificate = said(round_(0), round_(1, Finding.UNCLEAR, later), round_(2, at=FIRST + timedelta(days=1)))
    assert certificate.gaps == (later,)
    assert certificate.rounds == 2
    assert "One check showed nothing certain, on 3 March 2026 12:05 UTC." in certificate.sentence
    assert "each of two checks" in certificate.sentence


def test_two_gaps_are_told_in_one_sentence():
    certificate = said(*(round_(n, Finding.UNCLEAR, FIRST + timedelta(days=n)) for n in range(2)))
    assert (
        "Two checks showed nothing certain, on 3 March 2026 11:05 UTC and 4 March 2026 11:05 UTC."
        in certificate.sentence
    )


def test_a_copy_that_came_back_is_absent_only_since_the_round_after():
    back, again = FIRST + timedelta(days=1), FIRST + timedelta(days=1, minutes=1)
    certificate = said(round_(0), round_(1, Finding.THERE, back), round_(2, at=again))
    assert (certificate.removed_at, certificate.absent_since) == (FIRST, again)
    assert certificate.seen_again == (back,)
    assert "seen again, on 4 March 2026 11:05 UTC" in certificate.sentence
    assert "Absent at one check" in certificate.sentence


def test_a_copy_that_was_there_before_it_was_ever_gone_was_not_seen_again():
    assert said(round_(0, Finding.THERE), round_(1)).seen_again == ()


def test_without_a_proof_nothing_is_claimed():
    there = said(round_(0), round_(1, Finding.THERE, FIRST + timedelta(hours=1)))
    assert (there.absent_since, there.rounds, there.vantages) == (None, 0, ())
    assert "That it is absent is not claimed" in there.sentence
    assert "It was to be seen on 3 March 2026 12:05 UTC." in there.sentence
    never = said(round_(0, Finding.UNCLEAR), decided_at=None)
    assert (never.removed_at, never.in_time) == (None, False)
    assert "no check has found it gone" in never.sentence
    assert "Absent at" not in never.sentence


def test_what_an_old_record_does_not_prove_is_not_claimed():
    """E2: the certificate claims no more than a verifier of its package says."""
    old = said(first_version(round_(0)))
    assert (old.removed_at, old.rounds, old.unproven) == (None, 0, (FIRST,))
    assert "no check has found it gone" in old.sentence
    assert (
        "The service recorded that it was gone on 3 March 2026 11:05 UTC; "
        "the records of these checks do not prove it." in old.sentence
    )
    both = said(first_version(round_(0)), round_(1, at=FIRST + timedelta(days=1)))
    assert (both.rounds, both.removed_at) == (1, FIRST + timedelta(days=1))


def test_a_time_is_told_in_utc_and_where_the_reader_lives():
    """E4: local time beside UTC."""
    there = told(said(round_(0)).clauses, english(), zone_of("Asia/Seoul"))
    assert "first found gone on 3 March 2026 11:05 UTC (2026-03-03 20:05 UTC+09:00)" in there
    for wrong in ("Nowhere/At all", "", "../etc/passwd", "+09:00"):
        with pytest.raises(ValueError, match="not a time zone"):
            zone_of(wrong)


def test_each_copy_has_its_own():
    other = TargetId(UUID(int=2))
    rounds = (round_(0), round_(1), round_(0, Finding.UNCLEAR, target=other))
    first, second = certificates(rounds, received_at=RECEIVED, clock=CLOCK, decided_at=DECIDED)
    assert (first.target, second.target) == (TARGET, other)
    assert (first.rounds, second.rounds) == (2, 0)
    assert certificates((), received_at=RECEIVED, clock=CLOCK, decided_at=None) == ()
    for wrong in ((), rounds):
        with pytest.raises(ValueError, match="one copy"):
            said(*wrong)


@given(st.lists(st.sampled_from(Finding), min_size=1, max_size=8), st.randoms())
def test_absence_is_claimed_from_the_last_sighting_on_and_for_no_other_round(findings, shuffle):
    rounds = [round_(n, each, FIRST + timedelta(days=n)) for n, each in enumerate(findings)]
    shuffle.shuffle(mixed := rounds.copy())
    certificate = said(*mixed)
    tail = (
        findings[len(findings) - findings[::-1].index(Finding.THERE) :]
        if Finding.THERE in findings
        else findings
    )
    assert certificate.rounds == tail.count(Finding.GONE)
    assert (certificate.absent_since is None) == (Finding.GONE not in tail)
    assert len(certificate.gaps) == findings.count(Finding.UNCLEAR)
    assert certificate.last_checked_at == rounds[-1].at
    assert ("not claimed: " in certificate.sentence) == (Finding.GONE not in tail)
    assert certificate.sentence.endswith("Between the checks nothing was seen and nothing is claimed.")
