"""Timestamps by real authorities: what is called timestamped is, and nothing else."""

import hashlib
import subprocess
import threading
from datetime import timedelta

import pytest

import authorities
import ledgers
import waiting
from authorities import Authority
from takeback.errors import ConfigurationError
from takeback.events import HeartbeatRecorded, Timestamped
from takeback.infra import clock
from takeback.infra.ledger import parties, proofs, store
from takeback.infra.ledger.record import record
from takeback.infra.ledger.timestamps import Timestamper, read_authorities
from takeback_verify.core.stamp import verify_stamp

pytestmark = pytest.mark.skipif(authorities.MISSING is not None, reason=str(authorities.MISSING))

MINUTE = timedelta(minutes=1)


@pytest.fixture
def one(tmp_path):
    return Authority(tmp_path / "one", "Test authority 1")


@pytest.fixture
def two(tmp_path):
    return Authority(tmp_path / "two", "Test authority 2")


@pytest.fixture
def stamper(database, one, two, tmp_path):
    """Asks both."""
    roots = tmp_path / "roots"
    roots.mkdir()
    with one.serving() as first, two.serving() as second:
        for name, authority in (("one", one), ("two", two)):
            (roots / f"{name}.pem").write_bytes(authority.root_pem.read_bytes())
        found = read_authorities(f"one={first}, two={second}", roots)
        made = Timestamper(database, found, MINUTE)
        yield made
        made.close()


def anchors(database):
    with database.transaction() as tx:
        return proofs.anchors(tx)


def events(database):
    with database.transaction() as tx:
        return [each.event for each in store.recent(tx, [Timestamped], 100)]


def states(database):
    with database.transaction() as tx:
        return {each.name: each for each in parties.all_parties(tx)}


def more(database, sequencer):
    ledgers.record_events(database, 2)
    return ledgers.sequence_all(sequencer)[-1].size


@pytest.mark.agrees("openssl")
def test_both_authorities_stamp_the_text_of_the_checkpoint_and_the_log_keeps_the_hashes(
    database, sequencer, stamper, one, two, tmp_path
):
    size = more(database, sequencer)
    assert stamper.stamp_once(clock.now()) == 2
    (anchor,) = anchors(database)
    assert (anchor.size, [name for name, _ in anchor.stamps]) == (size, ["one", "two"])
    text = anchor.note.text.encode()
    for (name, response), authority in zip(anchor.stamps, (one, two), strict=True):
        assert abs(verify_stamp(response, text, authority.roots) - clock.now()) < MINUTE
        (tmp_path / "text").write_bytes(text)
        (tmp_path / "tsr").write_bytes(response)
        command = ["openssl", "ts", "-verify", "-data", "text", "-in", "tsr", "-CAfile", authority.root_pem]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        assert Timestamped(size, name, hashlib.sha256(response).hexdigest()) in events(database)
    assert all(each.size == size and each.failing_since is None for each in states(database).values())


def test_it_does_not_stamp_for_its_own_sake(database, sequencer, stamper, one):
    assert stamper.stamp_once(clock.now()) == 0
    more(database, sequencer)
    stamper.stamp_once(clock.now())
    asked = one.asked
    with database.transaction() as tx:
        record(tx, HeartbeatRecorded("matrix", "live", clock.now(), clock.now(), 3, 0))
    ledgers.sequence_all(sequencer)
    for hours in range(1, 4):
        assert stamper.stamp_once(clock.now() + timedelta(hours=hours)) == 0
    assert (len(anchors(database)), one.asked) == (1, asked)
    size = more(database, sequencer)
    assert stamper.stamp_once(clock.now() + timedelta(hours=4)) == 2
    assert anchors(database)[-1].size == size


def test_not_more_often_than_it_may(database, sequencer, stamper, one):
    more(database, sequencer)
    assert stamper.stamp_once(clock.now()) == 2
    more(database, sequencer)
    assert stamper.stamp_once(clock.now() + MINUTE / 2) == 0
    assert one.asked == 1
    assert stamper.stamp_once(clock.now() + MINUTE * 2) == 2


def test_a_later_stamp_covers_the_hash_of_an_earlier_one(database, sequencer, stamper):
    more(database, sequencer)
    stamper.stamp_once(clock.now())
    more(database, sequencer)
    stamper.stamp_once(clock.now() + MINUTE * 2)
    first, last = anchors(database)
    with database.transaction() as tx:
        stamped = [each.id for each in store.recent(tx, [Timestamped], 100) if each.event.size == first.size]
        entries = proofs.entries_of(tx, stamped)
    assert len(entries) == 2
    assert all(entry.index < last.size for entry in entries)


def test_one_that_fails_is_said_to_and_stamps_the_anchor_that_it_missed_when_it_is_back(
    database, sequencer, stamper, two
):
    size = more(database, sequencer)
    two.failing = True
    assert stamper.stamp_once(clock.now()) == 1
    assert [name for name, _ in anchors(database)[0].stamps] == ["one"]
    assert "503" in states(database)["two"].failure
    assert states(database)["two"].failing_since is not None
    two.failing = False
    assert stamper.stamp_once(clock.now()) == 0  # not at once
    assert stamper.stamp_once(clock.now() + MINUTE * 2) == 1
    (anchor,) = anchors(database)
    assert (anchor.size, [name for name, _ in anchor.stamps]) == (size, ["one", "two"])
    assert states(database)["two"].failing_since is None


def test_nothing_is_called_timestamped_by_a_rogue_or_of_another_text(database, sequencer, one, tmp_path):
    size = more(database, sequencer)
    rogue = Authority(tmp_path / "rogue", "Test authority 1", embed_root=True)
    deaf = Authority(tmp_path / "deaf", "Deaf authority")
    deaf.answer = lambda _: deaf_answer  # always the same response, whatever is asked
    deaf_answer = Authority.stamp(one, b"something else")
    roots = tmp_path / "roots"
    roots.mkdir()
    for name, authority in (("rogue", one), ("deaf", one)):
        (roots / f"{name}.pem").write_bytes(authority.root_pem.read_bytes())
    with rogue.serving() as first, deaf.serving() as second:
        stamper = Timestamper(database, read_authorities(f"rogue={first},deaf={second}", roots), MINUTE)
        assert stamper.stamp_once(clock.now()) == 0
        with database.transaction() as tx:
            text = proofs.final(tx).text.encode()
        deaf_answer = one.stamp(text)  # the right text, and the answer to another request
        assert stamper.stamp_once(clock.now() + MINUTE * 2) == 0
        stamper.close()
    assert (anchors(database), events(database)) == ((), [])
    assert size
    assert "another request" in states(database)["deaf"].failure
    assert states(database)["rogue"].failure


def test_an_authority_that_writes_no_strict_der_is_noticed_at_the_start(database, tmp_path):
    loose = Authority(tmp_path / "loose", "Loose authority")
    strict = loose.answer
    loose.answer = lambda asked: strict(asked) + b"\x00"
    (tmp_path / "loose.pem").write_bytes(loose.root_pem.read_bytes())
    stop = threading.Event()
    with loose.serving() as url:
        stamper = Timestamper(database, read_authorities(f"loose={url}", tmp_path), MINUTE)
        thread = threading.Thread(target=stamper.run, args=[stop])
        thread.start()
        try:
            waiting.until(lambda: "loose" in states(database))
        finally:
            stop.set()
            thread.join()
            stamper.close()
    assert states(database)["loose"].failing_since is not None


def test_two_processes_do_not_ask_twice(database, sequencer, stamper, one):
    more(database, sequencer)
    now = clock.now()
    start, came = threading.Barrier(2), []

    def stamp() -> None:
        start.wait()
        came.append(stamper.stamp_once(now))

    threads = [threading.Thread(target=stamp) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(came), one.asked, len(anchors(database)[0].stamps)) == (2, 1, 2)


def test_the_running_stamper_stamps_soon_after_the_checkpoint(database, sequencer, stamper):
    stop = threading.Event()
    thread = threading.Thread(target=stamper.run, args=[stop])
    thread.start()
    try:
        more(database, sequencer)
        waiting.until(lambda: [len(each.stamps) for each in anchors(database)] == [2], timeout=20)
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    "setting", ["one", "one=", "=http://x", "One=http://x", "a b=http://x", "one=x,one=y"]
)
def test_a_setting_that_names_no_authority_is_refused(setting, tmp_path, one):
    (tmp_path / "one.pem").write_bytes(one.root_pem.read_bytes())
    with pytest.raises(ConfigurationError, match="TAKEBACK_TIMESTAMP_AUTHORITIES"):
        read_authorities(setting, tmp_path)


def test_without_authorities_nothing_is_asked_and_without_roots_nothing_starts(tmp_path, database):
    assert read_authorities(None, tmp_path) == read_authorities(" ", tmp_path) == ()
    for content in (None, b"", b"hello"):
        if content is not None:
            (tmp_path / "one.pem").write_bytes(content)
        with pytest.raises(ConfigurationError, match=r"one\.pem"):
            read_authorities("one=http://127.0.0.1:1/x", tmp_path)
    Timestamper(database, (), MINUTE).run(threading.Event())
