"""S2: a file's cost is known before it is decoded, and dear files wait in a lane of their own."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psutil
import pytest

from dear_files import DEAR
from house import picture
from quiet import QuietPlatform
from takeback.app import App
from takeback.entrypoints.watcher import watch
from takeback.errors import Unreadable, WhyUnreadable
from takeback.jobs import SLOW
from takeback.signals.lanes import FAST_BYTES, FAST_SECONDS, MOST
from takeback.signals.sandbox import Decoder
from takeback.workflow import reports
from waiting import until

FLOOD = 104


@pytest.fixture(scope="module")
def files():
    return cache(lambda name: next(make for make in DEAR if make.__name__ == name)())


@pytest.fixture(scope="module")
def decoder():
    """As the service has it."""
    with Decoder.in_lanes(processes=2, seconds=20, max_bytes=50_000_000) as opened:
        opened.confinement()
        yield opened


@pytest.fixture
def platform():
    return QuietPlatform()


@contextmanager
def a_watcher(house, monkeypatch):
    @contextmanager
    def opened_already(_: object) -> Iterator[App]:
        yield house.app

    monkeypatch.setattr(watch, "open_app", opened_already)
    stop = threading.Event()
    running = threading.Thread(target=watch.run, args=[house.app.settings, stop])
    running.start()
    try:
        yield
    finally:
        stop.set()
        running.join()


def states(house):
    return dict(house.query("select media, state || coalesce(' ' || reason, '') from sightings_post"))


def fast_children(decoder):
    return [*decoder._pictures._alive, *decoder._studies._alive]


def resident(process) -> int:
    return psutil.Process(process.pid).memory_info().rss


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_s2_an_honest_post_beside_a_hundred_dear_files_is_matched_before_them(
    house, platform, decoder, files, monkeypatch
):
    """S2: two small files held an honest post back for 24 s, and were too slow for good."""
    house.report(picture(1))
    house.take_in()
    dear = [files(make.__name__) for make in DEAR]
    posts = [platform.post(dear[number % len(dear)]) for number in range(FLOOD)]
    honest = platform.post(picture(1)).media[0].address
    with a_watcher(house, monkeypatch):
        matched = "select 1 from matching_match join sightings_post p on p.id = sighting_id where media = %s"
        until(lambda: house.query(matched, honest), timeout=200, what="the honest post is matched")
    after = states(house)
    assert after[honest] == "read"
    # No worker ran: what is dear was committed unread, and waits. What was read was within the allowance.
    waiting = [post for post in posts if after[post.media[0].address] == "unread slow"]
    assert len(waiting) > FLOOD * 0.8
    assert {after[post.media[0].address] for post in posts} <= {"read", "unread slow"}
    [(jobs,)] = house.query("select count(*) from procrastinate_jobs where priority = any(%s)", list(SLOW))
    assert jobs == len(waiting)
    spent = sum(sum(psutil.Process(each.pid).cpu_times()[:2]) for each in fast_children(decoder))
    assert spent < len(DEAR) * (MOST + FAST_SECONDS)
    for child in fast_children(decoder):
        assert resident(child) < 400 << 20, "what a large file took was given back"

    # Nothing is given up: the slow lane reads each kind, one after the other.
    one_of_each = {post.media[0].address for post in posts[: len(DEAR)]}
    ids = dict(house.query("select media, id from sightings_post"))
    for media in one_of_each:
        for job in house.due():
            if job.name == "read_again" and job.args["sighting"] == ids[media]:
                house.do(job)
    after = states(house)
    assert {after[media] for media in one_of_each} == {"read"}
    assert decoder.slow is not None
    for child in fast_children(decoder.slow):
        assert resident(child) < 400 << 20


def test_s2_no_fast_child_can_hold_more_memory_than_is_stated(decoder):
    """S2: the memory of two watchers rose from 333 to 1,363 MiB."""
    for child in fast_children(decoder):
        limits = Path(f"/proc/{child.pid}/limits").read_text()
        most = int(limits.partition("Max address space")[2].split()[0])
        assert most <= FAST_BYTES + (450 << 20)


def test_s2_a_poster_with_many_slow_files_waits_for_those_with_few(house, platform, files):
    """S2: the slow lane is fair between posters."""
    many = [platform.post(files("one_bit_png"), sender="@many:x") for _ in range(3)]
    few = platform.post(files("one_bit_png"), sender="@few:x")
    house.watch_once()
    turns = dict(
        house.query(
            "select p.message, j.priority from procrastinate_jobs j"
            " join sightings_post p on p.id = (j.args ->> 'sighting')::bigint where j.priority = any(%s)",
            list(SLOW),
        )
    )
    assert turns[few.message] == turns[many[0].message] > turns[many[2].message]


def test_s2_what_is_too_slow_is_so_only_alone_in_the_slow_lane(house, platform, files, monkeypatch):
    """S2: recorded `too_slow` for good under load."""
    post = platform.post(files("one_bit_png"))
    house.watch_once()
    address = post.media[0].address
    assert states(house)[address] == "unread slow"
    slow = house.app.decoder.slow

    def too_slow(*_: object, **__: object) -> None:
        raise Unreadable(WhyUnreadable.TOO_SLOW)

    with monkeypatch.context() as patched:
        patched.setattr(slow, "read", too_slow)
        house.work("read_again")
        assert states(house)[address] == "unread slow"
    house.after(minutes=11)
    assert states(house)[address] == "read"


def test_s2_whoever_waits_for_the_slow_lane_holds_up_nobody_else(decoder, files):
    """S2: the console and the API ask the same decoder and wait for it; cheap pictures do not wait."""
    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(decoder.signals, files("deep_png"), exact=True) for _ in range(3)]
        for number in range(5):
            assert decoder.signals(picture(number), exact=True).width == 96
        assert not all(each.done() for each in waiting)
        assert {each.result().width for each in waiting} == {4300}


def test_s2_a_reported_link_to_a_slow_file_goes_to_the_slow_lane(house, platform, files):
    """S2: the intake of links shares its worker with removals."""
    post = platform.post(files("one_bit_png"))
    house.report(picture(1), links=(f"memory://{post.place}/{post.message}",))
    reports.take_in(house.app)
    house.work("follow")
    [job] = [job for job in house.due() if job.name == "locate"]
    house.do(job)
    asked = "select args ->> 'slow', priority from procrastinate_jobs where task_name = 'locate'"
    assert house.query(asked) == [("true", SLOW[0])]
