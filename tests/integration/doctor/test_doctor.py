"""`takeback doctor` says what is wrong in words and what to do, within its time, and never a secret."""

import json
import logging
import os
import subprocess
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

import ledgers
from packages_of_others import documented, register
from services import TAKEBACK
from takeback.app import keys_folder
from takeback.connectors.api import Connector, StreamId, Trouble, TroubleKind
from takeback.doctor import surroundings
from takeback.doctor.checks import CHECKS
from takeback.doctor.examination import as_document, begin_at_start, examine
from takeback.doctor.model import Check, Finding, Level, Subject
from takeback.infra import clock
from takeback.infra.config import Settings
from takeback.infra.db.pool import Database
from takeback.infra.ledger.keys import Signed, Signer
from takeback.infra.ledger.sequencer import Sequencer
from takeback.keyring import service as keyring
from takeback.sightings import leases

ORIGIN = "doctor.example/log"
SECRET = "Zq7-geheim"


@pytest.fixture
def subject(database: Database, tmp_path: Path) -> Subject:
    """A service that is well, without a platform."""
    settings = Settings(_env_file=None, data=tmp_path, ledger_origin=ORIGIN)
    keyring.settle(database, keys_folder(settings), keyring.LEDGER | keyring.INTAKE, origin=ORIGIN)
    return Subject(settings, database, {})


def found(subject: Subject, name: str) -> dict[Level, str]:
    """What one check says, by level."""
    [result] = examine(subject, [each for each in CHECKS if each.name == name])
    texts: dict[Level, list[str]] = {}
    for each in result.findings:
        texts.setdefault(each.level, []).append(f"{each.statement} {each.remedy}")
    return {level: " ".join(text) for level, text in texts.items()}


def test_of_a_service_that_is_well_nothing_fails(subject: Subject) -> None:
    document = as_document(examine(subject))
    assert (document["v"], document["level"]) == (1, "warning")  # no platform is connected
    assert [each["name"] for each in document["checks"]] == [each.name for each in CHECKS]


def test_s7_a_key_that_is_missing_is_said_with_what_is_lost_and_what_to_do(subject: Subject) -> None:
    (keys_folder(subject.settings) / "intake.identity").unlink()
    said = found(subject, "keys")[Level.FAILING]
    assert "no report that was sent can be opened" in said
    assert "from the backup of the folder `keys`" in said


def test_a_key_that_others_may_read_is_said(subject: Subject) -> None:
    (keys_folder(subject.settings) / "portal" / "pepper").chmod(0o644)
    assert "chmod 600" in found(subject, "keys")[Level.FAILING]


def test_s8_a_database_older_than_its_key_is_said_with_the_command_that_mends_it(subject: Subject) -> None:
    signer = Signer(keys_folder(subject.settings), ORIGIN)
    ledgers.record_events(subject.database, 2)
    Sequencer(subject.database, signer).sequence_once()
    assert found(subject, "log").keys() == {Level.OK}
    signer.remember(Signed(7, bytes(32)))
    said = found(subject, "log")[Level.FAILING]
    assert "the 5 that followed are lost" in said
    assert "`takeback ledger succeed`" in said


@pytest.mark.parametrize(
    ("ahead", "level"), [(0, Level.OK), (5, Level.WARNING), (-5, Level.WARNING), (3600, Level.FAILING)]
)
def test_a_clock_that_is_off_is_said(subject: Subject, monkeypatch, ahead: int, level: Level) -> None:
    right = clock.now
    monkeypatch.setattr(clock, "now", lambda: right() + timedelta(seconds=ahead))
    assert found(subject, "clock").keys() == {level}


@pytest.mark.parametrize(
    ("free", "level"), [(10**12, Level.OK), (5 * 10**9, Level.WARNING), (10**8, Level.FAILING)]
)
def test_a_full_disk_is_said(subject: Subject, monkeypatch, free: int, level: Level) -> None:
    monkeypatch.setattr(surroundings.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert level in found(subject, "space")


def test_a_right_too_many_of_the_portals_role_is_said(subject: Subject, postgres) -> None:
    assert Level.FAILING not in found(subject, "role")
    with subject.database.transaction() as tx:
        tx.execute("grant select on submissions_report to takeback_portal")
    assert "may read submissions_report" in found(subject, "role")[Level.FAILING]
    name = psycopg.conninfo.conninfo_to_dict(subject.database.url)["dbname"]
    owners = Subject(subject.settings, subject.database, {}, postgres.url_of(str(name)))
    assert "not of takeback_portal" in found(owners, "role")[Level.FAILING]


class Far:
    """A connector that says what is wrong with its platform."""

    def __init__(self, *said: Trouble) -> None:
        self._said = said

    def health(self) -> tuple[Trouble, ...]:
        return self._said


def test_a_platform_that_is_away_or_lacks_a_right_is_said(subject: Subject) -> None:
    far = Far(
        Trouble(TroubleKind.AWAY, "The homeserver gives no usable answer."),
        Trouble(TroubleKind.DIRECTORY_EMPTY, "Its directory is empty.", serious=False),
    )
    settings = subject.settings.model_copy(update={"connectors": ("far",)})
    said = found(replace(subject, settings=settings, connectors={"far": cast("Connector", far)}), "platforms")
    assert said[Level.FAILING].strip() == "far: The homeserver gives no usable answer."
    assert said[Level.WARNING].strip() == "far: Its directory is empty."


def test_what_hangs_or_fails_spoils_no_other_check_and_no_error_is_quoted(subject: Subject) -> None:
    stop = threading.Event()

    def hangs(_: Subject) -> tuple[Finding, ...]:
        stop.wait(60)
        return ()

    def fails(_: Subject) -> tuple[Finding, ...]:
        raise ValueError(SECRET)

    checks = [Check("hangs", "?", hangs, 0.3), Check("fails", "?", fails), *CHECKS]
    began = time.monotonic()
    results = examine(subject, checks)
    assert time.monotonic() - began < 20
    stop.set()
    said = {each.check.name: each for each in results}
    assert (said["hangs"].level, said["fails"].level) == (Level.WARNING, Level.FAILING)
    assert said["log"].level is Level.OK
    assert SECRET not in json.dumps(as_document(results))


def test_at_a_start_each_trouble_is_one_line_in_the_log(subject: Subject, caplog) -> None:
    (keys_folder(subject.settings) / "portal" / "pepper").chmod(0o644)
    with caplog.at_level(logging.WARNING):
        begin_at_start(subject).join(30)
    said = [each for each in caplog.records if each.name == "takeback.doctor"]
    assert any(each.levelname == "ERROR" and "Others may read" in each.getMessage() for each in said)
    assert all("\n" not in each.getMessage() for each in said)


def test_s7_as_an_operator_runs_it_the_exit_code_tells_and_no_secret_is_said(
    subject: Subject, tmp_path: Path
) -> None:
    name = psycopg.conninfo.conninfo_to_dict(subject.database.url)["dbname"]
    host = psycopg.conninfo.conninfo_to_dict(subject.database.url)["host"]
    with subject.database.transaction() as tx:
        tx.execute(sql.SQL("alter role postgres password {}").format(SECRET))
    url = f"postgresql://postgres:{quote(SECRET)}@/{name}?host={host}"

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        bare = {key: value for key, value in os.environ.items() if not key.startswith("TAKEBACK_")}
        ours = {
            "TAKEBACK_DATA": str(tmp_path),
            "TAKEBACK_LEDGER_ORIGIN": ORIGIN,
            "TAKEBACK_DATABASE_URL": url,
        }
        done = subprocess.run(
            [*TAKEBACK, "doctor", *words], env={**bare, **ours, **more}, cwd=tmp_path,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert SECRET not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert "\x1b" not in done.stdout
        return done

    well = run()
    assert well.returncode == 0, well.stdout + well.stderr
    away = run("--json", TAKEBACK_MATRIX_URL="http://127.0.0.1:9", TAKEBACK_MATRIX_ADMIN_TOKEN=SECRET)
    assert (away.returncode, json.loads(away.stdout)["level"]) == (1, "failing"), away.stderr
    assert run(TAKEBACK_DATABASE_URL=f"postgresql://u:{quote(SECRET)}@127.0.0.1:9/x").returncode == 75
    assert run(TAKEBACK_WORKERS="0").returncode == 78


def test_accounts_of_an_installed_platform_are_listed_with_what_they_offer(
    subject: Subject, database_url: str, tmp_path: Path
) -> None:
    line, module = documented()
    register(tmp_path / "packages", line, takeback_shelf=module)
    (tmp_path / "hall").mkdir()
    with subject.database.transaction() as tx:
        leases.open_stream(tx, "matrix", StreamId("live"), None)
    bare = {key: value for key, value in os.environ.items() if not key.startswith("TAKEBACK_")}
    ours = {
        "PYTHONPATH": str(tmp_path / "packages"),
        "TAKEBACK_DATA": str(tmp_path),
        "TAKEBACK_LEDGER_ORIGIN": ORIGIN,
        "TAKEBACK_DATABASE_URL": database_url,
        "TAKEBACK_CONNECTORS": "shelf:hall shelf:attic",
        "TAKEBACK_SHELF_HALL_FOLDER": str(tmp_path / "hall"),
        "TAKEBACK_SHELF_ATTIC_FOLDER": str(tmp_path / "attic"),
    }
    done = subprocess.run(
        [*TAKEBACK, "doctor", "--json"],
        env=bare | ours,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    well = "answers, and our accounts have the rights that we need."
    offers = "It offers: watching, following links, quarantine media, looks as anonymous, health."
    [platforms] = [each for each in json.loads(done.stdout)["checks"] if each["name"] == "platforms"]
    assert [(each["level"], each["said"]) for each in platforms["findings"]] == [
        ("warning", "matrix was watched and is not connected: nothing is looked at or removed there."),
        ("ok", f"shelf:hall {well} {offers}"),
        ("failing", "shelf:attic: There is no such folder. Check TAKEBACK_SHELF_ATTIC_FOLDER."),
    ]


def test_settings_older_than_the_names_of_accounts_are_read_and_the_new_one_is_named(
    subject: Subject,
) -> None:
    connectors = {"matrix": cast("Connector", Far(Trouble(TroubleKind.AWAY, "It is away.")))}
    said = found(replace(subject, connectors=connectors), "platforms")
    assert "as before. Set TAKEBACK_CONNECTORS=matrix." in said[Level.WARNING]
