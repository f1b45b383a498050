"""`takeback match` as a helpline runs it: a folder of known pictures, a disk to search, no server."""

import io
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from services import TAKEBACK
from takeback_dev.pictures import encode, scene

KEYS = ["query", "bank", "verdict", "stage", "variant", "distance", "inliers"]
SIZE = (480, 320)


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    said: str

    @property
    def lines(self) -> dict[str, dict[str, object]]:
        """What was said of each file, by its name."""
        answers = [json.loads(line) for line in self.out.splitlines()]
        return {Path(answer["query"]).name: answer for answer in answers}


def run(*words: object) -> Ran:
    ended = subprocess.run(
        [*TAKEBACK, "match", *map(str, words)],
        capture_output=True,
        text=True,
        env={"PATH": os.defpath, "HOME": "/nonexistent"},  # no setting, no database, no folder of its own
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def clip(seeds: list[int], size=(240, 160), codec="mpeg4", container="mp4") -> bytes:
    """Two seconds of each scene, which drifts a little."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=4)
        stream.width, stream.height = size
        stream.pix_fmt, stream.bit_rate = "yuv420p", 900_000
        for seed in seeds:
            pixels = np.asarray(scene(seed, 480, 320).resize(size))
            for step in range(8):
                moved = np.ascontiguousarray(np.roll(pixels, step, 1))
                file.mux(stream.encode(av.VideoFrame.from_ndarray(moved, "rgb24")))
        file.mux(stream.encode(None))
    return out.getvalue()


def page(inside: Image.Image) -> Image.Image:
    """A screenshot of a page with a picture on it, and words."""
    shot = Image.new("RGB", (900, 1200), "white")
    pen = ImageDraw.Draw(shot)
    for row in range(60, 320, 28):
        pen.text((70, row), "words that somebody wrote about something else entirely " * 2, fill="black")
    shot.paste(inside, (200, 420))
    return shot


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("match")
    bank, found = folder / "bank", folder / "found"
    (bank / "deeper").mkdir(parents=True)
    (found / "deeper").mkdir(parents=True)
    images = {seed: scene(seed, *SIZE) for seed in range(1, 8)}
    for seed, image in images.items():
        (bank / ("deeper" if seed > 4 else "") / f"{seed}.png").write_bytes(encode(image, "PNG"))
    (bank / "clip.mp4").write_bytes(clip([30, 31, 32, 33]))
    (bank / "white.png").write_bytes(encode(Image.new("RGB", SIZE, "white"), "PNG"))
    (bank / "notes.txt").write_text("whose they are")
    queries = {
        "smaller.jpg": encode(images[1].resize((300, 200)), "JPEG", quality=50),
        "mirrored.png": encode(ImageOps.mirror(images[2]), "PNG"),
        "negative.jpg": encode(ImageOps.invert(images[3]), "JPEG"),
        "framed.png": encode(ImageOps.expand(images[4], 60, "black"), "PNG"),
        "deeper/page.png": encode(page(images[5].resize((420, 280))), "PNG"),
        "cropped.jpg": encode(images[6].crop((100, 60, 420, 280)), "JPEG", quality=90),
        "cut.webm": clip([31, 32], (320, 214), "libvpx", "webm"),
        "inside.mp4": clip([40, 1, 41, 42]),
        "moment.jpg": encode(scene(32, 480, 320).resize((240, 160)), "JPEG"),
        "unknown.jpg": encode(scene(99, *SIZE), "JPEG"),
        "unknown.mp4": clip([50, 51, 52]),
        "broken.jpg": encode(images[1], "JPEG")[:3000],
        ".hidden.jpg": encode(images[1], "JPEG"),
    }
    for name, data in queries.items():
        (found / name).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def ran(place) -> Ran:
    return run("--bank", place / "bank", place / "found", "--json")


def test_every_file_gets_one_line_with_the_agreed_keys_in_order(ran, place):
    assert ran.code == 0
    assert [list(answer)[: len(KEYS)] for answer in ran.lines.values()] == [KEYS] * 12
    asked = [answer["query"] for answer in ran.lines.values()]
    assert asked == sorted(asked)
    assert {Path(path).parent.name for path in asked} == {"found", "deeper"}
    banks = {answer["bank"] for answer in ran.lines.values()} - {None}
    assert all(Path(path).is_file() and place / "bank" in Path(path).parents for path in banks)


@pytest.mark.parametrize(
    ("query", "known", "variant", "more"),
    [
        ("smaller.jpg", "1.png", "whole", {"flip": "none", "negative": False}),
        ("mirrored.png", "2.png", "whole", {"flip": "mirror", "distance": 0}),
        ("negative.jpg", "3.png", "whole", {"flip": "none", "negative": True}),
        ("framed.png", "4.png", "trimmed", {"flip": "none"}),
        ("page.png", "5.png", "panel", {"flip": "none"}),
        ("moment.jpg", "clip.mp4", "whole", {"flip": "none"}),
        ("cut.webm", "clip.mp4", "frame", {"flip": "none"}),
        ("inside.mp4", "1.png", "frame", {"flip": "none"}),
    ],
)
def test_what_is_the_same_matches_and_says_how(ran, query, known, variant, more):
    answer = ran.lines[query]
    assert (answer["verdict"], answer["stage"], answer["variant"]) == ("match", 1, variant)
    assert Path(answer["bank"]).name == known
    assert 0 <= answer["distance"] <= 31
    assert answer["inliers"] is None
    assert answer.items() >= more.items()


def test_a_crop_is_found_by_its_points_and_left_to_a_person(ran):
    answer = ran.lines["cropped.jpg"]
    assert (answer["verdict"], answer["stage"], Path(answer["bank"]).name) == ("review", 2, "6.png")
    assert answer["inliers"] >= 14
    assert (answer["variant"], answer["distance"]) == (None, None)


@pytest.mark.parametrize("query", ["unknown.jpg", "unknown.mp4"])
def test_what_is_not_known_is_none(ran, query):
    answer = ran.lines[query]
    assert answer["verdict"] == "none"
    assert [answer[key] for key in KEYS if key not in ("query", "verdict")] == [None] * 5
    assert "error" not in answer


def test_a_file_that_cannot_be_read_says_so_in_its_line(ran):
    answer = ran.lines["broken.jpg"]
    assert (answer["verdict"], answer["bank"]) == ("none", None)
    assert answer["error"].startswith("damaged")


def test_known_files_that_nothing_is_compared_with_are_named_with_the_reason(ran):
    assert "white.png: too little detail" in ran.said
    assert "notes.txt: not_a_picture" in ran.said
    assert "1.png" not in ran.said


def test_the_known_folder_is_not_written_to(ran, place):
    assert ran.code == 0
    assert len(list((place / "bank").rglob("*"))) == 11


@pytest.mark.soak
def test_details_tell_of_everything_known_that_a_file_shows(place, tmp_path):
    both = Image.new("RGB", (1040, 320), "white")
    both.paste(scene(1, *SIZE), (0, 0))
    both.paste(scene(2, *SIZE), (560, 0))
    both.save(tmp_path / "both.png")
    (answer,) = run("--bank", place / "bank", tmp_path / "both.png", "--json", "--details").lines.values()
    assert {Path(hit["bank"]).name for hit in answer["hits"]} == {"1.png", "2.png"}
    assert all(hit["variant"] == "panel" and len(hit["box"]) == 4 for hit in answer["hits"])
    (plain,) = run("--bank", place / "bank", tmp_path / "both.png", "--json").lines.values()
    assert "hits" not in plain


def test_people_get_a_table_in_words(place):
    ran = run("--bank", place / "bank", place / "found" / "mirrored.png", place / "found" / "broken.jpg")
    assert ran.code == 0
    assert "the picture itself, mirrored, 0 of 256 bits differ" in ran.out
    assert "not read" in ran.out


def test_wrong_use_is_exit_2_and_said_in_words(place, tmp_path):
    (tmp_path / "empty").mkdir()
    ran = run("--bank", tmp_path / "empty", place / "found")
    assert (ran.code, ran.out) == (78, "")
    assert "nothing" in ran.said or "no picture" in ran.said
    assert run("--bank", place / "nowhere", place / "found").code == 2
    assert run("--bank", place / "bank", place / "nowhere.jpg").code == 2
    assert run(place / "found").code == 2
