"""What no hash of a whole picture survives: found by details, and always left to a person."""

import io
import random
from datetime import timedelta

import pytest
from PIL import Image, ImageDraw

from house import MIRA
from takeback.bank import service as bank
from takeback.cases import service as cases
from takeback.events import Verdict
from takeback.infra import clock

SIZE = (640, 480)


def drawing(seed: int) -> Image.Image:
    """Many small shapes, as a photograph has many corners."""
    dots = random.Random(seed)
    image = Image.new("RGB", SIZE, (128, 128, 128))
    draw = ImageDraw.Draw(image)
    for _ in range(260):
        x, y, size = dots.randrange(SIZE[0]), dots.randrange(SIZE[1]), dots.randrange(6, 70)
        colour = tuple(dots.randrange(256) for _ in range(3))
        shape = dots.choice([draw.rectangle, draw.ellipse])
        shape((x, y, x + size, y + dots.randrange(6, 70)), fill=colour)
    return image


def jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def cropped(image: Image.Image) -> Image.Image:
    """Two thirds of each side: far outside every radius."""
    width, height = image.size
    return image.crop((width // 3, height // 4, width, height * 11 // 12))


HERS, ANOTHERS = drawing(1), drawing(2)


def edited_copies(house) -> list[tuple]:
    return house.query(
        "select p.message, m.stage, m.inliers, m.review_only, m.found_by from matching_match m"
        " join sightings_post p on p.id = m.sighting_id where m.stage = 2 order by p.id"
    )


def kept(house) -> int:
    return house.query("select count(*) from matching_details")[0][0]


@pytest.fixture
def removed(house, platform):
    """One copy was reported, decided and removed."""
    platform.post(jpeg(HERS))
    house.watch()
    report = house.report(jpeg(HERS))
    house.take_in()
    house.decide(report)
    house.after(seconds=11)
    assert house.status(report) == "removed"
    return report


def candidates(house, report):
    with house.database.transaction() as tx:
        return [copy for copy in cases.copies(tx, house.case_of(report)) if not copy.counts]


def test_a_crop_that_is_posted_later_is_a_candidate_and_is_not_removed(house, platform, removed):
    post = platform.post(jpeg(cropped(HERS)))
    other = platform.post(jpeg(cropped(ANOTHERS)))
    house.watch()
    [(message, stage, inliers, review_only, by)] = edited_copies(house)
    assert (message, stage, review_only, by) == (post.message, 2, True, "live")
    assert inliers >= 14
    assert [copy.message for copy in candidates(house, removed)] == [post.message]
    house.after(hours=1)
    assert platform.untouched(post)
    assert platform.untouched(other)


def test_a_crop_that_was_posted_before_is_found_when_its_original_is_confirmed(house, platform):
    crop = platform.post(jpeg(cropped(HERS)))
    platform.post(jpeg(HERS))
    house.watch()
    report = house.report(jpeg(HERS))
    house.take_in()
    assert not edited_copies(house), "nothing is kept of what nobody confirmed"
    house.decide(report)
    house.after(seconds=11)
    assert [(row[0], row[4]) for row in edited_copies(house)] == [(crop.message, "look_back")]


def test_a_crop_that_a_person_confirms_is_removed(house, platform, removed):
    post = platform.post(jpeg(cropped(HERS)))
    house.watch()
    [copy] = candidates(house, removed)
    with house.database.transaction() as tx:
        cases.confirm(
            tx,
            copy.case,
            copy.sighting,
            confirmed=True,
            staff=MIRA,
            now=house.time.now(),
            undo=timedelta(seconds=10),
        )
    house.after(seconds=9)
    assert platform.untouched(post)
    house.after(seconds=2)
    assert platform.removed(post)


@pytest.mark.usefixtures("removed")
def test_details_are_kept_sealed_of_a_few_copies_until_the_entry_is_withdrawn(house, platform):
    for _ in range(5):
        platform.post(jpeg(HERS))
        house.watch()
    assert kept(house) == 3
    for (sealed,) in house.query("select sealed from matching_details"):
        assert sealed.startswith(b"age-encryption.org/v1\n")
    entries = house.query("select id from bank_entry")
    with house.database.transaction() as tx:
        for (entry,) in entries:
            bank.withdraw(tx, entry, clock.now())
    house.work()
    assert kept(house) == 0


def test_nothing_is_kept_of_a_picture_that_was_declined(house, platform):
    platform.post(jpeg(HERS))
    house.watch()
    report = house.report(jpeg(HERS))
    house.take_in()
    house.decide(report, Verdict.NOT_SHARED_WITHOUT_CONSENT)
    house.after(seconds=11)
    assert kept(house) == 0


def screenshot(image: Image.Image) -> Image.Image:
    """A page with the picture in it, and lines of words around."""
    page = Image.new("RGB", (900, 1100), (250, 250, 250))
    draw = ImageDraw.Draw(page)
    for line in range(8):
        draw.text((60, 760 + 36 * line), "what people say about it, line after line", fill=(40, 40, 40))
    page.paste(image, (130, 150))
    return page


def test_of_a_copy_inside_a_screenshot_only_the_picture_counts(house, platform):
    platform.post(jpeg(screenshot(HERS)))
    house.watch()
    report = house.report(jpeg(HERS))
    house.take_in()
    house.decide(report)
    house.after(seconds=11)
    assert kept(house) == 1
    another = platform.post(jpeg(screenshot(ANOTHERS)))
    crop = platform.post(jpeg(cropped(HERS)))
    house.watch()
    assert [row[0] for row in edited_copies(house)] == [crop.message], another
