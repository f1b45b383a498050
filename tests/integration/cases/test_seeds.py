"""What one reported picture may bring before a person looked is bounded, and nothing of it is lost."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from evidence import a_sealer
from house import House, picture
from takeback.cases import deciding, seeds
from takeback.cases.model import Reviewer
from takeback.errors import Refused
from takeback.events import Captured, CopyFound, Matched, MoreCopiesAsked, Reopened, SeedCapped, Verdict
from takeback.ids import StaffId
from takeback.matching import service as matching
from turns import Actor, Turns

MIRA, NOOR = StaffId(uuid4()), StaffId(uuid4())
HERS, ANOTHERS = picture(1), picture(3)
CAP = 4


@pytest.fixture
def house(database, platform, tmp_path, decoder, time, sealer) -> House:
    """One where a report brings little."""
    made = House(database, platform, tmp_path / "data", decoder, time, sealer=sealer)
    made.app.settings.seed_copies = CAP
    return made


def show_more(house, report, more=CAP):
    with house.database.transaction() as tx:
        seeds.ask_for_more(tx, house.case_of(report), more, staff=MIRA)
    house.work()


def waiting(house, report) -> int:
    with house.database.transaction() as tx:
        return sum(seed.waiting for seed in seeds.of_case(tx, house.case_of(report)))


@pytest.fixture
def everywhere(house, platform):
    """A picture that was posted ten times, and is reported."""
    posts = [platform.post(HERS, sender=f"@{number}") for number in range(10)]
    house.watch()
    report = house.report(HERS)
    house.take_in()
    return report, posts


def test_a_report_brings_no_more_than_it_may_until_a_reviewer_asks_or_decides(house, platform, everywhere):
    """Issue 9, section 1; S3: a report is anybody's word, so what it brings unseen is bounded."""
    report, posts = everywhere
    assert (len(house.copies(report)), waiting(house, report)) == (CAP, 6)
    assert len(house.events(Matched)) == 10
    [capped] = house.events(SeedCapped)
    assert (capped.case, capped.copies) == (house.case_of(report), CAP)
    platform.post(HERS)
    house.watch()
    assert (len(house.copies(report)), waiting(house, report)) == (CAP, 7)
    show_more(house, report)
    assert (len(house.copies(report)), waiting(house, report)) == (2 * CAP, 3)
    assert [event.staff for event in house.events(MoreCopiesAsked)] == [MIRA]
    platform.post(HERS)
    house.watch()
    assert len(house.events(SeedCapped)) == 2
    house.decide(report)
    house.after(seconds=11)
    assert (len(house.copies(report)), waiting(house, report)) == (12, 0)
    assert all(platform.removed(post) for post in platform.posts())
    assert house.status(report) == "removed"
    assert len(house.events(CopyFound)) == 12
    del posts


def test_what_joins_after_a_decision_is_removed_unseen_and_counts_for_the_breaker(
    house, platform, everywhere
):
    report, _ = everywhere
    house.app.settings.breaker_removals = 2
    house.decide(report)
    house.after(seconds=11)
    assert (len(house.copies(report)), waiting(house, report)) == (10, 0)
    assert sum(platform.removed(post) for post in platform.posts()) == CAP + 2


def test_a_decision_against_brings_nothing_more(house, platform, everywhere):
    report, _ = everywhere
    house.decide(report, Verdict.NOT_SHARED_WITHOUT_CONSENT)
    house.after(seconds=11)
    assert len(house.copies(report)) == CAP
    assert all(platform.untouched(post) for post in platform.posts())
    with pytest.raises(Refused, match="closed"):
        show_more(house, report)


def test_h10_a_declined_case_that_is_opened_again_brings_what_waited_once_it_is_decided(
    house, platform, everywhere
):
    """H10: the seed of a declined case is not lost; a decision of somebody else takes up all of it."""
    report, posts = everywhere
    house.decide(report, Verdict.NOT_SHARED_WITHOUT_CONSENT)
    house.after(seconds=11)
    with house.database.transaction() as tx:
        deciding.reopen(
            tx, house.case_of(report), Reopened.OBJECTION, reviewer=Reviewer(NOOR), now=house.time.now()
        )
    house.work()
    assert (len(house.copies(report)), waiting(house, report)) == (CAP, 6)
    show_more(house, report, more=1)
    assert (len(house.copies(report)), waiting(house, report)) == (CAP + 1, 5)
    house.decide(report, staff=NOOR)
    house.after(seconds=11)
    assert (len(house.copies(report)), waiting(house, report)) == (10, 0)
    assert all(platform.removed(post) for post in posts)


def test_a_picture_of_which_no_copy_was_seen_stays_capped(house, platform):
    platform.post(HERS)
    house.watch()
    report = house.report(HERS, ANOTHERS)
    house.take_in()
    house.decide(report)
    house.after(seconds=11)
    for _ in range(CAP + 3):
        platform.post(ANOTHERS)
    house.watch()
    assert len(house.copies(report)) == 1 + CAP
    assert waiting(house, report) == 3


def test_there_must_be_more_to_ask_for_it(house, platform, reported):
    report, _ = reported
    with pytest.raises(Refused, match="No more posts"):
        show_more(house, report)
    assert house.events(MoreCopiesAsked) == []
    del platform


@pytest.mark.soak
def test_a_look_back_of_a_capped_seed_waits_at_a_step_and_goes_on(house, platform, monkeypatch):
    """Its work is bounded, too; what it has not asked yet is asked when a person looked."""
    monkeypatch.setattr(matching, "LOOK_BACK_STEP", 5)
    for _ in range(23):
        platform.post(HERS)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    matched = len(house.events(Matched))
    assert matched <= 2 * 5  # what a step finds in doubt is read again before it counts: one step more
    with house.database.transaction() as tx:
        [seed] = seeds.of_case(tx, house.case_of(report))
    assert (seed.brought, seed.waiting, seed.look_back_waits) == (CAP, matched - CAP, True)
    show_more(house, report)
    assert matched < len(house.events(Matched)) < 23
    house.decide(report)
    house.after(seconds=11)
    by_the_seed = [event for event in house.events(Matched) if event.entry == seed.entry]
    assert len(by_the_seed) == len(house.copies(report)) == 23
    assert all(platform.removed(post) for post in platform.posts())


def test_a_look_back_in_steps_finds_what_one_step_finds(house, platform, monkeypatch):
    house.app.settings.seed_copies = 1000
    monkeypatch.setattr(matching, "LOOK_BACK_STEP", 3)
    for number in range(11):
        platform.post(HERS if number % 2 else ANOTHERS)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    assert len(house.copies(report)) == 5


def test_two_workers_at_once_do_not_both_take_the_last_place(house, platform):
    for _ in range(CAP + 1):
        platform.post(HERS)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    assert len(house.copies(report)) == CAP
    show_more(house, report, more=1)
    for _ in range(2):
        platform.post(HERS)
    house.watch_once()
    matches = house.query(
        "select sighting_id, entry_id from matching_match m where not exists"
        " (select from cases_brought b where b.sighting_id = m.sighting_id)"
    )
    assert len(matches) == 2
    with house.database.transaction() as tx:
        tx.execute("update cases_seed set allowed = brought + 1")
    admitted = []

    def admitting(sighting, entry) -> Callable[[Actor], None]:
        def program(actor: Actor) -> None:
            with actor.transaction() as tx:
                admitted.append(seeds.admit(tx, entry, sighting, "live", CAP, house.time.now()))

        return program

    with Turns(house.database.url) as turns:
        for match in matches:
            turns.add(admitting(*match))
        turns.play((0, 1) * 20)
        assert turns.blocked > 0
    assert sorted(admitted) == [False, True]


class TestWhereEvidenceIsKept:
    """What waits is not captured; it is when it joins."""

    @pytest.fixture
    def sealer(self, tmp_path, people):
        return a_sealer(tmp_path, people)

    def test_captures_are_bounded_with_the_copies_and_made_when_more_join(self, house, everywhere):
        report, _ = everywhere
        assert len(house.events(Captured)) == CAP
        show_more(house, report)
        assert len(house.events(Captured)) == 2 * CAP
        assert len(house.copies(report)) == 2 * CAP

    def test_a_post_that_waits_in_one_case_and_is_captured_for_another_still_waits(
        self, house, platform, everywhere
    ):
        report, _ = everywhere
        house.app.settings.seed_copies = 100
        another = house.report(HERS)
        house.take_in()
        assert len(house.copies(another)) == 10
        assert (len(house.copies(report)), waiting(house, report)) == (CAP, 6)
        del platform
