"""Keys are never made beside a database that has any; each process knows if its keys belong to it (S7)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from soaking import quick
from takeback.errors import ConfigurationError
from takeback.infra.db.pool import Database
from takeback.keyring import service, store
from takeback.keyring.known import KEYS

ORIGIN = "keys.example/log"
EVERY = service.INTAKE | service.STAFF | service.LEDGER
ENTRY_POINTS = {
    "worker": EVERY - service.STAFF,
    "console": EVERY - service.LEDGER,
    "api": service.INTAKE,
    "watcher": service.INTAKE,
}


def settle(database: Database, folder: Path) -> None:
    service.settle(database, folder, EVERY, origin=ORIGIN)


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("ledger.vkey")
    }


@pytest.fixture
def folder(tmp_path: Path, database: Database) -> Path:
    """Of the keys of a database that was used."""
    settle(database, tmp_path / "keys")
    return tmp_path / "keys"


def test_s7_a_first_start_makes_all_and_the_next_one_changes_nothing(
    database: Database, folder: Path
) -> None:
    before = files(folder)
    assert before.keys() == EVERY
    settle(database, folder)
    assert files(folder) == before


def test_s7_what_the_database_keeps_of_them_is_public(database: Database, folder: Path) -> None:
    with database.transaction() as tx:
        noted = store.noted(tx)
    assert noted.keys() == EVERY
    for name, text in files(folder).items():
        if name != "portal/intake.recipient":
            assert text.strip() not in str(noted)
            assert text.strip().rpartition("+")[2] not in str(noted)


@pytest.mark.parametrize("lost", sorted(EVERY))
def test_s7_a_key_that_is_missing_is_not_made_anew(database: Database, folder: Path, lost: str) -> None:
    (folder / lost).unlink()
    before = files(folder)
    with pytest.raises(ConfigurationError) as said:
        settle(database, folder)
    assert str(folder / lost) in str(said.value)
    assert "back" in str(said.value)
    assert files(folder) == before


@pytest.mark.parametrize("other", sorted(EVERY))
def test_s7_a_key_of_another_database_is_named(
    database: Database, folder: Path, tmp_path: Path, other: str, postgres
) -> None:
    with postgres.fresh() as url, Database(url) as elsewhere:
        settle(elsewhere, tmp_path / "others")
    shutil.copy(tmp_path / "others" / other, folder / other)
    before = files(folder)
    with pytest.raises(ConfigurationError, match="belongs to another database") as said:
        settle(database, folder)
    assert str(folder / other) in str(said.value)
    assert files(folder) == before


def test_s7_a_database_that_is_older_than_the_notes_has_its_keys_noted_and_none_made(
    database: Database, folder: Path
) -> None:
    with database.transaction() as tx:
        tx.execute("update keyring_key set public = null")
    settle(database, folder)
    with database.transaction() as tx:
        assert None not in store.noted(tx).values()
        tx.execute("update keyring_key set public = null where name = 'intake.identity'")
    (folder / "intake.identity").unlink()
    with pytest.raises(ConfigurationError, match="is missing"):
        settle(database, folder)


@pytest.mark.parametrize("name", sorted(EVERY - service.LEDGER))
def test_s7_a_key_that_is_lost_for_good_is_given_up_by_the_command_that_the_message_names(
    database: Database, folder: Path, name: str
) -> None:
    with database.transaction() as tx, pytest.raises(ConfigurationError, match="is there"):
        service.give_up(tx, folder, name)
    (folder / name).unlink()
    with pytest.raises(ConfigurationError, match=f"takeback keys give-up {name}"):
        settle(database, folder)
    with database.transaction() as tx:
        service.give_up(tx, folder, name)
    if name == "intake.identity":  # its public half goes with it
        (folder / "portal" / "intake.recipient").unlink()
        with database.transaction() as tx:
            service.give_up(tx, folder, "portal/intake.recipient")
    settle(database, folder)
    assert (folder / name).exists()


def test_s7_every_key_that_a_service_makes_is_known(folder: Path) -> None:
    assert files(folder).keys() <= {key.name for key in KEYS}


# --- as processes ------------------------------------------------------------------------------------------


def start(entry_point: str, tmp_path: Path, **more: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TAKEBACK_")}
    return subprocess.run(
        [sys.executable, "-m", f"takeback.entrypoints.{entry_point}"],
        env={**bare, "TAKEBACK_DATA": str(tmp_path), "TAKEBACK_LEDGER_ORIGIN": ORIGIN, **more},
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize("entry_point", quick("worker", every=ENTRY_POINTS))
def test_s7_no_entry_point_starts_or_makes_a_key_when_one_of_its_own_is_missing(
    folder: Path, tmp_path: Path, database_url: str, entry_point: str
) -> None:
    lost = min(ENTRY_POINTS[entry_point])
    (folder / lost).unlink()
    done = start(entry_point, tmp_path, TAKEBACK_DATABASE_URL=database_url)
    assert done.returncode == 78, done.stderr
    assert str(folder / lost) in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (folder / lost).exists()


@pytest.mark.parametrize("name", ["intake.recipient", "pepper"])
def test_s7_the_portal_knows_whether_its_keys_are_the_databases(
    folder: Path, tmp_path: Path, postgres, database_url: str, name: str
) -> None:
    with postgres.fresh() as url, Database(url) as elsewhere:
        settle(elsewhere, tmp_path / "others")
    shutil.copy(tmp_path / "others" / "portal" / name, folder / "portal" / name)
    database_name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    done = start(
        "portal", tmp_path, TAKEBACK_PORTAL_KEYS=str(folder / "portal"), TAKEBACK_PORTAL_LINKS="",
        TAKEBACK_PORTAL_DATABASE_URL=postgres.url_of(str(database_name), "takeback_portal"),
    )  # fmt: skip
    assert done.returncode == 78, done.stderr
    assert f"{folder / 'portal' / name} belongs to another database" in done.stderr
    assert len(done.stderr.splitlines()) == 1
