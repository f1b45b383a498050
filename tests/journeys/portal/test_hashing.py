"""The picture becomes its numbers in a real browser: the same numbers as the server's, bit for bit."""

import json
from pathlib import Path

import numpy as np
import pdqhash
import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Route

import waiting
from soaking import quick
from takeback.entrypoints.portal.answers import read_pictures
from takeback.signals.model import MIN_QUALITY, Flip
from takeback.signals.pdq.flips import flip_pixels

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "pdq.json").read_text())
SLOWEST_SECONDS = 20
"""For 12 megapixels, on two cores that other tests use too; alone it takes three."""


@pytest.fixture
def chooser(visitor, listen):
    listen(visitor.page)
    visitor.begins()
    visitor.is_adult()
    return visitor


def in_the_form(visitor):
    return read_pictures(visitor.page.locator("#pictures").input_value())


def settled(visitor, number: int) -> list[str]:
    """What the page says for each of so many pictures."""
    rows = visitor.page.locator(".picture")
    waiting.until(
        lambda: rows.count() == number and visitor.page.locator(".working:visible").count() == 0,
        timeout=60,
        what="all pictures to be done",
    )
    return rows.all_inner_texts()


def reference(path) -> tuple[tuple[str, ...], int]:
    """`pdqhash` on Pillow's pixels, upright and on white."""
    with Image.open(path) as opened:
        upright = ImageOps.exif_transpose(opened)
        if upright.mode in {"RGBA", "LA", "PA"}:
            upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright.convert("RGBA"))
        pixels = np.asarray(upright.convert("RGB"))
    hashes = [pdqhash.compute(np.ascontiguousarray(flip_pixels(pixels, flip))) for flip in Flip]
    return tuple(np.packbits(bits).tobytes().hex() for bits, _ in hashes), hashes[0][1]


ASK_THE_WORKER = """([script, picture]) => new Promise((done, failed) => {
  const worker = new Worker(new URL("worker.js", new URL(script, location.href)), { type: "module" });
  worker.onerror = (event) => failed(new Error(event.message));
  worker.onmessage = ({ data }) => {
    if (data.kind !== "progress") {
      worker.terminate();
      done(data);
    }
  };
  const bytes = Uint8Array.from(atob(picture), (char) => char.charCodeAt(0));
  worker.postMessage({ id: 1, file: new Blob([bytes]) });
})"""


def test_the_shared_vectors_are_the_same_in_the_browser(chooser):
    # The worker is asked directly: the page does not show the numbers of pictures with too little detail.
    script = chooser.page.locator("script[src*=picture]").get_attribute("src")
    assert len(VECTORS) > 10
    for vector in VECTORS:
        answer = chooser.page.evaluate(ASK_THE_WORKER, [script, vector["picture"]])
        if answer["kind"] == "failed":
            assert answer["why"] == "too_small", vector["name"]
            assert min(vector["width"], vector["height"]) < 5
            continue
        assert answer["flips"] == vector["flips"], vector["name"]
        assert answer["quality"] == vector["quality"], vector["name"]


@pytest.mark.parametrize("orientation", quick(6, every=range(1, 9)))
def test_photographs_that_the_camera_turned_are_hashed_as_they_are_seen(chooser, draw, tmp_path, orientation):
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = orientation
    draw(641, 480, orientation).save(path, quality=90, exif=exif)
    chooser.adds(path)
    (picture,) = in_the_form(chooser)
    assert (picture.flips, picture.quality) == reference(path)


@pytest.mark.soak
def test_other_files_of_the_same_picture_are_what_the_server_sees(chooser, draw, tmp_path):
    picture = draw(500, 375, 3)
    clear = picture.convert("RGBA")
    clear.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, 500).astype(np.uint8), (375, 1))))
    files = [tmp_path / name for name in ("a.png", "b.png", "c.webp", "d.png", "e.jpg", "f.gif")]
    picture.save(files[0])
    clear.save(files[1])
    draw(500, 375, 4).save(files[2], lossless=True)
    draw(500, 375, 5).quantize(64).save(files[3])
    draw(500, 375, 6).convert("L").save(files[4], quality=92)
    draw(500, 375, 8).quantize(200).save(files[5])
    chooser.adds(*files)
    found = [(picture.flips, picture.quality) for picture in in_the_form(chooser)]
    assert found == [reference(path) for path in files]


@pytest.mark.soak
def test_a_large_photograph_takes_seconds_and_the_page_stays_awake(chooser, draw, tmp_path):
    path = tmp_path / "large.jpg"
    draw(4000, 3000, 9).save(path, quality=85)
    chooser.page.evaluate(
        """() => {
          window.gaps = [];
          let last = performance.now();
          setInterval(() => { const now = performance.now(); window.gaps.push(now - last); last = now; }, 20);
        }"""
    )
    begun = chooser.page.evaluate("performance.now()")
    chooser.page.set_input_files("#file", path)
    bars = set()
    waiting.until(
        lambda: (
            bars.add(chooser.page.locator("progress").evaluate("bar => bar.value"))
            or chooser.page.locator(".ready:visible").count()
        ),
        timeout=SLOWEST_SECONDS,
        what="the number of a 12-megapixel photograph",
    )
    took = chooser.page.evaluate("performance.now()") - begun
    assert took < SLOWEST_SECONDS * 1000
    assert len(bars) > 3
    assert chooser.page.evaluate("Math.max(...window.gaps)") < 1000
    (picture,) = in_the_form(chooser)
    assert (picture.flips, picture.quality) == reference(path)


@pytest.mark.soak
def test_what_cannot_be_hashed_is_said_with_what_to_do(chooser, draw, tmp_path):
    text, heic, flat, tiny, half = (
        tmp_path / n for n in ("notes.jpg", "photo.heic", "sky.png", "dot.png", "half.jpg")
    )
    text.write_text("not a picture")
    heic.write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(100))
    Image.new("RGB", (300, 200), "skyblue").save(flat)
    Image.new("RGB", (4, 40)).save(tiny)
    draw(300, 200, 1).save(half)
    half.write_bytes(half.read_bytes()[:300])
    chooser.page.set_input_files("#file", [text, heic, flat, tiny, half])
    said = settled(chooser, 5)
    assert "HEIC" in said[0]
    assert "HEIC" in said[1]
    assert "too little detail" in said[2]
    assert "too small" in said[3]
    assert "could not open" in said[4] or "too little detail" in said[4]
    assert all("link" in text for text in said)
    assert in_the_form(chooser) == ()
    chooser.presses("Continue")
    assert "Where is the picture?" in chooser.reads()


@pytest.mark.soak
def test_the_same_picture_counts_once_and_ten_are_the_most(chooser, draw, tmp_path):
    files = []
    for number in range(11):
        files.append(tmp_path / f"{number}.jpg")
        draw(160, 120, 20 + number).save(files[-1])
    chooser.page.set_input_files("#file", [files[0], files[0]])
    assert "on the list already" in settled(chooser, 2)[1]
    chooser.page.get_by_role("button", name="Remove 0.jpg").nth(1).click()
    chooser.page.set_input_files("#file", files[1:])
    settled(chooser, 10)
    assert len(in_the_form(chooser)) == 10
    assert "10 pictures are the most" in chooser.page.locator("#picture-fault").inner_text()
    assert all(picture.quality >= MIN_QUALITY for picture in in_the_form(chooser))


def test_a_removed_picture_is_not_sent(chooser, draw, tmp_path):
    one, other = tmp_path / "one.jpg", tmp_path / "other.jpg"
    draw(200, 150, 1).save(one)
    draw(200, 150, 2).save(other)
    chooser.adds(one, other)
    chooser.page.get_by_role("button", name="Remove one.jpg").click()
    assert [picture.flips for picture in in_the_form(chooser)] == [reference(other)[0]]
    assert chooser.page.locator("#picture-status").inner_text() == "one.jpg is removed."


def test_a_picture_that_was_chosen_before_the_script_came_is_not_lost(visitor, photograph):
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visitor.page.route("**/hash/picture.js", hold)
    visitor.begins()
    visitor.page.get_by_label("Yes", exact=True).check()
    visitor.page.get_by_role("button", name="Continue").click()
    visitor.page.set_input_files("#file", photograph)
    waiting.until(lambda: held or visitor.page.title() == "", what="the script to be asked for")
    held[0].continue_()
    visitor.page.locator(".ready").wait_for()
    assert len(in_the_form(visitor)) == 1


def test_the_file_has_no_way_into_a_form(chooser):
    described = chooser.page.locator("#file").evaluate("input => [input.form === null, input.name]")
    assert described == [True, ""]
    assert chooser.page.locator("form input[type=file]").count() == 0
