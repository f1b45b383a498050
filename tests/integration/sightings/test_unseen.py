"""What people can see and is not compared is counted, listed, and leaves the counts when it is mended."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

import synthetic
from takeback.connectors.api import Batch, Survey, Unseen, UnseenKind
from takeback.errors import WhyUnreadable
from takeback.sightings import store as sightings
from takeback.sightings import unseen
from takeback.sightings.model import Later
from takeback.sightings.unseen import What

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DAY = timedelta(days=1)
SURVEY = Survey(listed=3, unlisted=1, watched=2)


def batch(*unseen_: Unseen, survey: Survey | None = None) -> Batch:
    return Batch((), "next", unseen=unseen_, survey=survey)


def shut_out(place: str, why: str = "banned") -> Unseen:
    return Unseen(UnseenKind.SHUT_OUT, place, "", why)


def address(message: str, why: str = "content.url", place: str = "!a") -> Unseen:
    return Unseen(UnseenKind.ADDRESS, place, message, why)


def tallied(tx, what: What, connector: str = "chat") -> dict[str, int]:
    tally = unseen.counts(tx).tallies.get((connector, what))
    if tally is None:
        return {}
    assert tally.total.at_least == sum(number.at_least for _, number in tally.reasons)
    return {why: number.at_least for why, number in tally.reasons}


def lines(tx, what: What, why: str | None = None, connector: str = "chat") -> list[unseen.Listed]:
    """The whole list, page by page."""
    found, before = list[unseen.Listed](), None
    while True:
        page, before = unseen.listed(tx, connector, what, why, before)
        assert len(page) <= unseen.PAGE
        found += page
        if before is None:
            return found


_PLACES = st.sampled_from(["!a", "!b", "!c"])
_WHOLE = st.builds(
    Unseen,
    st.sampled_from([UnseenKind.SHUT_OUT, UnseenKind.NOT_LISTED]),
    _PLACES,
    st.just(""),
    st.sampled_from(["banned", "invite", "knock"]),
)
_ADDRESSES = st.builds(
    Unseen,
    st.just(UnseenKind.ADDRESS),
    _PLACES,
    st.sampled_from(["$1", "$2", ""]),
    st.sampled_from(["url", "x\0y"]),
)
_BATCHES = st.lists(
    st.builds(
        lambda told, survey: batch(*told, survey=SURVEY if survey else None),
        st.lists(_WHOLE | _ADDRESSES, max_size=6),
        st.booleans(),
    ),
    max_size=6,
)


@given(batches=_BATCHES, again=st.booleans())
def test_the_rows_are_what_the_batches_said_however_often_each_was_committed(database, batches, again):
    """Carriers: the same thing seen again is one row; a survey takes out what it leaves out."""
    places, addresses = dict[str, tuple[UnseenKind, str]](), set[tuple[str, str, str]]()
    with database.transaction() as tx:
        for each in batches:
            for _ in range(2 if again else 1):
                unseen.keep(tx, "chat", each, NOW)
            told = {
                one.place: (one.kind, one.why) for one in each.unseen if one.kind is not UnseenKind.ADDRESS
            }
            places = told if each.survey else places | told
            addresses |= {
                (one.place, one.message, one.why.replace("\0", ""))
                for one in each.unseen
                if one.kind is UnseenKind.ADDRESS
            }
        found = {
            (What(kind), row.place): row.why
            for kind in ("shut_out", "not_listed")
            for row in lines(tx, What(kind))
        }
        assert found == {(What(kind.value), place): why for place, (kind, why) in places.items()}
        rows = [(row.place, row.message, row.why) for row in lines(tx, What.ADDRESS)]
        assert sorted(rows) == sorted(addresses)
        tx.execute("delete from sightings_unseen")


def test_what_is_seen_again_keeps_its_row_and_when_it_was_first_seen(database):
    with database.transaction() as tx:
        unseen.keep(tx, "chat", batch(shut_out("!a", "knock"), address("$1")), NOW)
        unseen.keep(tx, "chat", batch(shut_out("!a", "banned"), address("$1")), NOW + DAY)
        (place,), (message,) = lines(tx, What.SHUT_OUT), lines(tx, What.ADDRESS)
        assert (place.why, place.first_seen, place.last_seen) == ("banned", NOW, NOW + DAY)
        assert (message.first_seen, message.last_seen) == (NOW, NOW + DAY)


def test_a_survey_takes_out_what_it_does_not_name_and_no_other_platforms_places(database):
    with database.transaction() as tx:
        unseen.keep(tx, "chat", batch(shut_out("!a"), shut_out("!b"), address("$1"), survey=SURVEY), NOW)
        unseen.keep(tx, "other", batch(shut_out("!a"), survey=SURVEY), NOW)
        unseen.keep(tx, "chat", batch(shut_out("!b"), survey=SURVEY), NOW + DAY)
        assert [row.place for row in lines(tx, What.SHUT_OUT)] == ["!b"]
        assert len(lines(tx, What.ADDRESS)) == 1
        assert len(lines(tx, What.SHUT_OUT, connector="other")) == 1
        assert unseen.counts(tx).surveys["chat"] == unseen.Surveyed(NOW + DAY, SURVEY)


def test_one_crafted_message_or_many_reasons_hide_nothing_else(database):
    with database.transaction() as tx:
        unseen.keep(tx, "chat", batch(*(address("$1", f"field {n}") for n in range(500))), NOW)
        assert len(lines(tx, What.ADDRESS)) == 20
        unseen.keep(tx, "chat", batch(*(address(f"${n}", f"a{n}" * 200) for n in range(300))), NOW)
        unseen.keep(tx, "chat", batch(shut_out("!a")), NOW)
        counts = unseen.counts(tx)
        assert counts.tallies["chat", What.ADDRESS].total == unseen.Number(320)
        assert counts.tallies["chat", What.SHUT_OUT].total == unseen.Number(1)
        assert len(lines(tx, What.ADDRESS)) == 320


def test_files_that_could_not_be_read_are_counted_by_reason_until_they_are_read(database):
    """Carriers: what cannot be read was recorded and nobody was told."""
    readings = [*WhyUnreadable, WhyUnreadable.TOO_MANY_PIXELS, Later("down")]
    seen = [
        replace(synthetic.seen("!a", n, bytes(32)), reading=reading) for n, reading in enumerate(readings)
    ]
    with database.transaction() as tx:
        ids = sightings.insert(tx, "chat", seen, NOW)
        assert tallied(tx, What.UNREADABLE) == {each.value: 1 for each in WhyUnreadable} | {
            "too_many_pixels": 2
        }
        (row, _) = lines(tx, What.UNREADABLE, "too_many_pixels")
        assert (row.place, row.first_seen) == ("!a", NOW)
        tx.execute("delete from sightings_post where id = %s", [row.id])
        assert tallied(tx, What.UNREADABLE)["too_many_pixels"] == 1
        assert sightings.set_unreadable(tx, ids[-1], "platform_unavailable")
        assert tallied(tx, What.UNREADABLE)["platform_unavailable"] == 1


def test_a_long_list_is_whole_in_pages_and_a_large_number_is_not_counted_out(database):
    with database.transaction() as tx:
        tx.execute(
            "insert into sightings_unseen (connector, kind, place, message, why, first_seen, last_seen)"
            " select 'chat', 'address', '!a', '$' || n, 'w' || (n %% 2), %s, %s"
            " from generate_series(1, 10500) n",
            [NOW, NOW],
        )
        tally = unseen.counts(tx).tallies["chat", What.ADDRESS]
        assert tally.total == unseen.Number(10_000, more=True)
        assert dict(tally.reasons) == {"w0": unseen.Number(5250), "w1": unseen.Number(5250)}
        tx.execute("delete from sightings_unseen where id % 50 <> 0")
        assert len(lines(tx, What.ADDRESS)) == 210
        assert {row.why for row in lines(tx, What.ADDRESS, "w1")} <= {"w1"}


def test_rows_are_kept_as_long_as_sightings(database):
    with database.transaction() as tx:
        unseen.keep(tx, "chat", batch(shut_out("!old"), address("$old")), NOW)
        unseen.keep(tx, "chat", batch(shut_out("!new")), NOW + 20 * DAY)
    unseen.forget(database, 30, NOW + 31 * DAY)
    with database.transaction() as tx:
        assert [row.place for row in lines(tx, What.SHUT_OUT)] == ["!new"]
        assert lines(tx, What.ADDRESS) == []
        assert unseen.newly_shut_out(tx, NOW) == unseen.Number(1)
