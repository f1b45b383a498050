"""`takeback well-known add`: an operator lists what everybody shares, and none of it can be banked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from signal_files import clip, moving, photo
from takeback.bank import rules
from takeback.bank.model import Refusal
from takeback.signals.clips.moments import read_clip
from takeback.signals.model import Cut
from takeback.signals.parts.decode import decode
from takeback.signals.parts.picture import read_picture
from takeback.signals.pdq.hashing import hash_pixels_flips
from takeback_dev.pictures import encode

TAKEBACK = Path(sys.executable).with_name("takeback")


class Operator:
    """Types `takeback well-known add`."""

    def __init__(self, folder: Path) -> None:
        self.list = folder / "list.txt"

    def __call__(self, *files: Path, place: Path | None = None, named: bool = True) -> tuple[int, str, str]:
        """Exit code, what was printed, what was said on standard error."""
        said = subprocess.run(
            [TAKEBACK, "well-known", "add", *files],
            env=os.environ
            | {"TAKEBACK_DECODERS": "1"}
            | ({"TAKEBACK_WELL_KNOWN": str(place or self.list)} if named else {}),
            capture_output=True,
            text=True,
            check=False,
        )
        return said.returncode, said.stdout, said.stderr


@pytest.fixture
def add(tmp_path):
    return Operator(tmp_path)


def a_file(path, image, kind="JPEG"):
    path.write_bytes(encode(image, kind))
    return path


def refusal(data, well_known):
    flips = hash_pixels_flips(decode(data).rgb)
    return rules.refusal([flip.hash for flip in flips], flips[0].quality, well_known)


def test_what_was_added_cannot_be_banked_however_it_is_laid_down(add, tmp_path):
    cat = a_file(tmp_path / "a cat.jpg", photo())
    code, printed, said = add(cat)
    assert (code, said) == (0, "")
    assert printed == f"1 added, 0 there already, 0 not read: {add.list}\n"
    text = add.list.read_text("utf-8")
    assert text.splitlines()[1].endswith(" a cat.jpg")
    known = rules.parse_well_known(text)
    assert refusal(encode(ImageOps.mirror(photo()), "PNG"), known) is Refusal.WELL_KNOWN
    assert refusal(encode(photo(seed=2), "PNG"), known) is None


def test_what_is_there_adds_nothing_and_what_a_person_wrote_stays(add, tmp_path):
    add.list.write_text(f"# mine\n{'AB' * 32}\ta logo", "utf-8")  # and no end of line
    first = a_file(tmp_path / "1.jpg", photo(seed=3))  # in whose picture nothing looks like a panel
    copy = a_file(tmp_path / "2.png", ImageOps.flip(photo(seed=3)).resize((200, 150)), "PNG")
    assert add(first, copy, first)[1].startswith("1 added, 2 there already")
    text = add.list.read_text("utf-8")
    assert text.startswith(f"# mine\n{'AB' * 32}\ta logo\n")
    assert len(rules.parse_list(text)) == 2
    assert add(tmp_path / "2.png")[1].startswith("0 added, 1 there already")
    assert add.list.read_text("utf-8") == text


def test_the_part_that_would_be_banked_is_listed_too(add, tmp_path):
    page = Image.new("RGB", (700, 500), "white")
    page.paste(photo(), (40, 120))
    add(a_file(tmp_path / "page.png", page, "PNG"))
    lines = rules.parse_list(add.list.read_text("utf-8"))
    assert [line.comment for line in lines] == ["page.png", "page.png, panel"]
    seen = read_picture((tmp_path / "page.png").read_bytes(), flips=True)
    panels = [part.pdq.hash for part in seen.variants if part.cut is Cut.PANEL]
    assert lines[0].hash == seen.whole.hash
    assert lines[1].hash in panels


def test_a_clip_adds_its_moments(add, tmp_path):
    path = tmp_path / "dance.mp4"
    path.write_bytes(clip(moving(1, seconds=3.0)))
    assert add(path)[0] == 0
    known = rules.parse_well_known(add.list.read_text("utf-8"))
    for frame in read_clip(path.read_bytes(), flips=True).frames:
        assert [flip.hash for flip in frame.flips] in known


def test_what_cannot_be_read_is_named_and_the_rest_is_added(add, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    a_file(folder / "good.jpg", photo())
    a_file(folder / "plain.png", photo().resize((1, 1)).resize((64, 64)), "PNG")
    (folder / "words.txt").write_text("no picture")
    code, printed, said = add(folder)
    assert code == 1
    assert printed.startswith("1 added, 0 there already, 1 not read")
    assert f"not added: {folder / 'words.txt'}: not_a_picture" in said
    assert f"not added: {folder / 'plain.png'}: too little detail" in said


def test_without_the_setting_it_says_which_to_set(add, tmp_path):
    code, printed, said = add(a_file(tmp_path / "a.jpg", photo()), named=False)
    assert (code, printed) == (78, "")
    assert "TAKEBACK_WELL_KNOWN" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "why"), [("hello\n", "line 1"), (b"\xff\xff", "utf-8"), (None, "No such file or directory")]
)
def test_a_list_that_cannot_be_used_is_named_and_left_as_it_is(add, tmp_path, text, why):
    place = tmp_path / "there" / "list.txt"
    if text is not None:
        place.parent.mkdir()
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
    code, _, said = add(a_file(tmp_path / "a.jpg", photo()), place=place)
    assert code == 78
    assert str(place) in said
    assert why in said
    assert said.count("\n") == 1
    assert not place.parent.exists() if text is None else place.read_bytes() in (text, str(text).encode())


def test_a_name_with_signs_that_are_none_is_a_comment_all_the_same(add, tmp_path):
    name = os.fsdecode(b"two\nlines \xff.jpg")
    assert add(a_file(tmp_path / name, photo()))[0] == 0
    assert rules.parse_list(add.list.read_text("utf-8"))[0].comment == "two lines .jpg"
