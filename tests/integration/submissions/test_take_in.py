"""Whatever lies in the table of reports is taken in once, and nothing in it stops the rest."""

import os
import random
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from takeback.events import ReportUnusable
from takeback.infra import clock
from takeback.infra.db import migrate
from takeback.infra.ledger.record import record
from takeback.infra.vault import keys
from takeback.infra.vault.seal import load_recipient, seal
from takeback.infra.vault.unseal import Unsealer
from takeback.submissions import model
from takeback.submissions import service as submissions
from takeback.submissions.model import Report, encode
from turns import State, Turns

REPORT = Report((), ("memory://a/b",), "", True, True, "R.", "", "en")  # noqa: FBT003 - the form's ticks


@pytest.fixture
def folder(tmp_path):
    """Keys."""
    keys.ensure(tmp_path)
    return tmp_path


@pytest.fixture
def put(database, folder):
    """Puts bytes down as the portal does, sealed or as they are; the report's id."""
    recipient = load_recipient(folder / keys.PORTAL_FOLDER)

    def down(data, *, sealed=True) -> UUID:
        with database.transaction() as tx:
            return tx.execute(
                "insert into submissions_report (locator, sealed) values (%s, %s) returning id",
                [os.urandom(32), seal(recipient, data) if sealed else data],
            ).fetchone()[0]

    return down


def told(database):
    with database.transaction() as tx:
        return tx.execute(
            "select kind, (body ->> 'report')::uuid, body ->> 'reason' from event order by id"
        ).fetchall()


def test_reports_are_taken_in_in_the_order_in_which_they_came_at_the_time_they_came(database, folder, put):
    ids = [put(encode(REPORT)) for _ in range(5)]
    assert submissions.take_in(database, Unsealer(folder), clock.now()) == 5
    assert submissions.take_in(database, Unsealer(folder), clock.now()) == 0
    assert told(database) == [("report_received", each, None) for each in ids]
    with database.transaction() as tx:
        assert tx.execute(
            "select count(*) from event f join submissions_report r on r.id = (f.body ->> 'report')::uuid"
            " where f.at = r.received_at"
        ).fetchone() == (5,)


def test_bytes_that_nobody_sealed_are_unusable_and_nothing_more(database, folder, put):
    dots = random.Random(4)
    whole = seal(load_recipient(folder / keys.PORTAL_FOLDER), encode(REPORT))
    bad = [
        b"x",
        b"age-encryption.org/v1\n",
        b"\0" * 65_536,
        dots.randbytes(500),
        whole[:-1],
        whole + b"x",
        whole[:200],
    ]
    for _ in range(30):
        at = dots.randrange(len(whole))
        bad.append(whole[:at] + bytes([whole[at] ^ (1 << dots.randrange(8))]) + whole[at + 1 :])
    ids = [put(data, sealed=False) for data in bad]
    good = put(encode(REPORT))
    submissions.take_in(database, Unsealer(folder), clock.now())
    assert told(database) == [
        *[("report_unusable", each, "not sealed to this key, or damaged") for each in ids],
        ("report_received", good, None),
    ]


def test_a_report_sealed_to_another_key_is_unusable(database, folder, tmp_path_factory, put):
    other = tmp_path_factory.mktemp("other")
    keys.ensure(other)
    put(seal(load_recipient(other / keys.PORTAL_FOLDER), encode(REPORT)), sealed=False)
    submissions.take_in(database, Unsealer(folder), clock.now())
    assert told(database)[0][0] == "report_unusable"


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[" * 9999, encode(REPORT)[:-1], b'"my own words"', b"\xff\xfe"]
)
def test_what_was_sealed_and_is_no_report_is_unusable_and_not_repeated(database, folder, put, data):
    put(data)
    submissions.take_in(database, Unsealer(folder), clock.now())
    [(kind, _, reason)] = told(database)
    assert (kind, reason.startswith("not a report")) == ("report_unusable", True)
    assert "words" not in reason


def test_two_workers_share_the_reports_and_take_in_each_once(database, folder, put):
    for before in range(0, 30, 2):
        ids = {put(encode(REPORT)) for _ in range(3)}

        def taking(actor) -> None:
            submissions.take_in(actor, Unsealer(folder), clock.now())

        with Turns(database.url) as turns:
            first, second = turns.add(taking), turns.add(taking)
            for _ in range(before):
                if first.state is State.AT_GATE:
                    turns.give(first)
            assert turns.until_stopped(second)
            turns.play(())
        assert sorted(report for _, report, _ in told(database) if report in ids) == sorted(ids)


def refused_by_main(database, put, *reports: bytes):
    """Rows as the first version wrote them: taken in, and with no reader's number."""
    ids = [put(data) for data in reports]
    with database.transaction() as tx:
        for report in ids:
            tx.execute("update submissions_report set taken_in_at = now() where id = %s", [report])
            record(tx, ReportUnusable(report, "not a report: 1 faults"))
        tx.execute(MARKED)
    return ids


VERSIONS = Path(migrate.__file__).parent / "migrations" / "versions"
MARKED = next(
    statement.replace("intake_report", "submissions_report").replace(" fact ", " event ")  # since 0028
    for statement in (VERSIONS / "0015_receipts.sql").read_text().split(";")
    if "update intake_report set unusable_by = 0" in statement
)
"""What the migration does to such rows."""
LONG = replace(REPORT, locations=("x" * 2001,))
NO_REPORT = b'{"account": 1}'


def test_what_an_earlier_reader_refused_is_opened_again_once(database, folder, put):
    """H5: reports with a pasted line of 2,001 to 2,500 characters are read at last, and their event stays."""
    long, broken = refused_by_main(database, put, encode(LONG), NO_REPORT)
    assert submissions.take_in(database, Unsealer(folder), clock.now()) == 1
    was = (
        ("report_unusable", long, "not a report: 1 faults"),
        ("report_unusable", broken, "not a report: 1 faults"),
    )
    assert told(database) == [*was, ("report_received", long, None)]
    for _ in range(2):
        assert submissions.take_in(database, Unsealer(folder), clock.now()) == 0
    assert told(database) == [*was, ("report_received", long, None)]
    with database.transaction() as tx:
        tx.execute(MARKED)  # as if the migration ran once more: what was received is not touched
    assert submissions.take_in(database, Unsealer(folder), clock.now()) == 0


def test_two_workers_open_what_was_refused_once(database, folder, put):
    """H5."""
    [long] = refused_by_main(database, put, encode(LONG))

    def taking(actor) -> None:
        submissions.take_in(actor, Unsealer(folder), clock.now())

    with Turns(database.url) as turns:
        turns.add(taking)
        turns.add(taking)
        turns.play(())
    assert [each for each in told(database) if each[0] == "report_received"] == [
        ("report_received", long, None)
    ]


def test_a_report_that_nobody_can_read_says_so_by_its_receipt(database, folder, put):
    """H5: it does not read "Being opened" for ever."""
    report = put(NO_REPORT)
    with database.transaction() as tx:
        [(locator,)] = tx.execute("select locator from submissions_report where id = %s", [report]).fetchall()

    def unusable() -> str:
        with database.transaction() as tx:
            return tx.execute("select report_status(%s) ->> 'unusable'", [locator]).fetchone()[0]

    assert unusable() == "false"
    submissions.take_in(database, Unsealer(folder), clock.now())
    assert unusable() == "true"


def test_a_newer_reader_tries_once_more_what_this_one_refused(database, folder, put, monkeypatch):
    """H5: whatever the next version accepts is opened by it."""
    report = put(NO_REPORT)
    submissions.take_in(database, Unsealer(folder), clock.now())
    monkeypatch.setattr(model, "READER", model.READER + 1)
    monkeypatch.setattr(model, "decode", lambda _: REPORT)
    assert submissions.take_in(database, Unsealer(folder), clock.now()) == 1
    assert [kind for kind, each, _ in told(database) if each == report] == [
        "report_unusable",
        "report_received",
    ]
