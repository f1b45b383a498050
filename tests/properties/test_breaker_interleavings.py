"""However workers, reviewers and crashes get in each other's way: no more is removed unseen than may be, what
waits is removed once after the answer, and what a person saw never waits.

Hypothesis chooses what comes, who is there and whose turn it is, statement by statement, on PostgreSQL.
"""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from operator import itemgetter
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

import synthetic
from deciding_now import decide_now
from soaking import fewer_examples
from takeback.bank import store as bank_store
from takeback.cases import breaker, deciding
from takeback.cases import service as cases
from takeback.cases.breaker_rules import BreakerState
from takeback.cases.model import DecisionReason
from takeback.errors import Refused
from takeback.events import FoundBy, Verdict
from takeback.ids import CaseId, EntryId, EventId, ReportId, SightingId, StaffId
from takeback.jobs import CarryOut
from takeback.law.clocks import Clock
from takeback.matching import store as matching_store
from takeback.sightings import store as sightings
from takeback.signals.model import Kind
from takeback.signals.relation import Hit
from takeback.workflow import decisions, dispatch
from turns import Aborted, Actor, State, Turns

NOW = datetime(2026, 1, 2, tzinfo=UTC)
UNDO = timedelta(seconds=10)
_worlds = count(1)
FOLLOWED = ("copy_found", "decision_effective", "breaker_released", "breaker_stopped", "removal_planned")


@dataclass(frozen=True, slots=True)
class Post:
    """A post that is found after the decision, and shows these of the reviewed pictures."""

    poster: int
    shows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Worker:
    """Finds posts and follows up what that leads to; killed at the end of its first transactions, maybe."""

    posts: tuple[Post, ...]
    killed: int


@dataclass(frozen=True, slots=True)
class World:
    """What there is, and whose turn it is."""

    seen: tuple[Post, ...]
    """Posts that lay before the reviewer who decided."""
    workers: tuple[Worker, ...]
    reviewers: tuple[bool, ...]
    """Whether each lets removal go on, as soon as it pauses, or stops it."""
    removals: int
    posters: int
    turns: tuple[int, ...]


POSTS = st.builds(Post, st.integers(0, 3), st.sampled_from([(0,), (1,), (0, 1)]))
WORLDS = st.builds(
    World,
    st.lists(POSTS, min_size=1, max_size=3).map(lambda posts: (Post(0, (0, 1)), *posts)),
    st.lists(
        st.builds(Worker, st.lists(POSTS, min_size=1, max_size=5).map(tuple), st.integers(0, 2)),
        min_size=1,
        max_size=3,
    ).map(tuple),
    st.lists(st.booleans(), max_size=2).map(tuple),
    st.integers(1, 4),
    st.integers(1, 3),
    st.lists(st.integers(0, 9), max_size=150).map(tuple),
)


class Crashing:
    """An actor's database whose first transactions end before they commit."""

    def __init__(self, actor: Actor, times: int) -> None:
        self._actor, self._left = actor, times

    @contextmanager
    def transaction(self):
        if self._left == 0:
            with self._actor.transaction() as tx:
                yield tx
            return
        self._left -= 1
        with self._actor.transaction() as tx:
            yield tx
            raise Aborted


class Once:
    """A question that stays answered."""

    def __init__(self, asked: Callable[[], bool]) -> None:
        self._asked, self._said = asked, False

    def __call__(self) -> bool:
        self._said = self._said or self._asked()
        return self._said


class Scene:
    """One world, set up in the database and ready to be played."""

    def __init__(self, database, turns: Turns, world: World) -> None:
        self._database, self._world = database, world
        self._number = next(_worlds)
        self._posts = count(1)
        report = ReportId(uuid4())
        with database.transaction() as tx:
            self.case = cases.open_case(tx, report, NOW, Clock("house", NOW), NOW)
            self._entries = [self._entry(tx, report, number) for number in range(2)]
            self.seen = {self._find(tx, post) for post in world.seen}
            self._decide(tx)
        self._settle_all()
        self._workers = [
            turns.add(self._working(worker, newest_first=number % 2 == 1))
            for number, worker in enumerate(world.workers)
        ]
        for goes_on in world.reviewers:
            turns.add(self._answering(goes_on=goes_on), Once(self._can_be_answered))

    def _entry(self, tx, report: ReportId, number: int) -> EntryId:
        entry = EntryId(UUID(int=(self._number << 64) + number))
        seq = bank_store.change(tx)
        flips = [bytes([number]) * 32] * 8
        seen = SightingId(1)  # as if it had been made of a reviewed copy: it acts
        bank_store.insert(tx, entry, report, Kind.PICTURE, [flips], 100, seq, NOW, seen)
        return entry

    def _find(self, tx, post: Post) -> int:
        """A post matches, and joins the case."""
        number = next(self._posts)
        seen = synthetic.seen(f"world {self._number}", number, UUID(int=number).bytes * 2)
        seen = replace(seen, post=replace(seen.post, sender=f"@{post.poster}"))
        [sighting] = sightings.insert(tx, "memory", [seen], NOW)
        assert sighting is not None
        for shown in post.shows:
            hit = Hit(0, 0, negative=False)
            matching_store.insert(tx, sighting, self._entries[shown], hit, FoundBy.LIVE, NOW)
            cases.add_match(tx, self._entries[shown], sighting, FoundBy.LIVE, NOW + UNDO)
        return sighting

    def _decide(self, tx) -> None:
        tx.execute("update cases_copy set added_at = %s where case_id = %s", [NOW, self.case])
        decision = decide_now(
            tx, self.case, Verdict.SHARED_WITHOUT_CONSENT, DecisionReason.INTIMATE_AND_NO_CONSENT,
            staff=StaffId(UUID(int=1)), now=NOW, undo=UNDO,
        )  # fmt: skip
        deciding.take_effect(tx, decision.id, NOW + UNDO)

    def _app(self, database) -> SimpleNamespace:
        limits = {
            "breaker_removals": self._world.removals,
            "breaker_posters": self._world.posters,
            "breaker_answer_minutes": 60.0,
            "investigation_keep_days": 1,
            "seed_copies": 99,
        }
        return SimpleNamespace(database=database, settings=SimpleNamespace(**limits), sealer=None)

    def _working(self, worker: Worker, *, newest_first: bool) -> Callable[[Actor], None]:
        def program(actor: Actor) -> None:
            for post in worker.posts:
                with actor.transaction() as tx:
                    self._find(tx, post)
                database = Crashing(actor, worker.killed)
                self._follow_all(actor, database, newest_first=newest_first)

        return program

    def _answering(self, *, goes_on: bool) -> Callable[[Actor], None]:
        def program(actor: Actor) -> None:
            try:
                with actor.transaction() as tx:
                    staff = StaffId(UUID(int=2))
                    if goes_on:
                        breaker.go_on(tx, self.case, was=BreakerState.PAUSED, staff=staff, now=NOW)
                    else:
                        breaker.stop(tx, self.case, staff=staff, now=NOW)
            except Refused:
                return
            self._follow_all(actor, actor)

        return program

    def _can_be_answered(self) -> bool:
        if all(worker.state is State.DONE for worker in self._workers):
            return True
        with self._database.transaction() as tx:
            return any(each.case == self.case for each in breaker.paused(tx))

    def _events(self, database) -> list[tuple[int, str, dict]]:
        with database.transaction() as tx:
            return tx.execute(
                "select id, kind, body from event where body ->> 'case' = %s order by id", [str(self.case)]
            ).fetchall()

    def _follow_all(self, reads, database, *, newest_first: bool = False) -> None:
        """Follow up everything that is to be, as a worker does; some of it twice.

        Two that begin at different ends do not wait for each other's mark.
        """
        for event, kind, _ in sorted(self._events(reads), reverse=newest_first, key=itemgetter(0)):
            if kind in FOLLOWED:
                dispatch.handle_event(self._app(database), EventId(event))

    def _settle_all(self) -> None:
        while True:
            before = len(self._events(self._database))
            self._follow_all(self._database, self._database)
            dispatch.run(self._app(self._database), CarryOut(self.case))
            if len(self._events(self._database)) == before:
                return

    def check(self) -> None:
        self._settle_all()
        events = self._events(self._database)
        planned = [body["sighting"] for _, kind, body in events if kind == "removal_planned"]
        assert len(planned) == len(set(planned)), "a copy was planned twice"
        with self._database.transaction() as tx:
            copies = {copy.sighting: copy for copy in cases.copies(tx, self.case)}
            held = set(breaker.held(tx, self.case))
            states = {each.entry: each.state for each in breaker.of_case(tx, self.case)}
        assert self.seen <= set(planned), "what a person saw waited"
        assert set(planned) | held == set(copies), "a copy was lost"
        assert not set(planned) & held
        assert bool(held) <= bool({BreakerState.PAUSED, BreakerState.STOPPED} & set(states.values()))
        self._check_history(events, copies)

    def _check_history(self, events, copies) -> None:
        """From the decision to the answer, a pause included, no more is removed unseen than may be.

        The last that were let through may be planned in the transaction that pauses, after that event.
        """
        with self._database.transaction() as tx:
            counts = dict(
                tx.execute(
                    "select sighting_id, entry_id from cases_unseen where case_id = %s", [self.case]
                ).fetchall()
            )
        removed: dict[EntryId, list[int]] = {entry: [] for entry in self._entries}
        released = set[EntryId]()
        for _, kind, body in events:
            match kind:
                case "removal_planned" if body["sighting"] not in self.seen:
                    entry = counts[body["sighting"]]
                    removed[entry].append(body["sighting"])
                    if entry not in released:
                        posters = {copies[each].sender for each in removed[entry]}
                        assert len(removed[entry]) <= self._world.removals
                        assert len(posters) <= self._world.posters
                case "breaker_tripped":
                    assert EntryId(UUID(body["entry"])) not in released, "it paused again after the answer"
                case "breaker_released":
                    released.add(EntryId(UUID(body["entry"])))


@pytest.fixture(autouse=True)
def _few_at_a_time(monkeypatch) -> None:
    """What others can get between."""
    monkeypatch.setattr(decisions, "PLANNED_AT_ONCE", 2)


@fewer_examples
@given(world=WORLDS)
def test_no_schedule_removes_more_unseen_than_may_be_or_loses_what_waits(database, world):
    """Issue 9, section 1."""
    with Turns(database.url) as turns:
        scene = Scene(database, turns, world)
        turns.play(world.turns)
        scene.check()


def _busy(*, goes_on: bool) -> World:
    """Two workers with four copies each, of which two may be removed unseen."""
    posts = tuple(Post(poster, (0,)) for poster in range(4))
    workers = (Worker(posts, killed=1), Worker(posts, killed=0))
    reviewers = (True,) if goes_on else ()
    return World((Post(0, (0, 1)),), workers, reviewers, removals=2, posters=9, turns=(0, 1) * 200)


def _unseen(database, scene) -> tuple[int, int]:
    """How many copies were let through, and how many wait."""
    with database.transaction() as tx:
        [counted] = tx.execute(
            "select count(*) filter (where not held), count(*) filter (where held)"
            " from cases_unseen where case_id = %s",
            [scene.case],
        ).fetchall()
    return counted


def test_two_workers_at_once_do_not_both_take_the_last_place(database):
    """They take turns statement by statement, and really wait for each other."""
    with Turns(database.url) as turns:
        scene = Scene(database, turns, _busy(goes_on=False))
        turns.play((0, 1) * 400)
        scene.check()
        assert turns.blocked > 0
    assert _unseen(database, scene) == (2, 6)


def test_without_the_cases_lock_two_workers_would_take_the_last_place(database, monkeypatch):
    """So the test above would notice."""
    with Turns(database.url) as turns:
        scene = Scene(database, turns, _busy(goes_on=False))
        with monkeypatch.context() as patch:
            patch.setattr(cases, "hold", lambda *_: None)
            patch.setattr(cases, "_locked", cases.get)
            turns.play((0,) * 70 + (0, 1) * 400)
        with pytest.raises(AssertionError):
            scene.check()


def test_after_go_on_all_that_waited_is_planned_once(database):
    with Turns(database.url) as turns:
        scene = Scene(database, turns, _busy(goes_on=True))
        turns.play((0, 1, 2) * 300)
        scene.check()
    with database.transaction() as tx:
        assert breaker.held(tx, CaseId(scene.case)) == ()
