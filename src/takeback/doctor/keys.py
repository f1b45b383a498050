"""Keys and the log: whether they belong to the database, after a restore above all."""

from collections.abc import Iterator

from takeback.app import KEYS_FOLDER
from takeback.doctor.model import Finding, Level, Subject
from takeback.errors import ConfigurationError
from takeback.infra.ledger import succession
from takeback.infra.ledger.keys import read_last_signed
from takeback.keyring import service as keyring
from takeback.keyring import store
from takeback.keyring.known import KEYS

_OTHERS = 0o077


def look_at_keys(subject: Subject) -> Iterator[Finding]:
    """Each key of the service's own, against what the database notes of it."""
    folder = subject.settings.data / KEYS_FOLDER
    with subject.database.transaction() as tx:
        noted = store.noted(tx)
    well = True
    for key in KEYS:
        try:
            fault = keyring.fault(key, folder, noted, wanted=noted)
        except ConfigurationError as error:
            fault = str(error)
        if fault:
            well = False
            statement, _, remedy = fault.rpartition("; ")
            yield Finding(
                Level.FAILING,
                f"{statement[:1].upper()}{statement[1:]}.",
                f"{remedy[:1].upper()}{remedy[1:]}.",
            )
        path = folder / key.name
        if path.exists() and path.stat().st_mode & _OTHERS:
            yield Finding(Level.FAILING, f"Others may read {path}.", f"Run `chmod 600 {path}`.")
    if well:
        yield Finding(Level.OK, f"{len(noted)} keys belong to this database.")


def look_at_log(subject: Subject) -> Iterator[Finding]:
    """Check that what the log's key signed is in the database."""
    known = read_last_signed(subject.settings.data / KEYS_FOLDER)  # first: the database may only be further
    with subject.database.transaction() as tx:
        trouble = succession.trouble(tx, known)
    if trouble is not None:
        yield Finding(
            Level.FAILING,
            f"{trouble}. Nothing is signed any more.",
            f"Restore a newer backup, or the keys of this database. If there are none, {succession.COMMAND}.",
        )
    elif known is None:
        yield Finding(Level.OK, "Nothing was signed here yet.")
    else:
        yield Finding(Level.OK, f"The {known.size} entries that the log's key signed are here.")
