"""A database and a data folder of the first edition go on in this one: nothing is lost, nothing is rewritten.

`house.tar.xz` was made by that edition's demo, with painted pictures and throw-away keys: a dump of its
database with one queued job of each shape, its keys, its sightings' index, and the names of its settings.
"""

import io
import tarfile
from pathlib import Path

import psycopg
import pytest

from house import House
from platform_in_memory import MemoryPlatform
from repository import ROOT
from takeback.app import keys_folder
from takeback.cases import service as cases
from takeback.cases.model import CaseStatus
from takeback.doctor.checks import CHECKS
from takeback.doctor.examination import examine
from takeback.doctor.model import Level, Subject
from takeback.events import EVENTS, Verdict, form
from takeback.infra import clock
from takeback.infra.config import Settings, every_name
from takeback.infra.db import migrate
from takeback.infra.db.pool import Database
from takeback.infra.ledger import check
from takeback.infra.ledger.keys import Signer, read_last_signed, read_verifiers
from takeback.infra.ledger.sequencer import Sequencer
from takeback.infra.settings_form import wrong_names
from takeback.infra.vault.unseal import Unsealer
from takeback.keyring import service as keyring
from takeback.submissions.submit import parse_status

ORIGIN = "takeback.example/demo"
CHANGED = {"alembic_version"}
"""Tables whose rows a migration changes."""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """The data folder of the first edition, with the dump beside it."""
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(ROOT / "tests" / "vectors" / "first_edition" / "house.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "first-edition"


@pytest.fixture
def old_url(postgres, data):
    """The first edition's database, as it left it."""
    with postgres.fresh(template="template1") as url:
        with psycopg.connect(url, autocommit=True) as connection:
            _restore(connection, (data / "database.sql").read_text())
        yield url


@pytest.fixture
def database(old_url):
    """The same, migrated."""
    migrate.upgrade(old_url)
    with Database(old_url) as opened:
        yield opened


@pytest.fixture
def settings(data):
    """As that edition's operator has them."""
    return Settings(_env_file=None, data=data, ledger_origin=ORIGIN)


def _restore(connection: psycopg.Connection, dump: str) -> None:
    lines = io.StringIO(dump)
    script: list[str] = []
    for line in lines:
        if not line.startswith("COPY "):
            script.append(line)
            continue
        connection.execute("".join(script))
        script.clear()
        with connection.cursor().copy(line) as rows:
            for row in iter(lines.readline, "\\.\n"):
                rows.write(row)
    connection.execute("".join(script))


def _rows(
    url: str, columns: dict[int, list[int]] | None = None
) -> dict[int, tuple[str, list[int], list[str]]]:
    """Return name, columns and rows of each table by its oid: what is renamed keeps its numbers."""
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        tables = connection.execute(
            "select oid, oid::regclass::text from pg_class"
            " where relkind = 'r' and relnamespace = 'public'::regnamespace"
        ).fetchall()
        found = {}
        for oid, name in tables:
            attributes = dict(
                connection.execute(
                    "select attnum, quote_ident(attname) from pg_attribute"
                    " where attrelid = %s and attnum > 0 and not attisdropped order by attnum",
                    [oid],
                ).fetchall()
            )
            numbers = list(attributes) if columns is None else columns.get(oid, [])
            wanted = ", ".join(attributes[number] for number in numbers)
            query = f"copy (select {wanted} from {name}) to stdout"
            with connection.cursor().copy(query) as rows:
                found[oid] = name, numbers, sorted(bytes(row).decode() for row in rows)
        return found


def test_every_row_of_the_first_edition_is_there_with_the_same_values(old_url):
    before = _rows(old_url)
    migrate.upgrade(old_url)
    after = _rows(old_url, {oid: numbers for oid, (_, numbers, _) in before.items()})
    assert sum(len(rows) for *_, rows in before.values()) > 500
    for oid, (name, _, rows) in before.items():
        assert name in CHANGED or after[oid][2] == rows, name


def test_every_event_of_the_first_edition_is_read_and_round_trips(database):
    with database.transaction() as tx:
        rows = tx.execute("select kind, body from event").fetchall()
    events = [form.parse(kind, body) for kind, body in rows]
    assert len(events) == 68
    assert {type(event) for event in events} <= set(EVENTS)
    for event, (kind, body) in zip(events, rows, strict=True):
        assert form.kind_of(event) == kind
        assert form.parse(kind, form.body_of(event)) == event
        assert form.parse(kind, body) == event


def test_the_log_of_the_first_edition_is_valid_and_goes_on(database, settings):
    folder = keys_folder(settings)
    key, second = read_verifiers(folder)

    def verdict() -> check.LedgerReport:
        signed = read_last_signed(folder)
        return check.verify_ledger(database, key, now=clock.now(), last_signed=signed, second=second)

    before = verdict()
    assert before.verdict is check.Verdict.VALID, before.steps
    state = (folder / "ledger.state").read_bytes()
    Sequencer(database, Signer(folder, ORIGIN)).sequence_once()
    after = verdict()
    assert (after.verdict, after.size, after.waiting) == (check.Verdict.VALID, 68, 0)
    (folder / "ledger.state").write_bytes(state)  # the folder is shared, the database is this test's own


def test_what_people_look_at_is_there(database, settings):
    """The queue's row, the case page and what a receipt answers."""
    with database.transaction() as tx:
        [row] = cases.queue(tx, include_closed=True)
        case = row.case
        assert (case.status, row.copies, row.candidates) == (CaseStatus.REMOVED, 7, 0)
        assert f"{case.opened_at:%Y-%m-%d %H:%M:%S}" == "2026-12-01 02:44:14"
        copies = cases.copies(tx, case.id)
        assert sorted(copy.sighting for copy in copies) == [6, 11, 12, 19, 22, 24, 26]
        assert all(copy.gone_at is not None for copy in copies)
        [decision] = cases.decisions(tx, case.id)
        assert decision.verdict is Verdict.SHARED_WITHOUT_CONSENT
        assert decision.shown == {6, 11, 12, 19, 22, 24}
        [(answer,)] = tx.execute("select report_status(locator)::text from submissions_report").fetchall()
        said = cases.statement(tx, Unsealer(keys_folder(settings)), case.id)
    assert (said.pictures, said.signed) == (1, True)
    status = parse_status(answer)
    assert status.case is not None
    assert (status.case.status, len(status.copies)) == ("removed", 7)


def test_keys_and_settings_of_the_first_edition_are_read(database, data, settings):
    keyring.settle(
        database, keys_folder(settings), keyring.LEDGER | keyring.INTAKE | keyring.STAFF, origin=ORIGIN
    )
    asked = [each for each in CHECKS if each.name != "watching"]  # nobody watches here
    results = examine(Subject(settings, database, {}), asked)
    assert not [result for result in results if result.level is Level.FAILING]
    names = (data / "settings.txt").read_text().split()
    assert len(names) > 50
    assert not wrong_names(dict.fromkeys(names, "something"), every_name())


def test_the_queue_of_the_first_edition_is_worked_off(database, settings, decoder, time):
    """Jobs of rows that are not here find nothing to do, or are given up for a person to see."""
    platform = MemoryPlatform()
    platform.name = "matrix"
    house = House(database, platform, keys_folder(settings), decoder, time)
    [(case, _)] = house.query("select id, report_id from cases_case")
    [(queued,)] = house.query("select count(*) from procrastinate_jobs")
    assert queued == 29
    house.after(minutes=10, steps=20)
    assert not house.query("select id from procrastinate_jobs where args ? 'fact' or not args ? 'v'")
    assert {event.job for event in house.gave_up()} <= {"locate", "take_effect", "write_dossier"}
    with database.transaction() as tx:
        assert len(cases.copies(tx, case)) == 7
