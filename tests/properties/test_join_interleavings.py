"""However watchers, bankers, look-backs and late readings get in each other's way: no pair of a post and a
bank entry is missed, and none is doubled.

Hypothesis chooses who is there, what they do and whose turn it is, statement by statement, on PostgreSQL.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

import banks
import look_backs
import synthetic
from soaking import fewer_examples
from takeback.bank import service as bank
from takeback.bank.index import BankIndex
from takeback.connectors.api import StreamId
from takeback.errors import LeaseLost
from takeback.events import FoundBy
from takeback.ids import EntryId, ReportId
from takeback.matching import service as matching
from takeback.sightings import leases
from takeback.sightings import store as sightings
from takeback.sightings.model import Later, Lease, Seen
from turns import Aborted, Actor, State, Turns

NOW = datetime(2026, 1, 2, tzinfo=UTC)
Program = Callable[[Actor], object]
_worlds = count(1)


@dataclass(frozen=True, slots=True)
class Picture:
    """What a post shows: some entry, bent, or nothing that is banked."""

    of: int | None
    flip: int
    bits: int
    negative: bool
    doubt: int = 0
    """Bits by which the hash that is read first may be wrong, and is."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """Commits batches (numbers of pictures); the bad ones are rolled back."""

    batches: tuple[tuple[int, ...], ...]
    aborts_first: bool
    loses_lease: bool


@dataclass(frozen=True, slots=True)
class Banker:
    """Banks one entry, and does more to it afterwards."""

    aborts_first: bool
    then: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class World:
    """Who is there, and whose turn it is."""

    pictures: tuple[Picture, ...]
    late: tuple[int, ...]
    """Numbers of pictures that could not be read when they passed, one for each later reading."""
    watchers: tuple[Watcher, ...]
    bankers: tuple[Banker, ...]
    """One for each entry."""
    refreshes: int
    readers: int
    """Who read posts again, exactly, while all this goes on."""
    one_index: bool
    """All watchers are threads of one process."""
    turns: tuple[int, ...]


def tuples(each, least, most):
    return st.lists(each, min_size=least, max_size=most).map(tuple)


@st.composite
def worlds(draw):
    entries = draw(st.integers(1, 3))
    pictures = draw(
        tuples(
            st.builds(
                Picture,
                st.none() | st.integers(0, entries - 1),
                st.integers(0, 7),
                st.sampled_from([0, 5, 31, 32, 48, 49]),
                st.booleans(),
                st.sampled_from([0, 0, 4]),
            ),
            1,
            5,
        )
    )
    number = st.integers(0, len(pictures) - 1)
    watchers = st.builds(Watcher, tuples(tuples(number, 1, 3), 1, 2), st.booleans(), st.booleans())
    return World(
        pictures,
        draw(tuples(number, 0, 2)),
        draw(tuples(watchers, 1, 3)),
        draw(
            tuples(
                st.builds(Banker, st.booleans(), tuples(st.sampled_from(["activate", "withdraw"]), 0, 2)),
                entries,
                entries,
            )
        ),
        draw(st.integers(0, 1)),
        draw(st.integers(0, 2)),
        draw(st.booleans()),
        draw(tuples(st.integers(0, 9), 0, 120)),
    )


class Scene:
    """One world, set up in the database and ready to be played."""

    def __init__(self, database, turns: Turns, world: World) -> None:
        self.turns, self._world = turns, world
        number = next(_worlds)
        self.place = f"world {number}"
        dots = random.Random(number)
        self._flips = [synthetic.an_image(dots) for _ in world.bankers]
        self.exact: dict[str, bytes] = {}
        """What each file shows, whatever is read of it first."""
        self._seen = [self._show(n, picture, dots) for n, picture in enumerate(world.pictures)]
        self._report = ReportId(UUID(int=number << 64))
        self._entries: dict[int, EntryId] = {}
        """Those that were committed."""
        shared = BankIndex()
        self.indexes = [shared if world.one_index else BankIndex() for _ in world.watchers]
        with database.transaction() as tx:
            self._leases = [self._lease(tx, n) for n in range(len(world.watchers))]
            self._unread = {
                n: sightings.insert(tx, self.place, [self._unreadable_now(n)], NOW)[0]
                for n in set(world.late)
            }
        self.watchers = [turns.add(self._watching(n)) for n in range(len(world.watchers))]
        self.bankers = [turns.add(self._banking(n)) for n in range(len(world.bankers))]
        self.look_backs = [
            turns.add(self._looking_back(n), lambda n=n: n in self._entries)
            for n in range(len(world.bankers))
        ]
        self.late = [turns.add(self._reading_late(n)) for n in world.late]
        self.refreshes = [turns.add(self._refreshing) for _ in range(world.refreshes)]
        self.readers = [turns.add(self.read_exactly) for _ in range(world.readers)]

    def _show(self, number: int, picture: Picture, dots: random.Random) -> Seen:
        value = dots.randbytes(32)
        if picture.of is not None:
            value = synthetic.bent(self._flips[picture.of][picture.flip], picture.bits, dots)
        value = bytes(255 - byte for byte in value) if picture.negative else value
        read = synthetic.bent(value, picture.doubt, dots)
        seen = synthetic.collage(self.place, number, read, doubt=picture.doubt)
        self.exact[seen.media] = self.exact[f"late {seen.media}"] = value
        return seen

    def _unreadable_now(self, number: int) -> Seen:
        seen = self._seen[number]
        return Seen(seen.post, "late " + seen.media, Later("503"))

    def _lease(self, tx, number: int) -> Lease:
        leases.open_stream(tx, self.place, StreamId(str(number)), None)
        lease = leases.lease(tx, self.place, "a watcher", timedelta(minutes=10))
        assert lease is not None
        was_lost = self._world.watchers[number].loses_lease
        return replace(lease, epoch=lease.epoch - 1) if was_lost else lease

    def _watching(self, number: int) -> Program:
        watcher, index, lease = self._world.watchers[number], self.indexes[number], self._leases[number]

        def program(actor: Actor) -> None:
            for n, batch in enumerate([watcher.batches[0], *watcher.batches]):
                aborts = n == 0
                if aborts and not watcher.aborts_first:
                    continue
                try:
                    with actor.transaction() as tx:
                        posts = [self._seen[picture] for picture in batch]
                        matching.commit_batch(tx, index, lease, posts, str(n), done=False, now=NOW)
                        if aborts:
                            raise Aborted
                except LeaseLost:
                    assert watcher.loses_lease
                    return
                assert aborts or not watcher.loses_lease

        return program

    def _banking(self, number: int) -> Program:
        banker, flips = self._world.bankers[number], self._flips[number]

        def program(actor: Actor) -> None:
            if banker.aborts_first:
                with actor.transaction() as tx:
                    bank.add_seed(tx, self._report, str(number), flips, 100, NOW)
                    raise Aborted
            with actor.transaction() as tx:
                entry = bank.add_seed(tx, self._report, str(number), flips, 100, NOW)
            assert entry is not None
            self._entries[number] = entry
            for what in banker.then:
                with actor.transaction() as tx:
                    (banks.activate if what == "activate" else bank.withdraw)(tx, entry, NOW)

        return program

    def _looking_back(self, number: int) -> Program:
        return lambda actor: [look_backs.look_back(actor, self._entries[number], NOW) for _ in range(2)]

    def _reading_late(self, number: int) -> Program:
        def program(actor: Actor) -> None:
            reading, index = self._seen[number].reading, BankIndex()
            with actor.transaction() as tx:
                matching.commit_late(tx, index, self._unread[number], reading, NOW)

        return program

    def _refreshing(self, actor: Actor) -> None:
        with actor.transaction() as tx:
            bank.refresh(tx, self.indexes[0])

    def read_exactly(self, database) -> None:
        """Do the jobs that wait now, as a worker does: each is marked done after it was done."""
        with database.transaction() as tx:
            jobs = tx.execute(
                "select j.id, p.id, j.args ->> 'by', p.media from procrastinate_jobs j"
                " join sightings_post p on p.id = (j.args ->> 'sighting')::bigint"
                " where j.task_name = 'read_exactly' and p.place = %s order by j.id",
                [self.place],
            ).fetchall()
        for job, sighting, by, media in jobs:
            exact = synthetic.signals(self.exact[media])
            with database.transaction() as tx:
                matching.commit_exactly(tx, BankIndex(), sighting, exact, FoundBy(by), NOW)
            with database.transaction() as tx:
                tx.execute("delete from procrastinate_jobs where id = %s", [job])

    def check(self, database) -> None:
        self.read_exactly(database)
        must, may = synthetic.truth(database, self.place, self.exact)
        written, told = synthetic.matches(database, self.place)
        assert len(set(written)) == len(written)
        assert must <= set(written), f"missed: {must - set(written)}"
        assert set(written) <= may, f"never were the same: {set(written) - may}"
        assert told == written


@pytest.fixture(autouse=True)
def _short_pages(monkeypatch) -> None:
    """A look-back that others can get between."""
    monkeypatch.setattr(look_backs, "PAGE", 2)


@fewer_examples
@given(world=worlds())
def test_no_schedule_loses_or_doubles_a_pair(database, world):
    with Turns(database.url) as turns:
        scene = Scene(database, turns, world)
        turns.play(world.turns)
        scene.check(database)


DOUBTFUL = Picture(0, flip=1, bits=46, negative=False, doubt=4)
ONE_AND_ONE = World(
    pictures=(Picture(0, flip=1, bits=31, negative=False),),
    late=(),
    watchers=(Watcher(((0,),), aborts_first=False, loses_lease=False),),
    bankers=(Banker(aborts_first=False, then=()),),
    refreshes=0,
    readers=0,
    one_index=False,
    turns=(),
)
LATE_AND_ONE = World(
    pictures=(Picture(0, flip=1, bits=31, negative=False),),
    late=(0,),
    watchers=(),
    bankers=(Banker(aborts_first=False, then=()),),
    refreshes=0,
    readers=0,
    one_index=False,
    turns=(),
)


WORLDS = {
    "passing": ONE_AND_ONE,
    "late": LATE_AND_ONE,
    "passing, in doubt": replace(ONE_AND_ONE, pictures=(DOUBTFUL,)),
    "late, in doubt": replace(LATE_AND_ONE, pictures=(DOUBTFUL,)),
}


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
@pytest.mark.parametrize("locked", [True, False], ids=["with the lock", "without"])
def test_every_place_where_the_entry_can_come_in_between(database, monkeypatch, world, locked):
    """The sighting's transaction stops before each of its statements in turn; just there, the bank changes.

    Without the shared lock some of these schedules lose the pair: so the tests here would notice.
    """
    if not locked:
        monkeypatch.setattr("takeback.bank.store.share", lambda tx: tx.execute("select 1"))
    missed = blocked = 0
    for before in range(99):
        with Turns(database.url) as turns:
            scene = Scene(database, turns, world)
            [sighting] = scene.watchers or scene.late
            for _ in range(before + 1):
                turns.give(sighting)
            if sighting.state is State.DONE:
                break
            if turns.until_stopped(scene.bankers[0]):
                turns.until_stopped(scene.look_backs[0])
            blocked += turns.blocked
            turns.play(())
            scene.read_exactly(database)
            must, _ = synthetic.truth(database, scene.place, scene.exact)
            assert len(must) == 1
            missed += set(synthetic.matches(database, scene.place)[0]) != must
            if locked:
                scene.check(database)
    assert before >= 4  # at least: the lock, the sighting, the bank's changes, the commit
    assert (missed == 0, blocked > 0) == (locked, locked)
