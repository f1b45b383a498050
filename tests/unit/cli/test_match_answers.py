"""What `takeback match` says of a file, for programs and for people."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from takeback.entrypoints.cli.match_answers import in_words, line, table
from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.folder import Answer, contents, files_in, in_parallel
from takeback.signals.known import Found
from takeback.signals.model import Box, Cut, Flip
from takeback.signals.relation import Hit

KNOWN = [Path("bank/[1].png"), Path("bank/clip.mp4")]
PANEL = Found(0, Hit(6, Flip.MIRROR, negative=True, cut=Cut.PANEL, box=Box(1, 2, 30, 40)))
MOMENT = Found(
    1, Hit(31, Flip.NONE, negative=False, cut=Cut.FRAME, at_ms=72_400, review_only=True), share=0.256
)
POINTS = Found(
    0,
    Hit(None, Flip.NONE, negative=False, box=Box(0, 0, 9, 9), review_only=True, stage=2, inliers=37),
)
NOT_READ = Answer(Path("q/x.jpg"), (), Unreadable(WhyUnreadable.DAMAGED, "cut short"))


def test_a_line_begins_with_the_agreed_keys():
    told = line(Answer(Path("q/a.jpg"), (PANEL, MOMENT)), KNOWN, details=False)
    assert list(told.items())[:7] == [
        ("query", "q/a.jpg"),
        ("bank", "bank/[1].png"),
        ("verdict", "match"),
        ("stage", 1),
        ("variant", "panel"),
        ("distance", 6),
        ("inliers", None),
    ]
    assert (told["flip"], told["negative"], told["box"]) == ("mirror", True, [1, 2, 30, 40])
    assert json.loads(json.dumps(told)) == told


def test_details_are_the_same_keys_for_each_hit():
    told = line(Answer(Path("q/a.jpg"), (PANEL, MOMENT)), KNOWN, details=True)
    assert [hit["bank"] for hit in told["hits"]] == ["bank/[1].png", "bank/clip.mp4"]
    assert told["hits"][1]["at_ms"] == 72_400
    assert told["hits"][1]["share"] == 0.256
    assert line(Answer(Path("q/b.jpg"), ()), KNOWN, details=True)["hits"] == []


def test_the_second_stage_has_points_and_no_distance():
    told = line(Answer(Path("q/a.jpg"), (POINTS,)), KNOWN, details=False)
    assert (told["verdict"], told["stage"], told["inliers"]) == ("review", 2, 37)
    assert (told["variant"], told["distance"]) == (None, None)


def test_what_could_not_be_read_is_none_with_its_error():
    told = line(NOT_READ, KNOWN, details=False)
    assert (told["verdict"], told["bank"], told["stage"]) == ("none", None, None)
    assert told["error"] == "damaged: cut short"
    assert "error" not in line(Answer(Path("q/b.jpg"), ()), KNOWN, details=False)


@pytest.mark.parametrize(
    ("hit", "words"),
    [
        (PANEL, "a part of the picture, mirrored, as a negative, 6 of 256 bits differ"),
        (MOMENT, "a moment of the clip, at 1:12, 26% of the moments, 31 of 256 bits differ"),
        (POINTS, "37 points lie alike"),
    ],
)
def test_how_they_agree_is_said_in_words(hit, words):
    assert in_words(hit) == words


def test_the_table_names_every_file_and_takes_no_name_for_markup():
    out = io.StringIO()
    answers = [Answer(Path("q/[red]a.jpg"), (PANEL, MOMENT)), NOT_READ, Answer(Path("q/b.jpg"), ())]
    Console(file=out, width=160).print(table(answers, KNOWN, details=True))
    for said in ("q/[red]a.jpg", "bank/[1].png", "bank/clip.mp4", "not read", "cut short", "q/b.jpg", "none"):
        assert said in out.getvalue()


def test_folders_are_walked_in_order_without_what_is_hidden_or_linked(tmp_path):
    for name in ("b/z.jpg", "b/a.jpg", "a.jpg", ".hidden", ".git/x.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    found = [path.relative_to(tmp_path).as_posix() for path in files_in([tmp_path])]
    assert found == ["a.jpg", "b/a.jpg", "b/z.jpg", "link.jpg"]
    assert files_in([tmp_path / ".hidden"]) == [tmp_path / ".hidden"]  # who names it means it


def test_a_name_that_is_no_text_is_shown_and_told():
    answer = Answer(Path("q/\udcff.jpg"), ())
    out = io.StringIO()
    Console(file=out, width=90).print(table([answer], KNOWN, details=False))
    assert "q/?.jpg" in out.getvalue()
    assert json.loads(json.dumps(line(answer, KNOWN, details=False)))["query"] == "q/\udcff.jpg"


def test_a_file_that_is_too_long_or_gone_is_not_read(tmp_path):
    (tmp_path / "long").write_bytes(b"12345")
    assert contents(tmp_path / "long", 5) == b"12345"
    with pytest.raises(Unreadable) as refused:
        contents(tmp_path / "long", 4)
    assert refused.value.why is WhyUnreadable.TOO_MANY_BYTES
    with pytest.raises(Unreadable) as refused:
        contents(tmp_path / "gone")
    assert refused.value.why is WhyUnreadable.GONE


def test_results_come_in_order_and_a_fault_ends_the_rest():
    ticks = []
    assert list(in_parallel(lambda n: n * n, range(9), 3, lambda: ticks.append(1))) == [
        n * n for n in range(9)
    ]
    assert len(ticks) == 9
    begun = []

    def work(n: int) -> int:
        begun.append(n)
        if n == 1:
            raise RuntimeError("a mistake")
        return n

    with pytest.raises(RuntimeError, match="a mistake"):
        list(in_parallel(work, range(10_000), 1))
    assert len(begun) < 10_000
