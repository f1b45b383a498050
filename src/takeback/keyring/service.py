"""See to it that keys and database belong together: at each start, before anything is made.

The database notes the public part of each key that was used with it. A key that is missing is made only
where none was ever noted: made beside a database that has one, a new key would hide that the old one is lost
until nobody can mend it. Keys and notes are made under one lock, a key's file before its note: a crash in
between leaves a file that the next start notes.
"""

from collections.abc import Collection
from pathlib import Path

from takeback.errors import ConfigurationError
from takeback.ground.db.pool import Database, Tx
from takeback.ground.ledger import keys as ledger_keys
from takeback.ground.ledger.keys import Signer
from takeback.ground.vault import keys
from takeback.ground.vault.keys import IDENTITY_FILE, PORTAL_FOLDER
from takeback.ground.vault.seal import PEPPER_FILE, RECIPIENT_FILE
from takeback.keyring import store
from takeback.keyring.known import KEYS, REPLACE, OwnKey
from takeback.staff import secret

INTAKE = frozenset({IDENTITY_FILE, f"{PORTAL_FOLDER}/{RECIPIENT_FILE}", f"{PORTAL_FOLDER}/{PEPPER_FILE}"})
STAFF = frozenset({secret.KEY_FILE})
LEDGER = frozenset({ledger_keys.KEY_FILE, ledger_keys.POST_QUANTUM_FILE})


def settle(database: Database, folder: Path, wanted: Collection[str] = INTAKE, *, origin: str = "") -> None:
    """Compare all keys that are here with those that belong to the database, and make what may be made.

    Args:
        database: as its owner.
        folder: of the keys.
        wanted: names of the keys that this process needs.
        origin: the log's name; needed where LEDGER is wanted.

    Raises:
        ConfigurationError: a key is another database's, or it is missing and there was one; nothing was made.
    """
    with database.transaction() as tx:
        known = store.hold(tx)
        wrong = [said for key in KEYS if (said := fault(key, folder, known, wanted))]
        if wrong:
            raise ConfigurationError("; ".join(wrong))
        if INTAKE & set(wanted):
            keys.ensure(folder)
        if STAFF & set(wanted):
            secret.load_secret(folder)
        if LEDGER & set(wanted):
            Signer(folder, origin)
        _note(tx, folder, known)


def settle_made(database: Database, folder: Path) -> None:
    """Note what was made since the start, a key of documents for instance. Raises as `settle` does."""
    settle(database, folder, ())


def fault(key: OwnKey, folder: Path, known: dict[str, str | None], wanted: Collection[str]) -> str:
    """What is wrong with one key, and what to do; empty if nothing is. Raises ConfigurationError."""
    here, noted = key.read(folder), known.get(key.name)
    if here is None:
        if key.name in wanted and key.name in known:
            return (
                f"the key {folder / key.name} is missing, and this database needs it: without it "
                f"{key.loses}; {key.remedy}"
            )
        return ""
    if noted is None or noted == here:
        return ""
    return (
        f"the key {folder / key.name} belongs to another database: it is {_short(here)}, and this database's "
        f"is {_short(noted)}; {REPLACE} that was made with this database, or set TAKEBACK_DATABASE_URL or "
        "TAKEBACK_DATA so that both belong together"
    )


def give_up(tx: Tx, folder: Path, name: str) -> None:
    """Accept that a key is lost for good; the next start makes a new one.

    Raises:
        ConfigurationError: there is no such key, it is not lost, or it is the log's.
    """
    key = next((each for each in KEYS if each.name == name and name not in LEDGER), None)
    if key is None:
        named = ", ".join(each.name for each in KEYS if each.name not in LEDGER)
        raise ConfigurationError(f"{name!r} is none of {named}")
    if (folder / name).exists():
        raise ConfigurationError(f"{folder / name} is there; move it away if it is another database's")
    if not store.forget(tx, name):
        raise ConfigurationError(f"this database never had a key {name}")


def _note(tx: Tx, folder: Path, known: dict[str, str | None]) -> None:
    for key in KEYS:
        here = key.read(folder)
        if here is not None and known.get(key.name) is None:
            store.note(tx, key.name, here)


def _short(public: str) -> str:
    """Enough to compare by eye."""
    return public if len(public) <= _EYE else f"{public[:_EYE]}…"


_EYE = 70
