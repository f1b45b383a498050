"""`takeback backfill`, as a process of its own: killed and stopped, it reads every file once."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image

import look_backs
from takeback.bank import service as bank
from takeback.connectors.archive import ArchiveConnector
from takeback.errors import ConfigurationError, NotAllowed
from takeback.ids import ReportId
from takeback.sightings import registry
from takeback.sightings.registry import ConnectorRegistry
from takeback.sightings.sweep import Sweeper
from takeback.signals.sandbox import Decoder
from takeback_dev.pictures import encode, scene
from waiting import until

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MAIN = "from takeback.entrypoints.cli.main import main; main()"
MANY = 900


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "old pictures"
    made.mkdir()
    return made


@pytest.fixture(scope="module")
def decoder():
    with Decoder(processes=1) as opened:
        yield opened


def fill(folder, count):
    dots = np.random.default_rng(3)
    for n in range(count):
        path = folder / f"{n % 7}" / f"{n:05}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(dots.integers(0, 256, (4, 4, 3), dtype=np.uint8)).resize((48, 36)).save(path)


def command(database, tmp_path, *args: str) -> dict:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TAKEBACK_DATABASE_URL": database.url,
        "TAKEBACK_DATA": str(tmp_path / "data"),
        "TAKEBACK_LEASE_SECONDS": "1",
    }
    return {"args": [sys.executable, "-c", MAIN, "backfill", *map(str, args)], "env": env, "cwd": tmp_path}


def run(database, tmp_path, *args: str):
    return subprocess.run(
        **command(database, tmp_path, *args), capture_output=True, text=True, timeout=120, check=False
    )


@contextmanager
def begun(database, tmp_path, *args: str):
    process = subprocess.Popen(**command(database, tmp_path, *args), stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def one(database, statement):
    with database.transaction() as tx:
        return tx.execute(statement).fetchone()[0]


def count(database):
    return one(database, "select count(*) from sightings_post")


def seed(database, decoder, picture):
    """Bank a picture; its entry."""
    signals = decoder.signals(encode(picture, "PNG"), flips=True, exact=True)
    with database.transaction() as tx:
        report = ReportId(uuid4())
        flips = tuple(flip.hash for flip in signals.flips)
        return bank.add_seed(tx, report, "picture 1", flips, signals.whole.quality, NOW)


def test_what_is_in_it_matches_entries_that_are_there_and_those_that_come(
    database, tmp_path, folder, decoder
):
    (folder / "a").mkdir()
    known, later, other = (scene(n, 480, 360) for n in (1, 2, 3))
    (folder / "a" / "known.jpg").write_bytes(encode(known, "JPEG"))
    (folder / "later.webp").write_bytes(encode(later, "WEBP"))
    (folder / "other.png").write_bytes(encode(other, "PNG"))
    (folder / "letter.txt").write_text("dear diary")
    (folder / "torn.jpg").write_bytes(encode(other, "JPEG")[:300])
    (folder / "empty.jpg").touch()
    seed(database, decoder, known)
    done = run(database, tmp_path, folder, "--processes", "1")
    assert done.returncode == 0, done.stderr
    assert "archive:old pictures: 6 files read now, matches found: 1" in done.stdout
    assert "1 not read: not a picture" in done.stdout
    assert "1 not read: empty" in done.stdout
    assert "6 files in all, 3 of them not read" in done.stdout
    assert one(
        database, "select message from matching_match m join sightings_post p on p.id = m.sighting_id"
    ) == ("a/known.jpg")
    entry = seed(database, decoder, later)
    assert look_backs.look_back(database, entry, NOW, Sweeper(database, tmp_path / "flat")) in {0, 1}
    if one(database, "select count(*) from matching_match") == 1:  # a doubtful hash is read again first
        assert one(database, "select count(*) from procrastinate_jobs where task_name = 'read_exactly'") == 1
    again = run(database, tmp_path, folder)
    assert again.returncode == 0
    assert "was read to its end before" in again.stdout
    assert count(database) == 6


@pytest.mark.soak
def test_killed_and_stopped_it_goes_on_and_every_file_is_there_once(database, tmp_path, folder):
    fill(folder, MANY)
    reached = []
    for number in (signal.SIGKILL, signal.SIGINT, signal.SIGKILL):
        before = count(database)
        with begun(database, tmp_path, folder) as process:
            until(lambda before=before: count(database) > before, 60, "it reads on")
            process.send_signal(number)
            assert process.wait(30) == (-signal.SIGKILL if number == signal.SIGKILL else 130)
        reached.append(count(database))
    assert 0 < reached[0] < MANY
    done = run(database, tmp_path, folder)
    assert done.returncode == 0, done.stderr
    assert count(database) == MANY == one(database, "select count(distinct message) from sightings_post")
    assert one(database, "select bool_and(done) from sightings_stream")
    read_now = int(done.stdout.partition("pictures: ")[2].partition(" ")[0])
    assert read_now == MANY - reached[-1]


@pytest.mark.soak
def test_two_at_once_read_every_file_once(database, tmp_path, folder):
    fill(folder, 200)
    with (
        begun(database, tmp_path, folder) as first,
        begun(database, tmp_path, folder) as second,
    ):
        assert [first.wait(90), second.wait(90)] == [0, 0]
    assert count(database) == 200


def test_a_source_that_is_not_there_is_said_in_one_line(database, tmp_path):
    done = run(database, tmp_path, tmp_path / "nowhere")
    assert done.returncode == 78
    assert "is not a folder" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.soak
def test_a_name_belongs_to_one_archive(database, tmp_path, folder):
    assert run(database, tmp_path, folder, "--name", "old").returncode == 0
    done = run(database, tmp_path, tmp_path, "--name", "old")
    assert done.returncode == 78
    assert "choose another one with --name" in done.stderr


def test_an_archive_is_found_by_its_name_and_is_no_platform(database, folder):
    (folder / "a.png").write_bytes(b"bytes")
    found = ConnectorRegistry({}, database, 100)
    with pytest.raises(KeyError):
        found["archive:old"]
    with database.transaction() as tx:
        registry.open_source(tx, "archive:old", str(folder), NOW)
        with pytest.raises(ConfigurationError, match="--name"):
            registry.open_source(tx, "archive:old", "/elsewhere", NOW)
    assert found["archive:old"].fetch("a.png", 10) == b"bytes"
    assert found.get("archive:old") is not None
    assert found.get("archive:new") is None
    assert list(found) == list(found.values()) == []
    with pytest.raises(NotAllowed):
        ArchiveConnector("old", str(folder), 10).act(None, None, "")
