"""Counting what is recognised: shares, intervals, false matches, the table."""

import json
import math
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from takeback.errors import ConfigurationError
from takeback_dev.measure import numbers, recall
from takeback_dev.measure.edits import EDITS
from takeback_dev.measure.recall import FEWEST, Matcher, Recall, Share, Tally, Trial
from takeback_dev.pictures import encode, scene


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    for number in range(FEWEST + 1):
        (folder / f"{number:02}.png").write_bytes(encode(scene(number, 240, 180), "PNG"))
    return folder


@pytest.fixture(scope="module")
def result(folder) -> Recall:
    """One photograph of the folder, in this process."""
    entries, _ = recall.enter(recall.pictures_in(folder))
    recall._begin(entries, 1)
    trials, tally = recall._photograph(0)
    return Recall(entries.paths, 1, 0, tuple(trials), tally, 1)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (95, 100, 0.8883, 0.9785)]
)
def test_the_interval_is_wilsons(hits, of, low, high):
    assert Share(hits, of).interval() == pytest.approx((low, high), abs=1e-4)


def test_nothing_asked_is_nothing_known():
    assert Share(0, 0).value == 0
    assert Share(0, 0).interval() == (0.0, 1.0)


@given(st.integers(0, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_holds_the_share(pair):
    share = Share(*pair)
    low, high = share.interval()
    assert 0 <= low <= share.value + 1e-12
    assert share.value - 1e-12 <= high <= 1


@pytest.mark.parametrize(
    ("plain", "nearest", "inliers", "found"),
    [
        (31, 31, None, {Matcher.PDQ, Matcher.VARIANTS, Matcher.REVIEW, Matcher.EITHER}),
        (128, 31, None, {Matcher.VARIANTS, Matcher.REVIEW, Matcher.EITHER}),
        (128, 48, None, {Matcher.REVIEW}),
        (128, 49, None, set()),
        (128, 49, 14, {Matcher.DETAILS, Matcher.EITHER}),
    ],
)
def test_what_finds_a_copy(plain, nearest, inliers, found):
    trial = Trial(0, 0, plain, nearest, inliers)
    assert {matcher for matcher in Matcher if trial.found(matcher)} == found


def test_the_false_rate_of_a_normal_distribution_is_its_own():
    rng = np.random.default_rng(1)
    tally = Tally(apart=np.bincount(np.rint(rng.normal(128, 12, 20_000_000)).astype(int), minlength=257))
    rate = Recall((), 0, 0, (), tally, 1).false_rate(31)
    assert rate == pytest.approx(math.log10(math.erfc((128 - 31.5) / 12 / math.sqrt(2)) / 2), abs=0.8)


def test_few_pairs_allow_no_rate():
    assert Recall((), 0, 0, (), Tally(), 1).false_rate(31) is None


def test_every_edit_is_tried_and_easy_ones_are_recognised(result):
    assert len(result.trials) == len(EDITS)
    for group in ("recompress", "mirror", "quarter turns", "negative", "border"):
        assert result.share(Matcher.VARIANTS, group).value >= 0.5
    assert result.share(Matcher.PDQ).hits < result.share(Matcher.VARIANTS).hits
    assert result.share(Matcher.VARIANTS).hits <= result.share(Matcher.REVIEW).hits
    assert result.false(Matcher.VARIANTS) == Share(0, result.tally.asked[Matcher.VARIANTS])
    assert result.tally.asked[Matcher.DETAILS] > 0


def test_the_same_picture_twice_is_no_false_match_and_flat_files_are_left_out(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "again.png").write_bytes((folder / "00.png").read_bytes())
    (tmp_path / "flat.png").write_bytes(encode(scene(1, 240, 180).point(lambda _: 90), "PNG"))
    (tmp_path / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / ".hidden.png").write_bytes(b"")
    entries, left_out = recall.enter(recall.pictures_in(tmp_path))
    names = [path.name for path in entries.paths]
    assert entries.twins[names.index("00.png"), names.index("again.png")]
    assert {path.name for path, _ in left_out} == {"flat.png", "torn.jpg"}


def test_too_few_photographs_are_refused(folder):
    with pytest.raises(ConfigurationError, match=f"at least {FEWEST}"):
        recall.enter(recall.pictures_in(folder)[: FEWEST - 1])


def test_the_numbers_are_one_line_a_group(result):
    told = json.loads(numbers.as_json(result))
    assert told["copies"] == len(EDITS)
    assert tuple(told["groups"]) == numbers.GROUPS
    assert told["all"]["variants"]["of"] == len(EDITS)
    assert told["matchers"]["details"]["may_leave_a_device"] is False
    out = StringIO()
    Console(file=out, width=200).print(numbers.as_table(result))
    assert all(group in out.getvalue() for group in numbers.GROUPS)


@pytest.mark.soak
def test_processes_give_what_one_process_gives(folder, result):
    entries, _ = recall.enter(recall.pictures_in(folder))
    done: list[int] = []
    whole = recall.measure(entries, limit=1, seed=1, processes=2, progress=done.append)
    assert done == [1]
    assert whole.edited == 1
    assert whole.trials == result.trials
