"""Whatever runs in the background may be killed between any two statements, and be run again: the end is the
same, nothing is lost, nothing is done or said twice.
"""

from datetime import timedelta

import psycopg
import pytest

from fuses import FragileDatabase, Fuse, Killed
from house import MIRA, House, picture, plain
from platform_in_memory import MemoryPlatform, link
from soaking import quick
from takeback.cases import breaker, seeds
from takeback.cases.breaker_rules import BreakerState
from takeback.connectors.api import Action
from takeback.errors import NotAllowed, Unavailable
from takeback.events import CopyFound, Verdict
from takeback.infra.db.pool import Database
from takeback.jobs import PassClocks
from takeback.workflow import dispatch, reports

HERS, MIRRORED, ANOTHERS = picture(1), picture(1, mirrored=True), picture(2)
UNDONE_NO_MORE = timedelta(seconds=11)


def _posted(house) -> None:
    house.platform.post(HERS, ANOTHERS)
    house.platform.post(MIRRORED)


def _reported(house) -> None:
    _posted(house)
    house.watch()
    house.report(HERS, plain())
    house.take_in()


def _decided(house, verdict=Verdict.SHARED_WITHOUT_CONSENT) -> None:
    _reported(house)
    house.decide(house.query("select id from submissions_report")[0][0], verdict)
    house.time.advance(UNDONE_NO_MORE)


def a_waiting_report(house):
    house.report(HERS)


def a_report_that_becomes_a_case(house):
    house.report(HERS, plain(), links=["memory://nowhere/0"])
    reports.take_in(house.app)


def a_look_back(house):
    _posted(house)
    house.watch()
    house.report(HERS)
    reports.take_in(house.app)
    house.work("follow")


def a_link(house):
    named = house.platform.post(HERS, plain())
    house.report(links=[link(named)])
    reports.take_in(house.app)
    house.work("follow")


def a_link_that_is_gone(house):
    house.report(links=["memory://nowhere/0"])
    reports.take_in(house.app)
    house.work("follow")


def a_copy_that_joins_a_case(house):
    a_look_back(house)
    house.work("look_back")


def pictures_that_pass(house):
    _reported(house)
    house.platform.post(MIRRORED, ANOTHERS)
    house.platform.fail("fetch", Unavailable("503"))


def a_picture_to_read_again(house):
    pictures_that_pass(house)
    house.watch_once()
    house.work("follow")


def a_decision_to_take_effect(house):
    _decided(house)


def a_decision_in_effect(house):
    _decided(house)
    house.work("take_effect")


def a_decision_against_in_effect(house):
    _decided(house, Verdict.NOT_SHARED_WITHOUT_CONSENT)
    house.work("take_effect")


def a_removal(house):
    _decided(house)
    house.work("take_effect", "follow")


def a_removal_that_is_refused(house):
    a_removal(house)
    house.platform.fail("act", *[NotAllowed("403")] * 9)


def a_look(house):
    a_removal(house)
    house.work("remove", "follow")


def a_look_that_finds_it_again(house):
    a_removal(house)
    for post in house.platform.posts():
        house.platform.resist(Action.REDACT_MESSAGE, post, times=1)
    house.work("remove", "follow")


def a_copy_found_again(house):
    a_look_that_finds_it_again(house)
    house.work("look")


def deadlines(house):
    _reported(house)
    house.time.advance(timedelta(days=2))


def a_copy_that_trips_the_breaker(house):
    _decided(house)
    house.work()
    house.app.settings.breaker_removals = 1
    for _ in range(3):
        house.platform.post(MIRRORED)
    house.watch_once()
    while len(house.events(CopyFound)) < 5:
        house.do(house.due()[0])


def _paused(house) -> None:
    a_copy_that_trips_the_breaker(house)
    house.work()


def a_clock_of_the_breaker(house):
    _paused(house)
    house.time.advance(timedelta(hours=2))


def an_answer(house):
    _paused(house)


def an_answer_to_follow(house):
    _paused(house)
    go_on(house)


def a_seed_over_its_cap(house):
    house.app.settings.seed_copies = 1
    _posted(house)
    house.watch()
    house.report(HERS)
    reports.take_in(house.app)
    house.work("follow")
    house.do(house.due()[0])
    house.do(house.due()[0])


def matches_to_bring(house):
    a_seed_over_its_cap(house)
    house.work()
    ask_for_more(house)


def go_on(house):
    [(case,)] = house.query("select id from cases_case")
    with house.database.transaction() as tx:
        if breaker.paused(tx):
            breaker.go_on(tx, case, was=BreakerState.PAUSED, staff=MIRA, now=house.time.now())


def ask_for_more(house):
    [(case,)] = house.query("select id from cases_case")
    with house.database.transaction() as tx:
        seeds.ask_for_more(tx, case, 5, staff=MIRA)


def first_job(house):
    house.do(house.due()[0])


def first_job_twice(house):
    job = house.due()[0]
    house.run(job)
    house.do(job)


def take_in(house):
    reports.take_in(house.app)


def pass_clocks(house):
    dispatch.run(house.app, PassClocks())


def watch(house):
    house.query("update sightings_stream set lease_until = null")  # of who was killed: it ran out
    house.watch_once()


STAGES = [
    (a_waiting_report, take_in),
    (a_report_that_becomes_a_case, first_job),
    (a_look_back, first_job),
    (a_link, first_job),
    (a_link_that_is_gone, first_job),
    (a_copy_that_joins_a_case, first_job),
    (pictures_that_pass, watch),
    (a_picture_to_read_again, first_job),
    (a_decision_to_take_effect, first_job),
    (a_decision_in_effect, first_job),
    (a_decision_against_in_effect, first_job),
    (a_removal, first_job),
    (a_removal_that_is_refused, first_job),
    (a_look, first_job),
    (a_look_that_finds_it_again, first_job),
    (a_copy_found_again, first_job),
    (deadlines, pass_clocks),
    (a_copy_that_trips_the_breaker, first_job),
    (a_clock_of_the_breaker, pass_clocks),
    (an_answer, go_on),
    (an_answer_to_follow, first_job),
    (a_seed_over_its_cap, first_job),
    (matches_to_bring, first_job),
]
MOST_DIFFERENT = (
    (a_report_that_becomes_a_case, first_job),
    (a_copy_that_joins_a_case, first_job),
    (a_decision_in_effect, first_job),
    (a_removal, first_job),
    (a_look, first_job),
)
stages = pytest.mark.parametrize(
    ("stage", "step"),
    quick(*MOST_DIFFERENT, every=STAGES),
    ids=[f"{stage.__name__}-{step.__name__}" for stage, step in STAGES],
)


Ending = tuple[dict[str, list[tuple]], dict[str, list[Action]], list[list[int]]]


class Theatre:
    """A stage that is set once and played many times."""

    def __init__(self, postgres, url, house, time) -> None:
        self._postgres, self._house, self._time = postgres, house, time
        self._template = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
        self._platform = house.platform.copy()
        self._now = time.read()
        house.database.close()

    def play(self, step, *kill_at: int) -> Ending:
        """Run the step, killed at these statements one after the other, and at last to its end.

        Returns: (what there is in the end, what was done to each post, statements by transaction).
        """
        self._time.set(self._now)
        with self._postgres.fresh(self._template) as url:
            for number in kill_at:
                with pytest.raises(Killed):
                    self._run(url, step, Fuse(number), self._platform.copy())
            # What was done to the platform before the kill stays done.
            platform = self._left if len(kill_at) == 1 else self._platform.copy()
            return self._run(url, step, Fuse(), platform)

    def _run(self, url, step, fuse, platform) -> Ending:
        self._left = platform
        with FragileDatabase(url, fuse) as fragile:
            house = self._house.on(fragile, platform)
            step(house)
            transactions = list(fuse.transactions)
            house.work()
            return house.state(), platform.all_done(), transactions


@pytest.fixture
def theatre(postgres, time, tmp_path, decoder):
    """Sets a stage."""
    with postgres.fresh() as url, Database(url, max_size=2) as database:
        house = House(database, MemoryPlatform(), tmp_path, decoder, time)

        def play(stage) -> Theatre:
            stage(house)
            return Theatre(postgres, url, house, time)

        yield play


@stages
def test_killed_at_any_statement_and_run_again_it_ends_the_same(theatre, stage, step):
    house = theatre(stage)
    expected, done, (first, *others) = house.play(step)
    # Killed in its first transaction it leaves nothing, so one database serves for all of those; of the later
    # ones, where something is left, the beginning and the end tell all that there is to tell.
    for numbers in [first, *([number] for later in others for number in sorted({later[0], later[-1]}))]:
        state, acted, _ = house.play(step, *numbers)
        for what, rows in expected.items():
            assert state[what] == rows, f"{what}, killed at statement {numbers}"
        assert acted == done, f"killed at statement {numbers}"


@pytest.mark.parametrize(
    "stage",
    quick(a_copy_that_joins_a_case, a_removal, every=[stage for stage, step in STAGES if step is first_job]),
)
def test_a_job_that_ran_twice_has_the_same_end(theatre, stage):
    """As when its first worker was taken for dead."""
    house = theatre(stage)
    assert house.play(first_job_twice)[:2] == house.play(first_job)[:2]
