"""Only what a person saw is acted on: each sentence that README and SECURITY.md say of it."""

import io
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from deciding_now import decide_now, page_of
from house import MIRA, NOOR, picture
from platform_in_memory import link
from signal_files import clip
from soaking import fewer_examples
from takeback.cases import service as cases
from takeback.cases.deciding import NotLooked, PageIsOld
from takeback.cases.model import DecisionReason, LookReason
from takeback.errors import Refused, Unavailable
from takeback.events import (
    Decided,
    EntryRefused,
    Verdict,
)
from takeback.signals.clips.strip import MOST
from takeback.signals.model import Kind
from takeback.submissions.model import ReportedPicture

SHARED, NOT_SHARED, CANNOT_TELL, OUT_OF_REACH = Verdict
HERS, OTHERS = picture(1), [picture(number) for number in range(2, 9)]


def hashes(house, *files: bytes) -> tuple[str, ...]:
    """The first hash of each file, as a browser would send them."""
    return tuple(house.app.decoder.signals(file).whole.hash.hex() for file in files)


def page(house, report):
    with house.database.transaction() as tx:
        return page_of(tx, house.case_of(report))


# --- H1: what a reporter sends finds candidates, and nothing else -------------------------------------------


@pytest.mark.parametrize("told_quality", [50, 100])
def test_h1_of_eight_pictures_sent_as_flips_of_one_only_the_one_that_was_reviewed_goes(
    house, platform, told_quality
):
    """H1: a reviewer approved the bait, and seven posts of other people were removed unseen."""
    bait = platform.post(HERS)
    house.watch()
    flips = hashes(house, HERS, *OTHERS)
    report = house.report(HERS, pictures=(ReportedPicture(flips, told_quality),))
    house.take_in()
    if house.query("select 1 from cases_case") and house.copies(report):  # else the numbers were refused
        house.decide(report)
        house.after(seconds=11)
        assert platform.removed(bait)
    later = [platform.post(each) for each in OTHERS]
    house.watch()
    house.after(hours=2)
    assert all(platform.untouched(post) for post in later)


def _sighting(house, post) -> str:
    [(number,)] = house.query("select id from sightings_post where message = %s", post.message)
    return str(number)


@fewer_examples
@given(st.integers(100, 10**6), st.lists(st.integers(2, 30), min_size=7, max_size=7, unique=True))
def test_h1_what_acts_is_near_a_copy_that_was_reviewed_and_quality_is_measured_here(
    house, platform, number, others
):
    """H1: every active entry is hashed here, in eight ways, from one reviewed copy."""
    bait = picture(number)
    platform.post(bait)
    house.watch()
    flips = hashes(house, bait, *map(picture, others))
    report = house.report(bait, pictures=(ReportedPicture(flips, 100),))
    house.take_in()
    with house.database.transaction() as tx:
        found = cases.copies(tx, house.case_of(report))
    if any(copy.can_be_seen for copy in found):  # else the numbers were refused
        house.decide(report)
        house.after(seconds=11)
    true = house.app.decoder.signals(bait, flips=True)
    for entry in house.active(report):
        assert entry.made_of is not None
        assert entry.hashes == b"".join(flip.hash for flip in true.flips)
        assert entry.quality == true.whole.quality


def test_h1_a_gradient_that_calls_itself_detailed_never_acts(house, platform):
    """H1: a picture that is refused for too little detail was banked when the form said 100."""
    ramp = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    gradient = io.BytesIO()
    Image.fromarray(ramp).convert("RGB").save(gradient, "PNG")
    file = gradient.getvalue()
    true = house.app.decoder.signals(file, flips=True)
    assert true.whole.quality < 50
    platform.post(file)
    house.watch()
    flips = tuple(flip.hash.hex() for flip in true.flips)
    report = house.report(file, pictures=(ReportedPicture(flips, 100),))
    house.take_in()
    if house.copies(report):
        house.decide(report)
        house.after(seconds=11)
        assert house.events(EntryRefused)
    assert house.active(report) == ()
    later = platform.post(file, place="!elsewhere")
    house.watch()
    assert platform.untouched(later)


def _photograph(seed: int, size=(360, 300)) -> Image.Image:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 11, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC)


def _page_with(photograph: Image.Image) -> bytes:
    """A web page around a photograph: the same for each."""
    sheet = Image.new("RGB", (700, 900), (250, 250, 250))
    frame = np.random.default_rng(4)
    for line in range(14):
        width = int(frame.integers(200, 640))
        sheet.paste((60, 60, 60), (30, 30 + line * 22, 30 + width, 40 + line * 22))
    sheet.paste(photograph, (170, 420))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_h1_of_a_reviewed_page_the_picture_in_it_acts_and_the_page_around_it_does_not(house, platform):
    """H1: the part of the reviewed copy that matched, never the page or collage around it."""
    hers, another = _photograph(1), _photograph(2)
    posted = platform.post(_page_with(hers))
    house.watch()
    report = house.report(_png(hers))
    house.take_in()
    with house.database.transaction() as tx:
        [copy] = cases.copies(tx, house.case_of(report))
    assert copy.hit is not None
    assert copy.hit.box is not None
    house.decide(report)
    house.after(seconds=11)
    assert platform.removed(posted)
    [entry] = house.active(report)
    inside = house.app.decoder.signals(_png(hers)).whole.hash
    around = house.app.decoder.signals(_page_with(hers)).whole.hash
    assert _bits(entry.hashes[:32], inside) < _bits(entry.hashes[:32], around)
    same_page = platform.post(_page_with(another))
    alone = platform.post(_png(hers))
    house.watch()
    assert platform.untouched(same_page)
    assert platform.removed(alone)


def test_h1_of_a_link_to_a_page_only_the_outlined_picture_acts(house, platform):
    """H1: a copy that the reporter named is outlined where it matched, and no more of it acts."""
    hers, another = _photograph(1), _photograph(2)
    posted = platform.post(_page_with(hers))
    house.watch()
    report = house.report(links=[link(posted)])
    house.take_in()
    with house.database.transaction() as tx:
        [copy] = cases.copies(tx, house.case_of(report))
    assert copy.hit is not None
    assert copy.hit.box is not None
    house.decide(report)
    house.after(seconds=11)
    same_page = platform.post(_page_with(another))
    house.watch()
    assert platform.removed(posted)
    assert platform.untouched(same_page)


def _bits(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def test_h1_a_reviewed_copy_that_cannot_be_read_any_more_acts_on_nothing_and_that_is_said(
    house, platform, reported
):
    report, post = reported
    house.decide(report)
    platform.lose(post)
    house.after(seconds=11)
    assert house.active(report) == ()
    assert [event.reason for event in house.events(EntryRefused)] == [
        f"copy {_sighting(house, post)}: not_read_again"
    ]


def test_h1_a_platform_that_gives_a_copy_out_no_more_does_not_keep_it_up(house, platform, reported):
    """The removal waits a little, so that new copies are known; then the copy goes all the same."""
    report, post = reported
    house.decide(report)
    platform.fail("fetch", *[Unavailable("503")] * 40)
    house.after(seconds=11)
    house.after(seconds=30)
    assert platform.untouched(post)
    assert house.query("select count(*) from takedown_step where error is not null") == [(2,)]
    house.after(seconds=20, steps=10)
    assert platform.removed(post)
    assert house.active(report) == ()
    assert house.events(EntryRefused)


def test_a_platform_that_asks_for_a_long_wait_is_not_asked_sooner_and_the_copy_goes(
    house, platform, reported
):
    """Waits that a platform asks for are obeyed; a picture does not stay up only to be learnt from."""
    report, post = reported
    house.decide(report)
    platform.fail("fetch", Unavailable("429", retry_after=86400))
    house.after(seconds=11)
    house.after(seconds=1)
    assert platform.removed(post)
    assert house.active(report) == ()


# --- H2: a decision covers the copies that were on its page -------------------------------------------------


def test_h2_a_copy_that_was_not_on_the_page_is_not_covered(house, platform):
    """H2: a decision covered what was added before it, whether or not the page showed it."""
    platform.post(HERS)
    house.watch()
    report = house.report(HERS, OTHERS[0])
    house.take_in()
    before = page(house, report)
    unseen = platform.post(OTHERS[0])
    house.watch()
    with pytest.raises(PageIsOld) as told:
        house.decide(report, page=before)
    assert len(told.value.changed.found) == 1
    decision = house.decide(report, page=before, informed=True)
    assert _sighting(house, unseen) not in (house.events(Decided)[-1].copies or "").split()
    assert len(decision.shown) == 1
    house.after(seconds=11)
    assert platform.untouched(unseen)
    assert house.status(report) == "open"
    assert [entry.made_of in decision.shown for entry in house.active(report)] == [True]


def test_h2_what_a_colleague_said_of_a_copy_meanwhile_is_told_before_anything_is_decided(house, reported):
    report, post = reported
    before = page(house, report)
    house.exclude(report, post)
    with pytest.raises(PageIsOld) as told:
        house.decide(report, page=before, informed=True)
    assert len(told.value.changed.said) == 1
    assert not house.events(Decided)


def test_h2_deciding_to_remove_unlooked_is_pointed_out_first_and_recorded(house, reported):
    """H2: deciding to remove without having looked at any copy is pointed out first, and recorded."""
    report, _ = reported
    with pytest.raises(NotLooked):
        house.decide(report, unseen=False)
    house.decide(report, unseen=True)
    assert [event.looked_at for event in house.events(Decided)] == [0]


def test_h2_who_looked_is_not_stopped(house, reported):
    report, _ = reported
    with house.database.transaction() as tx:
        [copy] = cases.copies(tx, house.case_of(report))
        cases.look(
            tx, copy.case, copy.sighting, staff=MIRA, reason=LookReason.TO_DECIDE, now=house.time.now()
        )
    with pytest.raises(NotLooked):  # a colleague's look is not hers
        house.decide(report, staff=NOOR, unseen=False)
    house.decide(report, unseen=False)
    assert [event.looked_at for event in house.events(Decided)] == [1]


def test_h2_nobody_is_asked_to_look_at_what_may_show_a_minor(house, reported):
    with house.database.transaction() as tx:
        decide_now(
            tx,
            house.case_of(reported[0]),
            SHARED,
            DecisionReason.MAY_BE_A_MINOR,
            staff=MIRA,
            now=house.time.now(),
            undo=timedelta(seconds=10),
            unseen=False,
        )


def test_h10_may_be_a_minor_shuts_looking_while_it_waits(house, reported):
    """H10: while that decision waited to take effect, colleagues could still look clearly."""
    report, _ = reported
    with house.database.transaction() as tx:
        case = house.case_of(report)
        decision = decide_now(
            tx, case, SHARED, DecisionReason.MAY_BE_A_MINOR,
            staff=MIRA, now=house.time.now(), undo=timedelta(seconds=10),
        )  # fmt: skip
        [copy] = cases.copies(tx, case)
    for _ in range(2):
        with pytest.raises(Refused, match="younger than 18"), house.database.transaction() as tx:
            cases.look(tx, case, copy.sighting, staff=NOOR, reason=LookReason.TO_DECIDE, now=house.time.now())
        house.after(seconds=11)
    assert decision.verdict is SHARED


# --- clips -------------------------------------------------------------------------------------------------


def test_h1_of_a_reviewed_clip_only_the_moments_act_that_its_page_showed(house, platform):
    """H1: a clip may hold other people's pictures; what acts is made of the few moments that are shown."""
    scenes = [np.asarray(_photograph(number, (256, 192)).convert("RGB")) for number in range(14)]
    posted = platform.post(_clip(scenes))
    house.watch()
    report = house.report(links=[link(posted)])
    house.take_in()
    with house.database.transaction() as tx:
        [copy] = cases.copies(tx, house.case_of(report))
        shown = cases.moments(tx, copy)
    assert 2 < len(shown) <= MOST
    house.decide(report)
    house.after(seconds=11)
    assert platform.removed(posted)
    [entry] = house.active(report)
    assert (entry.kind, entry.frames) == (Kind.CLIP, len(shown))
    again = platform.post(_clip(scenes, quality=28), place="!elsewhere")
    others = platform.post(
        _clip([np.asarray(_photograph(n, (256, 192)).convert("RGB")) for n in (40, 41, 42)])
    )
    house.watch()
    house.after(hours=1)
    assert platform.removed(again)
    assert platform.untouched(others)


def _clip(scenes, quality: int = 20) -> bytes:
    """A clip of still scenes, a second each."""
    frames = [scene for scene in scenes for _ in range(6)]
    return clip(frames, fps=6, options={"crf": str(quality)})
