"""See to it that keys and database belong together: at each start, before anything is made.

The database notes the public part of each key that was used with it. A key that is missing is made only
where none was ever noted: made beside a database that has one, a new key would hide that the old one is lost
until nobody can mend it. Keys and notes are made under one lock, a key's file before its note: a crash in
between leaves a file that the next start notes.
"""

import shutil
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from takeback.errors import ConfigurationError
from takeback.infra import clock
from takeback.infra.db.pool import Database, Tx
from takeback.infra.ledger import keys as ledger_keys
from takeback.infra.ledger import store as ledger_store
from takeback.infra.ledger import succession
from takeback.infra.ledger.keys import Signed, Signer, read_last_signed
from takeback.infra.vault import keys
from takeback.infra.vault.keys import IDENTITY_FILE, PORTAL_FOLDER
from takeback.infra.vault.seal import PEPPER_FILE, RECIPIENT_FILE
from takeback.keyring import store
from takeback.keyring.known import KEYS, LEDGER_KEYS, REPLACE, OwnKey
from takeback.staff import secret
from takeback_verify.core.cosignature import format_cosigner_key
from takeback_verify.core.note import format_verifier_key, parse_verifier_key

INTAKE = frozenset({IDENTITY_FILE, f"{PORTAL_FOLDER}/{RECIPIENT_FILE}", f"{PORTAL_FOLDER}/{PEPPER_FILE}"})
STAFF = frozenset({secret.KEY_FILE})
LEDGER = frozenset(LEDGER_KEYS)
SUCCESSOR = "successor"
"""Folder of the next log's keys, below that of the keys, while it is being made."""


def settle(database: Database, folder: Path, wanted: Collection[str] = INTAKE, *, origin: str = "") -> None:
    """Compare all keys here with those that belong to the database, and make what may be made.

    `wanted` names the keys that this process needs; where LEDGER is wanted, `origin` names the log.

    Raises:
        ConfigurationError: a key is another database's, or it is missing and there was one; nothing was made.
    """
    with database.transaction() as tx:
        known = store.hold(tx)
        wrong = [problem for key in KEYS if (problem := fault(key, folder, known, wanted))]
        if wrong and (folder / SUCCESSOR / ledger_keys.KEY_FILE).exists():
            wrong.append("a new log was being begun: run `takeback ledger succeed` again first")
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


def succeed(database: Database, folder: Path, origin: str, now: datetime) -> Signed:
    """Begin a new log with new keys where the old one must not be signed on; return what the new key signed.

    A crash leaves the old log, or the new one with its keys in `successor`; the next call moves them.

    Raises:
        ConfigurationError: the log may be signed on, the name is an old one, or the old log is damaged.
    """
    drawer = folder / SUCCESSOR
    with database.transaction() as tx:
        known = store.hold(tx)
        begun = known.get(ledger_keys.KEY_FILE) is not None and known[LEDGER_KEYS[0]] == _public(drawer)
        if not begun:
            shutil.rmtree(drawer, ignore_errors=True)  # of a try that was not committed: it signed nothing
            _begin(tx, folder, known, Signer(drawer, origin), now)
        last = ledger_store.last_checkpoint(tx)
    assert last is not None, "a log that succeeds another one has an entry"
    signed = Signed(last.size, last.root)
    Signer(drawer, origin).remember(signed)
    _move(folder, drawer)
    return signed


def _begin(tx: Tx, folder: Path, known: dict[str, str | None], signer: Signer, now: datetime) -> None:
    """Begin the new log in the database, and note its keys."""
    last_signed = read_last_signed(folder)
    lost = [name for name in LEDGER_KEYS if name in known and not (folder / name).exists()]
    if not lost and succession.trouble(tx, last_signed) is None:
        raise ConfigurationError("the log holds and is signed on; it needs no successor")
    noted = [line for name in LEDGER_KEYS if (line := known.get(name))]
    old = noted or _lines(folder / ledger_keys.VERIFIER_FILE)
    if not old:
        raise ConfigurationError("nothing says which log this is: no log was ever started here")
    name = parse_verifier_key(old[0]).name
    succession.succeed(tx, signer, name, "\n".join(old), last_signed, now)
    store.note(tx, ledger_keys.KEY_FILE, format_verifier_key(signer.verifier))
    store.note(tx, ledger_keys.POST_QUANTUM_FILE, format_cosigner_key(signer.post_quantum))


def _public(folder: Path) -> str | None:
    """The verifier key of the log's key in a folder; None if there is none."""
    return next(key for key in KEYS if key.name == ledger_keys.KEY_FILE).read(folder)


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").split("\n")[:-1] if path.exists() else []


def _move(folder: Path, drawer: Path) -> None:
    """The old log's files to a folder of their own, the new log's into their place; again after a crash.

    A log's key moves last: while it lies in a place, what belongs to it does, too.
    """
    files = ledger_keys.STATE_FILE, ledger_keys.VERIFIER_FILE, *reversed(LEDGER_KEYS)
    here = _public(folder)
    if here is not None and here != _public(drawer):
        retired = folder / f"retired-{clock.now():%Y%m%dT%H%M%S%f}"
        retired.mkdir(mode=0o700)
        for name in files:
            if (folder / name).exists():
                (folder / name).rename(retired / name)
    for name in files:
        if (drawer / name).exists():
            (drawer / name).rename(folder / name)
    drawer.rmdir()


def fault(key: OwnKey, folder: Path, known: dict[str, str | None], wanted: Collection[str]) -> str:
    """Describe a key's fault and remedy; empty if there is none. Raises ConfigurationError."""
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
