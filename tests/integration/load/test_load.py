"""`takeback bench load` in little: real watchers, one killed by kill -9, and nothing lost or doubled."""

from pathlib import Path

import psutil
import pytest

from databases import temporary_folder
from takeback.connectors.api import StreamId
from takeback.errors import Gone
from takeback.infra import clock
from takeback_dev.measure import load, made
from takeback_dev.measure.load_processes import PLANTED
from takeback_dev.measure.made import MadePosts, Phase, Plan


@pytest.fixture(scope="module")
def result():
    said: list[str] = []
    with temporary_folder() as folder:
        before = set(psutil.Process().children(recursive=True))
        measured = load.run(
            folder, rate=12.0, seconds=24.0, entries=400, say=lambda words, _: said.append(words)
        )
        left = set(psutil.Process().children(recursive=True)) - before
    return measured, said, left


@pytest.mark.soak
def test_nothing_is_lost_or_doubled_though_a_watcher_was_killed(result):
    measured, _, _ = result
    assert (measured.lost, measured.doubled, measured.unread) == (0, 0, 0)
    assert measured.posts > 12 * 10
    groups = {use.group for use in measured.held}
    assert {"watcher 1", "watcher 2", "PostgreSQL", "watcher 2: children"} <= groups


@pytest.mark.soak
def test_what_is_measured_is_there(result):
    measured, said, _ = result
    assert measured.capacity > 0
    assert measured.rate == 12.0
    assert measured.million_a_day == pytest.approx(measured.capacity * 86_400 / 1e6)
    assert measured.before_kill.matches + measured.after_kill.matches > 0
    assert all(use.first_mb > 1 for use in measured.held if "watcher" in use.group)
    assert len(set(said)) >= 5


@pytest.mark.soak
def test_no_process_is_left(result):
    assert result[2] == set()


# --- the made posts ----------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "0.jpg").write_bytes(b"zero")
    (tmp_path / "known-0.jpg").write_bytes(b"known")
    return tmp_path


def plan_of(folder: Path, *phases: Phase) -> Plan:
    plan = Plan(1, 1, 0.5, phases)
    made.write(folder, plan)
    assert made.read(folder) == plan
    return plan


def test_posts_come_at_their_pace_and_end(folder):
    now = clock.now().timestamp()
    plan_of(folder, Phase("even", now - 10, now - 2, 2.0, 2))
    posts = MadePosts(folder)
    stream, cursor, seen = StreamId("even:1"), None, []
    while True:
        batch = posts.watch(stream, cursor)
        seen += batch.posts
        cursor = batch.cursor
        if batch.done:
            break
    assert [post.message for post in seen] == [str(n) for n in range(8)]
    assert [round(post.posted_at.timestamp() - now, 3) for post in seen[:2]] == [-9.5, -8.5]


def test_a_post_that_is_read_twice_is_the_same_post(folder):
    now = clock.now().timestamp()
    plan_of(folder, Phase("even", now - 10, now + 100, 8.0, 1))
    first, second = (MadePosts(folder).watch(StreamId("even:0"), "3") for _ in range(2))
    assert first == second
    assert first.posts
    for post in first.posts:
        assert MadePosts(folder).fetch(post.media[0].address, 10) in {b"zero", b"known"}


def test_posts_that_are_not_due_are_not_there_and_phases_open_their_streams(folder):
    now = clock.now().timestamp()
    plan_of(folder, Phase("rush", now, now + 100, 0, 2), Phase("later", now + 50, now + 60, 1.0, 2))
    posts = MadePosts(folder)
    assert [stream.name for stream in posts.streams()] == ["rush:0", "rush:1"]
    assert len(posts.watch(StreamId("rush:0"), None).posts) == 8
    posts.close()
    assert posts.watch(StreamId("later:0"), None).posts == ()


def test_no_other_file_is_given_out(folder):
    with pytest.raises(Gone):
        MadePosts(folder).fetch("../secret#x", 10)


def test_the_share_of_planted_pictures_is_as_planned():
    plan = Plan(7, PLANTED, 0.02, ())
    shown = [plan.picture("even:3", n) for n in range(50_000)]
    assert 0.015 < sum(planted for planted, _ in shown) / len(shown) < 0.025
    assert {number for planted, number in shown if planted} == set(range(PLANTED))
    assert {number for planted, number in shown if not planted} == set(range(7))
