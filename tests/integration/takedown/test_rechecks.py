"""Gone is said only beside a control that was seen; whatever else hides a copy is told as not certain."""

import hashlib
import json
from datetime import timedelta

import psycopg
import pytest

from house import House, picture
from platform_in_memory import CONTROL, MemoryPlatform
from takeback.connectors.api import State, Surface, Vantage
from takeback.errors import NotAllowed, Unavailable
from takeback.events import FoundAgain, FoundGone, Rechecked, RemovalFailed
from takeback.law import clocks
from takeback.takedown import rules
from takeback.takedown import service as takedown
from takeback.takedown.certificate import certificates
from takeback.takedown.model import Finding, TargetState, When
from takeback_verify.core.rounds import judge, parse_round

ABSENT, UNCLEAR, PRESENT = State.ABSENT, State.UNDETERMINED, State.PRESENT
OUTAGE = dict.fromkeys(Vantage, (UNCLEAR, "503"))
LOGIN_WALL = {Vantage.ANONYMOUS: (ABSENT, "401")}
LOCKED_OUT = {Vantage.MEMBER: (ABSENT, "404")}
GEO_BLOCK = dict.fromkeys(Vantage, (ABSENT, "404"))
AS_IT_IS: dict[Vantage, tuple[State, str]] = {}


def rounds(house: House, report):
    with house.database.transaction() as tx:
        return takedown.rounds_of(tx, house.case_of(report))


def removals(house: House, report):
    with house.database.transaction() as tx:
        return takedown.progress(tx, house.case_of(report))


def rechecked(house: House) -> list[tuple[int, str]]:
    return [(event.round, event.finding) for event in house.events(Rechecked)]


def test_each_round_is_in_the_log_with_the_hash_of_all_that_was_seen(house, removed):
    report, _ = removed
    house.after(hours=2)
    house.after(hours=25)
    [target] = removals(house, report)
    found = rounds(house, report)
    assert [(each.round, each.finding) for each in found] == [(n, Finding.GONE) for n in range(3)]
    assert target.rounds == found
    for each in found:
        assert (each.target, each.sighting) == (target.target, target.sighting)
        assert {row.when for row in each.control} == {*When}
        assert {row.state for row in each.control} == {PRESENT}
        assert {look.state for look in each.looks} == {ABSENT}
        required = frozenset({Surface.MESSAGE, Surface.MEDIA})
        said = rules.series(each.target, each.round, each.at, each.looks, each.control, required, ())
        assert each.series == said
        assert judge(parse_round(each.series, "a round"), each.finding.value).finding == each.finding.value
        body = house.query("select body from event where id = %s and kind = 'rechecked'", each.event)[0][0]
        assert body["series"] == hashlib.sha256(each.series).hexdigest()
        assert (body["target"], body["round"], body["finding"]) == (str(each.target), each.round, "gone")
        assert house.query("select count(*) from ledger_entry where event_id = %s", each.event) == [(1,)]
    fields = ["at", "control", "looks", "required", "round", "shut_out", "target", "v"]
    assert sorted(json.loads(found[0].series)) == fields
    assert found[1].at - found[0].at > timedelta(hours=1)


def test_the_event_of_a_round_stands_with_what_was_found(house, platform, removed):
    _, post = removed
    platform.bring_back(post)
    house.after(hours=2)
    events = house.events(Rechecked, FoundGone, FoundAgain)
    said = [(type(event), event.round) for event in events]
    assert said == [
        (Rechecked, 0), (FoundGone, 0), (Rechecked, 1), (FoundAgain, 1), (Rechecked, 2), (FoundGone, 2),
    ]  # fmt: skip
    assert [event.finding for event in events if isinstance(event, Rechecked)] == ["gone", "there", "gone"]


HIDING = {
    "an outage between the control and the copy": (AS_IT_IS, OUTAGE, OUTAGE),
    "an outage that begins after the copy": (AS_IT_IS, AS_IT_IS, OUTAGE),
    "an outage that ends before the copy": (OUTAGE, AS_IT_IS, AS_IT_IS),
    "a log-in wall": (LOGIN_WALL,) * 3,
    "a log-in wall that comes up in between": (AS_IT_IS, LOGIN_WALL, LOGIN_WALL),
    "a member's account that is locked out": (LOCKED_OUT,) * 3,
    "a geo-block": (GEO_BLOCK,) * 3,
    "a geo-block that is lifted in between": (GEO_BLOCK, GEO_BLOCK, AS_IT_IS),
}


@pytest.mark.parametrize("what", HIDING)
def test_what_hides_everything_is_not_taken_for_gone_and_is_looked_at_again(house, platform, reported, what):
    report, post = reported
    platform.answer_instead(*HIDING[what])
    house.decide(report)
    house.after(seconds=11)
    assert platform.removed(post)
    [target] = removals(house, report)
    assert (house.status(report), target.state) == ("removing", TargetState.CHECKING)
    assert (rounds(house, report), rechecked(house)) == ((), [])
    house.after(seconds=10, steps=3)
    assert house.status(report) == "removed"
    assert rechecked(house) == [(0, "gone")]
    [found] = rounds(house, report)
    assert {row.state for row in found.control} == {PRESENT}


@pytest.mark.parametrize("hidden", [LOGIN_WALL, LOCKED_OUT, GEO_BLOCK])
def test_a_wall_that_stays_ends_as_not_certain_and_never_as_gone(house, platform, reported, hidden):
    report, _ = reported
    platform.answer_instead(*[hidden] * 99)
    house.decide(report)
    house.after(seconds=11)
    house.after(minutes=10, steps=20)
    assert house.events(FoundGone) == []
    assert rechecked(house) == [(0, "unclear")]
    [failed] = house.events(RemovalFailed)
    assert "while the control was answered" in failed.reason
    [found] = rounds(house, report)
    assert found.finding is Finding.UNCLEAR
    assert {look.state for look in found.looks} == {ABSENT}


def test_a_copy_that_is_seen_is_there_whatever_became_of_the_control(house, platform, removed):
    _, post = removed
    platform.bring_back(post)
    platform.answer_instead(GEO_BLOCK, AS_IT_IS, GEO_BLOCK)
    house.after(hours=2)
    assert [event.round for event in house.events(FoundAgain)] == [1]
    assert platform.removed(post)


@pytest.mark.parametrize("error", [NotAllowed("403"), Unavailable("429", retry_after=60)])
def test_a_copy_is_looked_at_also_while_there_is_no_control(house, platform, removed, error):
    report, post = removed
    house.app.controls._watches.clear()  # as after a restart: where the control is must be asked
    platform.fail("control", error)
    house.after(hours=2)
    assert rechecked(house) == [(0, "gone")]
    assert house.query("select count(*) from takedown_look where round = 1")[0][0] > 0
    house.after(minutes=2)
    assert rechecked(house) == [(0, "gone"), (1, "gone")]
    house.app.controls._watches.clear()
    platform.fail("control", error)
    platform.bring_back(post)
    house.after(hours=25)
    assert rechecked(house)[2:] == [(2, "there"), (3, "gone")]
    assert house.status(report) == "removed"


def test_a_platform_without_a_control_never_says_gone_and_says_why(house, platform, reported):
    report, _ = reported
    platform.take_control_away()
    house.decide(report)
    house.after(seconds=11)
    house.after(minutes=10, steps=20)
    [failed] = house.events(RemovalFailed)
    assert "no control to look at" in failed.reason
    assert (house.events(FoundGone), rechecked(house)) == ([], [(0, "unclear")])
    assert rounds(house, report)[0].control == ()


def test_a_recheck_that_is_given_up_is_a_round_and_the_next_one_comes(house, platform, removed):
    report, _ = removed
    platform.answer_instead(*[OUTAGE] * 42)
    house.after(hours=2)
    house.after(minutes=10, steps=20)
    assert rechecked(house) == [(0, "gone"), (1, "unclear")]
    house.after(hours=25)
    assert rechecked(house) == [(0, "gone"), (1, "unclear"), (2, "gone")]
    assert house.status(report) == "removed"


def test_a_platform_that_does_not_answer_at_all_makes_a_round_without_a_look(house, platform, removed):
    report, _ = removed
    platform.fail("verify", *[Unavailable("503")] * 14)
    house.after(hours=2)
    house.after(minutes=10, steps=20)
    _, lost = rounds(house, report)
    assert (lost.finding, lost.looks, lost.control) == (Finding.UNCLEAR, (), ())
    assert json.loads(lost.series)["looks"] == []


def test_a_round_is_concluded_once_whoever_looks_and_gives_up_again(house, platform, removed):
    report, _ = removed
    [target] = removals(house, report)
    before = house.state()
    with house.database.transaction() as tx:
        removal = takedown.require(tx, target.target)
    for round_ in (0, 7):
        takedown.look(house.database, platform, removal, round_, ())
        with house.database.transaction() as tx:
            takedown.give_up_look(tx, target.target, round_, "late", ())
    assert house.state() == before
    for statement in ("delete from takedown_round", "update takedown_round set finding = 'there'"):
        with pytest.raises(psycopg.errors.RaiseException):
            house.query(statement)


def test_a_repeated_look_keeps_nothing_of_the_one_before(house, platform, reported):
    report, _ = reported
    platform.answer_instead(OUTAGE, OUTAGE, OUTAGE)
    house.decide(report)
    house.after(seconds=11)
    platform.take_control_away()
    house.app.controls._watches.clear()
    house.after(seconds=10)
    assert house.query("select count(*) from takedown_control") == [(0,)]
    assert {look.state for look in removals(house, report)[0].looks} == {ABSENT}


def test_the_control_is_no_post_no_copy_and_never_touched(house, platform, removed):
    report, post = removed
    house.watch()
    assert list(house.copies(report)) == [post.message]
    assert CONTROL.message not in {
        message for (message,) in house.query("select message from sightings_post")
    }
    assert {done.target.message for done in platform._world.acted} == {post.message}


def test_the_rounds_of_a_case_become_its_certificate(house, platform, removed):
    report, _ = removed
    platform.answer_instead(*[OUTAGE] * 42)
    house.after(hours=2)
    house.after(minutes=10, steps=20)
    house.after(hours=25)
    received_at = house.query("select received_at from submissions_report")[0][0]
    clock = clocks.start(received_at, 24)[0]
    found = rounds(house, report)
    [certificate] = certificates(found, received_at=received_at, clock=clock, decided_at=None)
    assert certificate.in_time
    assert (certificate.rounds, certificate.gaps) == (2, (found[1].at,))
    assert certificate.vantages == tuple(Vantage)
    assert "Absent at each of two checks" in certificate.sentence
    assert "One check showed nothing certain" in certificate.sentence


def test_two_copies_have_their_rounds_apart(house, platform):
    posts = platform.post(picture(1)), platform.post(picture(1, mirrored=True))
    house.watch()
    report = house.report(picture(1))
    house.take_in()
    house.decide(report)
    house.after(seconds=11)
    house.after(hours=2)
    found = rounds(house, report)
    assert [each.round for each in found] == [0, 1, 0, 1]
    assert len({each.target for each in found}) == len(posts)
    assert len({each.series for each in found}) == 4


def test_where_messages_are_all_there_is_a_message_is_enough(database, tmp_path, decoder, time):
    platform = MemoryPlatform(surfaces=(Surface.MESSAGE,))
    house = House(database, platform, tmp_path, decoder, time)
    platform.post(picture(1))
    house.watch()
    report = house.report(picture(1))
    house.take_in()
    house.decide(report)
    house.after(seconds=11)
    [found] = rounds(house, report)
    assert {look.surface for look in found.looks} == {Surface.MESSAGE}
    assert found.finding is Finding.GONE
