"""Older days: moved to Parquet and asked like all others, by this machine and by two Ray nodes."""

import random
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import synthetic
from takeback.app import look_back_parts
from takeback.errors import ConfigurationError, StorageUnavailable
from takeback.infra.blobs import Blobs
from takeback.infra.config import Settings
from takeback.sightings import archive as archives
from takeback.sightings import archive_store, service, store
from takeback.sightings.archive import Archive
from takeback.sightings.model import Later, Seen
from takeback.sightings.sweep import Near, Sweeper
from takeback.signals.index import compare

pytest.importorskip("daft", reason="the extra `sweep` is not installed")

DOTS = random.Random(8)
VALUE, OTHER = DOTS.randbytes(32), DOTS.randbytes(32)
TODAY = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def blobs(tmp_path):
    return Blobs(str(tmp_path / "blobs"))


@pytest.fixture
def archive(blobs):
    return Archive(blobs)


@pytest.fixture
def sweeper(database, tmp_path, archive):
    return Sweeper(database, tmp_path / "sightings", archive)


def insert(database, days_ago, *seen: Seen):
    with database.transaction() as tx:
        return store.insert(tx, "memory", seen, TODAY - timedelta(days=days_ago))


def noise(start, stop):
    return [synthetic.seen("!place", n, DOTS.randbytes(32)) for n in range(start, stop)]


def near(sweeper, *values: bytes, radius=31):
    return sweeper.near(compare.stack(list(values)), radius)


def before(days):
    return (TODAY - timedelta(days=days)).date()


def files_of(database):
    with database.transaction() as tx:
        return archive_store.files(tx)


def ids_of(database):
    with database.transaction() as tx:
        return {row[0] for row in tx.execute("select id from sightings_post")}


def refer_to(database, sighting):
    """A case knows this sighting."""
    with database.transaction() as tx:
        tx.execute(
            "insert into cases_case (id, report_id, opened_at, due_at, due_clock, status, changed_at)"
            " values (gen_random_uuid(), gen_random_uuid(), now(), now(), 'house', 'open', now())"
        )
        tx.execute(
            "insert into cases_copy (case_id, sighting_id, found_by, added_at)"
            " select id, %s, 'report', now() from cases_case",
            [sighting],
        )


def test_old_days_move_and_are_found_and_come_back_as_they_were(database, archive, sweeper):
    old = [
        synthetic.seen("!place", 1, VALUE),
        synthetic.collage("!place", 2, DOTS.randbytes(32), OTHER, doubt=3),
    ]
    old_ids = insert(database, 40, *old, *noise(10, 60))
    clip = insert(database, 39, synthetic.clip("!place", 3, DOTS.randbytes(32), VALUE))[0]
    young = insert(database, 5, synthetic.seen("!place", 4, VALUE))[0]
    expected = near(sweeper, VALUE, OTHER)
    with database.transaction() as tx:
        rows = store.many(tx, [*old_ids[:2], clip])
    assert archive.move(database, before(30), TODAY) == 53
    assert ids_of(database) == {young}
    assert [Path(name).parts[:2] for name in files_of(database)] == [
        ("sightings", "2026-01-29"),
        ("sightings", "2026-01-30"),
    ]
    assert near(sweeper, VALUE, OTHER) == expected
    assert {each.sighting for each in expected} == {*old_ids[:2], clip, young}
    with database.transaction() as tx:
        assert store.many(tx, [*old_ids[:2], clip]) == rows
        assert len(ids_of(database)) == 4
    assert near(sweeper, VALUE, OTHER) == expected


def test_a_fresh_cache_finds_archived_days_too(database, archive, tmp_path):
    [sighting] = insert(database, 40, synthetic.seen("!place", 1, VALUE))
    archive.move(database, before(30), TODAY)
    assert near(Sweeper(database, tmp_path / "new", archive), VALUE) == [Near(sighting, 0, 0, 0)]


def test_a_large_day_takes_several_files(database, archive, sweeper):
    ids = insert(database, 40, *noise(0, 50), synthetic.seen("!place", 99, VALUE))
    assert archive.move(database, before(30), TODAY, most=20) == 51
    assert len(files_of(database)) == 3
    assert near(sweeper, VALUE) == [Near(ids[-1], 0, 0, 0)]


def test_what_something_refers_to_stays_and_so_does_what_is_not_read(database, archive):
    needed, free = insert(database, 40, *noise(0, 2))
    waiting = insert(database, 40, Seen(noise(5, 6)[0].post, "m", Later("503")))[0]
    refer_to(database, needed)
    assert archive.move(database, before(30), TODAY) == 1
    assert ids_of(database) == {needed, waiting}
    assert free not in ids_of(database)


def test_a_sighting_that_came_to_be_needed_meanwhile_stops_the_move_and_loses_nothing(
    database, archive, monkeypatch
):
    ids = insert(database, 40, *noise(0, 3))
    of_day = archive_store.of_day

    def held_too_late(tx, day, most) -> tuple[list, list]:
        rows = of_day(tx, day, most)
        tx.execute(  # as another transaction that committed between the question and the lock would have
            "insert into cases_case (id, report_id, opened_at, due_at, due_clock, status, changed_at)"
            " values (gen_random_uuid(), gen_random_uuid(), now(), now(), 'house', 'open', now())"
        )
        tx.execute(
            "insert into cases_copy (case_id, sighting_id, found_by, added_at)"
            " select id, %s, 'report', now() from cases_case",
            [ids[1]],
        )
        return rows

    monkeypatch.setattr(archive_store, "of_day", held_too_late)
    assert archive.move(database, before(30), TODAY) == 0
    assert ids_of(database) == set(ids)
    assert files_of(database) == []


@pytest.mark.parametrize("where", ["put", "let_go", "name_file"])
def test_a_crash_at_any_step_loses_nothing_and_doubles_nothing(
    database, archive, sweeper, monkeypatch, blobs, where
):
    ids = insert(database, 40, *noise(0, 9), synthetic.seen("!place", 99, VALUE))

    class Killed(Exception):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Blobs if where == "put" else archive_store, where, killed)
        with pytest.raises(Killed):
            archive.move(database, before(30), TODAY)
    assert ids_of(database) == set(ids)
    assert near(sweeper, VALUE) == [Near(ids[-1], 0, 0, 0)]
    assert archive.move(database, before(30), TODAY) == 10
    assert near(sweeper, VALUE) == [Near(ids[-1], 0, 0, 0)]
    left = {blob.name for blob in blobs.walk("sightings")} - set(files_of(database))
    assert len(left) == (0 if where == "put" else 1)
    assert archive.tidy(database, datetime.now(UTC)) == 0  # it may be of somebody who is at it now
    assert archive.tidy(database, datetime.now(UTC) + timedelta(days=2)) == len(left)
    assert {blob.name for blob in blobs.walk("sightings")} == set(files_of(database))


def test_what_is_kept_no_longer_is_forgotten_everywhere(database, archive, sweeper, blobs):
    oldest = insert(database, 400, synthetic.seen("!place", 1, VALUE), *noise(2, 5))
    needed = insert(database, 400, synthetic.seen("!place", 7, VALUE))[0]
    refer_to(database, needed)
    service.keep(database, archive, sweeper, 30, 1000, TODAY)
    assert len(files_of(database)) == 1
    young = insert(database, 100, synthetic.seen("!place", 8, VALUE))[0]
    service.keep(database, archive, sweeper, None, 365, TODAY)
    assert files_of(database) == list(blobs.walk("sightings")) == []
    assert {each.sighting for each in near(sweeper, VALUE)} == {needed, young}
    assert not set(oldest) & ids_of(database)


def test_a_post_that_passed_again_after_it_was_archived_is_found_once_more(database, archive, sweeper):
    seen = synthetic.seen("!place", 1, VALUE)
    insert(database, 40, seen)
    archive.move(database, before(30), TODAY)
    again = insert(database, 0, seen)[0]
    assert near(sweeper, VALUE) == [Near(again, 0, 0, 0)]


def test_a_file_that_is_not_there_is_told_and_not_passed_over(database, archive, sweeper, blobs):
    insert(database, 40, synthetic.seen("!place", 1, VALUE))
    archive.move(database, before(30), TODAY)
    [name] = files_of(database)
    blobs.delete(name)
    with pytest.raises(StorageUnavailable):
        near(sweeper, VALUE)


def test_counts_include_what_was_moved(database, archive):
    insert(database, 40, *noise(0, 5))
    archive.move(database, before(30), TODAY)
    insert(database, 0, *noise(5, 7))
    with database.transaction() as tx:
        assert service.count(tx) == 7


def test_without_the_extra_the_operator_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(
        archives.importlib.util, "find_spec", lambda name: None if name == "daft" else object()
    )
    with pytest.raises(ConfigurationError, match=r"pip install takeback\[sweep\]"):
        archives.require_engine(ray=None)


def test_days_are_those_of_utc(database, archive):
    with database.transaction() as tx:
        store.insert(tx, "memory", noise(0, 1), datetime(2026, 1, 31, 23, 59, 59, 999999, UTC))
        store.insert(tx, "memory", noise(1, 2), datetime(2026, 2, 1, tzinfo=UTC))
    assert archive.move(database, date(2026, 2, 1), TODAY) == 1
    assert "2026-01-31" in files_of(database)[0]


@pytest.mark.soak
def test_two_ray_nodes_answer_what_the_database_answers(database, archive, sweeper, blobs, tmp_path):
    pytest.importorskip("ray", reason="the extra `sweep` is not installed")
    rows = noise(0, 300)
    for start in range(0, 300, 60):
        insert(database, 60 - start // 60, *rows[start : start + 60])
    insert(
        database,
        55,
        synthetic.collage("!place", 500, DOTS.randbytes(32), VALUE),
        synthetic.clip("!place", 501, OTHER),
    )
    queries = [VALUE, OTHER, *(each.reading.whole.hash for each in rows[::50])]
    expected = near(sweeper, *queries)
    archive.move(database, before(30), TODAY)
    (tmp_path / "queries").write_bytes(b"".join(queries))
    program = Path(__file__).with_name("ray_nodes.py")
    done = subprocess.run(
        [sys.executable, program, blobs.where, tmp_path / "queries", *files_of(database)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    nodes, *found = done.stdout.splitlines()[-1].split()
    assert nodes == "2"
    assert [int(each) for each in found] == sorted({each.sighting for each in expected})
    assert near(sweeper, *queries) == expected


def test_a_service_that_moves_days_without_the_extra_does_not_start(database, tmp_path, monkeypatch):
    monkeypatch.setattr(archives.importlib.util, "find_spec", lambda _: None)
    look_back_parts(Settings(_env_file=None, data=tmp_path), database)
    with pytest.raises(ConfigurationError, match="TAKEBACK_SIGHTINGS_HOT_DAYS"):
        look_back_parts(Settings(_env_file=None, data=tmp_path, sightings_hot_days=30), database)
