"""What is not the picture as it was reported: parts of larger pictures, clips, what only may be the same, and
hashes that may be wrong. From the post to the removal, with a decoder that sees what the story says.
"""

import random
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from house import MIRA, House
from made_flips import made_near
from platform_in_memory import link
from synthetic import an_image, bent
from takeback.bank import service as bank
from takeback.bank.rules import parse_well_known
from takeback.cases import service as cases
from takeback.errors import Refused, Unavailable, Unreadable, WhyUnreadable
from takeback.events import ConfirmationUndone, CopyConfirmed, EntryRefused, Matched, Verdict
from takeback.sightings import unseen
from takeback.signals.lanes import When
from takeback.signals.model import Box, ClipSignals, Cut, Frame, Pdq, PictureSignals, Variant
from takeback.signals.relation import Hit, part_of

BOX = Box(40, 60, 320, 240)
DOTS = random.Random(11)
HERS, ANOTHERS = an_image(DOTS), an_image(DOTS)
SHARED, NOT_SHARED, *_ = Verdict


def laid(flips: tuple[bytes, ...]) -> tuple[Pdq, ...]:
    return tuple(Pdq(value, 90) for value in flips)


def a_picture(flips: tuple[bytes, ...], bits: int = 0, *, doubt: int = 0, off: int = 0) -> PictureSignals:
    """One that differs from the reported by so many bits; its fast hash is off by some more."""
    value = bent(bent(flips[0], bits, random.Random(bits)), off, random.Random(999))
    known = laid((value, *flips[1:]))
    return PictureSignals(bytes(32), known[0], 800, 600, "PNG", flips=known, doubt=doubt)


def a_page(flips: tuple[bytes, ...], bits: int = 0) -> PictureSignals:
    """A screenshot in which the picture is shown."""
    inside = laid((bent(flips[0], bits, DOTS), *flips[1:]))
    panel = Variant(Cut.PANEL, BOX, inside[0], flips=inside)
    return replace(a_picture(an_image(DOTS)), variants=(panel,))


def a_clip(*frames: tuple[bytes, ...]) -> ClipSignals:
    moments = tuple(Frame(n * 1000, Pdq(flips[0], 90), laid(flips)) for n, flips in enumerate(frames))
    return ClipSignals(bytes(32), 800, 600, "MP4", len(frames) * 1000, moments)


@dataclass
class Eyes:
    """A decoder that sees in a file what the story put there: once the fast way, and exactly."""

    fast: dict[bytes, PictureSignals | ClipSignals] = field(default_factory=dict)
    exact: dict[bytes, PictureSignals | ClipSignals] = field(default_factory=dict)
    asked: list[bool] = field(default_factory=list)

    def file(self, fast: PictureSignals | ClipSignals, exact: PictureSignals | None = None) -> bytes:
        data = f"file {len(self.fast)}".encode()
        self.fast[data], self.exact[data] = fast, exact or fast
        return data

    def read(self, data: bytes, *, flips=False, exact=False, when=When.NOW) -> PictureSignals | ClipSignals:
        assert isinstance(flips, bool)
        assert isinstance(when, When)
        self.asked.append(exact)
        return (self.exact if exact else self.fast)[data]

    signals = read

    def features(self, data: bytes, box: Box | None = None, *, view: str = "") -> bytes:
        del view
        raise Unreadable(WhyUnreadable.NOT_A_PICTURE, f"{data!r} {box}")


@pytest.fixture
def eyes():
    return Eyes()


@pytest.fixture
def house(database, platform, tmp_path, eyes, time):
    return House(database, platform, tmp_path, eyes, time)


@pytest.fixture
def reported(house, platform, eyes):
    """The picture was reported; one copy is certain: (report, its post)."""
    post = platform.post(eyes.file(a_picture(HERS)))
    house.watch()
    report = house.report(eyes.file(a_picture(HERS)))
    house.take_in()
    return report, post


def copy_of(house, report, post):
    with house.database.transaction() as tx:
        return next(c for c in cases.copies(tx, house.case_of(report)) if c.message == post.message)


def say(house, report, post, *, confirmed=None, excluded=None):
    with house.database.transaction() as tx:
        case, sighting = house.case_of(report), copy_of(house, report, post).sighting
        if confirmed is not None:
            cases.confirm(
                tx,
                case,
                sighting,
                confirmed=confirmed,
                staff=MIRA,
                now=house.time.now(),
                undo=timedelta(seconds=10),
            )
        if excluded is not None:
            cases.exclude(tx, case, sighting, excluded=excluded, staff=MIRA, now=house.time.now())
    house.work()


def row_of(house, report):
    with house.database.transaction() as tx:
        return next((row for row in cases.queue(tx) if row.case.id == house.case_of(report)), None)


# --- parts and clips ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [True, False])
def test_a_picture_inside_a_screenshot_is_found_whichever_came_last(house, platform, eyes, before):
    post = platform.post(eyes.file(a_page(HERS, 6))) if before else None
    house.watch()
    report = house.report(eyes.file(a_picture(HERS)))
    house.take_in()
    post = post or platform.post(eyes.file(a_page(HERS, 6)))
    house.watch()
    assert copy_of(house, report, post).hit == Hit(6, 0, negative=False, cut=Cut.PANEL, box=BOX)
    house.decide(report)
    house.after(seconds=11)
    assert platform.removed(post)


@pytest.mark.parametrize("before", [True, False])
def test_a_moment_of_a_clip_is_found_whichever_came_last(house, platform, eyes, before):
    clip = a_clip(an_image(DOTS), an_image(DOTS), HERS)
    post = platform.post(eyes.file(clip)) if before else None
    house.watch()
    report = house.report(eyes.file(a_picture(HERS)))
    house.take_in()
    post = post or platform.post(eyes.file(clip))
    house.watch()
    assert copy_of(house, report, post).hit == Hit(0, 0, negative=False, cut=Cut.FRAME, at_ms=2000)


@pytest.mark.parametrize("before", [True, False])
def test_the_view_of_a_file_that_matched_is_kept_whichever_came_last(house, platform, eyes, before):
    """The carriers: a picture is found in another view of a file, and the copy says in which."""
    whole, inside = laid(HERS), laid((bent(HERS[0], 4, DOTS), *HERS[1:]))
    around = laid(an_image(DOTS))
    frame = Variant(Cut.WHOLE, Box(0, 0, 640, 480), around[0], flips=around, view="zip:2/frame:12")
    panel = Variant(Cut.PANEL, BOX, inside[0], flips=inside, view="zip:2/frame:12")
    file = replace(a_picture(an_image(DOTS)), variants=(frame, panel), format="ZIP", left_out=7)
    post = platform.post(eyes.file(file)) if before else None
    house.watch()
    report = house.report(eyes.file(a_picture(HERS)))
    house.take_in()
    post = post or platform.post(eyes.file(file))
    house.watch()
    expected = Hit(4, 0, negative=False, cut=Cut.PANEL, box=BOX, view="zip:2/frame:12")
    assert copy_of(house, report, post).hit == expected
    assert part_of(file, expected) == panel
    assert part_of(file, replace(expected, cut=Cut.WHOLE, box=None)) == frame
    assert part_of(a_picture(HERS), Hit(0, 0, negative=False)).flips == whole
    with house.database.transaction() as tx:
        tally = unseen.counts(tx).tallies[platform.name, unseen.What.PARTLY_READ]
        assert (tally.total.at_least, [why for why, _ in tally.reasons]) == (1, ["7"])


def test_a_clip_that_a_link_shows_finds_its_copies_and_what_shares_a_moment_only_perhaps(
    house, platform, eyes
):
    frames = [an_image(DOTS) for _ in range(6)]
    named = platform.post(eyes.file(a_clip(*frames)))
    cut_out = platform.post(eyes.file(a_clip(*frames[2:5])))
    other = platform.post(eyes.file(a_clip(*(an_image(DOTS) for _ in range(5)), frames[0])))
    still = platform.post(eyes.file(a_picture(frames[3])))
    house.watch()
    report = house.report(links=[link(named)])
    house.take_in()
    hits = {post.message: copy_of(house, report, post).hit for post in (cut_out, other, still)}
    assert {message: hit.review_only for message, hit in hits.items()} == {
        cut_out.message: False,
        other.message: True,
        still.message: False,
    }


# --- what must not be banked -------------------------------------------------------------------------------


def test_of_a_screenshot_that_a_link_shows_the_picture_in_it_is_looked_for(house, platform, eyes):
    named, alone = platform.post(eyes.file(a_page(HERS))), platform.post(eyes.file(a_picture(HERS, 4)))
    house.watch()
    report = house.report(links=[link(named)])
    house.take_in()
    assert copy_of(house, report, alone).hit == Hit(4, 0, negative=False)
    assert house.events(EntryRefused) == [EntryRefused(report, "location 1.1: inside_another")]
    assert house.entries(report) == ["seed"]


def test_a_picture_that_everybody_shares_is_refused_and_all_are_told(house, eyes):
    famous = parse_well_known(HERS[3].hex())
    house = House(house.database, house.platform, house.folder, eyes, house.time, famous)
    report = house.report(eyes.file(a_picture(HERS)))
    house.take_in()
    assert house.entries(report) == []
    assert house.events(EntryRefused) == [EntryRefused(report, "picture 1: well_known")]
    [(told,)] = house.query("select report_status(locator)->'refused' from submissions_report")
    assert told == [{"name": "picture 1", "why": "well_known"}]


# --- what only may be the same -----------------------------------------------------------------------------


def test_what_may_be_the_same_is_not_removed_until_somebody_says_that_it_is(house, platform, eyes, reported):
    report, certain = reported
    candidate = platform.post(eyes.file(a_picture(HERS, 41)))
    house.watch()
    assert copy_of(house, report, candidate).hit == Hit(41, 0, negative=False, review_only=True)
    assert (row_of(house, report).copies, row_of(house, report).candidates) == (1, 1)
    house.decide(report)
    house.after(seconds=11)
    assert platform.removed(certain)
    assert platform.untouched(candidate)
    assert house.status(report) == "removed"
    assert row_of(house, report).candidates == 1
    say(house, report, candidate, confirmed=True)
    assert house.events(CopyConfirmed)
    house.after(seconds=9)
    assert platform.untouched(candidate)
    assert house.status(report) == "removed"
    house.after(seconds=2)
    assert platform.removed(candidate)
    assert house.status(report) == "removed"
    assert row_of(house, report) is None


def test_what_turns_out_not_to_be_the_same_is_left_alone(house, platform, eyes, reported):
    report, _ = reported
    candidate = platform.post(eyes.file(a_picture(HERS, 41)))
    house.watch()
    house.decide(report)
    house.after(seconds=11)
    say(house, report, candidate, excluded=True)
    house.after(days=40)
    assert platform.untouched(candidate)
    assert row_of(house, report) is None
    say(house, report, candidate, excluded=False)
    assert row_of(house, report).candidates == 1
    assert platform.untouched(candidate)


def test_one_that_appears_after_the_decision_undoes_nothing_and_asks_for_an_eye(
    house, platform, eyes, reported
):
    report, _ = reported
    house.decide(report)
    house.after(seconds=11)
    candidate = platform.post(eyes.file(a_picture(HERS, 41)))
    house.watch()
    assert house.status(report) == "removed"
    assert row_of(house, report).candidates == 1
    assert platform.untouched(candidate)


def test_with_candidates_only_one_must_be_confirmed_before_anything_is_removed(house, platform, eyes):
    candidate = platform.post(eyes.file(a_picture(HERS, 41)))
    other = platform.post(eyes.file(a_picture(HERS, 44)))
    house.watch()
    report = house.report(eyes.file(a_picture(HERS)))
    house.take_in()
    with pytest.raises(Refused, match="only may be the same"):
        house.decide(report)
    say(house, report, candidate, confirmed=True)
    house.decide(report)
    house.after(seconds=11)
    assert platform.removed(candidate)
    assert platform.untouched(other)
    assert house.entries(report) == ["active", "seed"]


def test_a_confirmation_can_be_taken_back_before_the_decision(house, platform, eyes, reported):
    report, _ = reported
    candidate = platform.post(eyes.file(a_picture(HERS, 41)))
    house.watch()
    for confirmed in (True, True, False, True, False):
        say(house, report, candidate, confirmed=confirmed)
    assert len(house.events(CopyConfirmed)) == len(house.events(ConfirmationUndone)) == 2
    house.decide(report)
    house.after(seconds=11)
    assert platform.untouched(candidate)


def test_what_surely_is_the_same_needs_no_confirmation(house, reported):
    report, post = reported
    with pytest.raises(Refused, match="nobody needs to confirm"):
        say(house, report, post, confirmed=True)


@pytest.mark.parametrize("certain_first", [True, False])
def test_of_two_pictures_of_one_report_the_surer_match_counts_whatever_came_first(
    house, platform, eyes, certain_first
):
    """A post that one of them only may match, and the other surely does."""
    near = made_near(HERS, 40, random.Random(3))
    pictures = [eyes.file(a_picture(HERS)), eyes.file(a_picture(near))]
    report = house.report(*(pictures if certain_first else reversed(pictures)))
    house.take_in()
    post = platform.post(eyes.file(a_picture(HERS)))
    house.watch()
    assert copy_of(house, report, post).hit == Hit(0, 0, negative=False)
    assert len(house.events(Matched)) == 2


# --- hashes that may be wrong ------------------------------------------------------------------------------


def fast_and_exact(eyes, bits=10, off=3):
    return eyes.file(a_picture(HERS, bits, doubt=off, off=off), a_picture(HERS, bits))


def waiting(house, name):
    return house.query("select count(*) from procrastinate_jobs where task_name = %s", name)[0][0]


def test_what_comes_near_is_read_exactly_before_it_is_compared(house, platform, eyes, reported):
    report, _ = reported
    with house.database.transaction() as tx:
        bank.refresh(tx, house.app.index)
    eyes.asked.clear()
    post, other = platform.post(fast_and_exact(eyes)), platform.post(eyes.file(a_picture(ANOTHERS, doubt=3)))
    house.watch()
    assert eyes.asked == [False, True, False]
    assert copy_of(house, report, post).hit == Hit(10, 0, negative=False)
    assert other.message not in house.copies(report)
    assert waiting(house, "read_exactly") == 0


def test_an_entry_that_comes_later_has_the_post_read_exactly(house, platform, eyes):
    post = platform.post(fast_and_exact(eyes))
    house.watch()
    report = house.report(eyes.file(a_picture(HERS)))
    house.take_in()
    copy = copy_of(house, report, post)
    assert (copy.hit, copy.found_by) == (Hit(10, 0, negative=False), "look_back")


def test_a_fast_hash_alone_never_makes_a_match(house, platform, eyes):
    """It says 31, and the exact one 34; or near, and the exact one is far."""
    near = eyes.file(a_picture(HERS, 31, doubt=5), a_picture(HERS, 34))
    far = eyes.file(a_picture(HERS, 47, doubt=5), a_picture(HERS, 50))
    posts = [platform.post(near), platform.post(far)]
    house.watch()
    report = house.report(eyes.file(a_picture(HERS)))
    house.take_in()
    assert copy_of(house, report, posts[0]).hit == Hit(34, 0, negative=False, review_only=True)
    assert posts[1].message not in house.copies(report)


def test_if_the_post_is_gone_meanwhile_the_fast_hash_counts_and_says_so(house, platform, eyes):
    post = platform.post(fast_and_exact(eyes))
    house.watch()
    platform._world.files.clear()
    report = house.report(eyes.file(a_picture(HERS)))
    house.take_in()
    hit = copy_of(house, report, post).hit
    assert not hit.exact
    assert 7 <= hit.distance <= 13


def test_a_platform_that_does_not_answer_is_asked_again(house, platform, eyes):
    post = platform.post(fast_and_exact(eyes))
    house.watch()
    platform.fail("fetch", *[Unavailable("503")] * 3)
    report = house.report(eyes.file(a_picture(HERS)))
    house.take_in()
    assert post.message not in house.copies(report)
    house.after(minutes=1, steps=3)
    assert copy_of(house, report, post).hit == Hit(10, 0, negative=False)
