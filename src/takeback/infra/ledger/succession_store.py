"""The SQL of a succession: only here do entries get other places, in one transaction with the reason."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from takeback.ids import EventId
from takeback.infra.db.pool import Tx

_LOCKED = (
    ("ledger_entry", "ledger_entry_gets_its_position"),
    ("ledger_checkpoint", "ledger_checkpoint_is_final"),
    ("ledger_cosignature", "ledger_cosignature_is_final"),
    ("ledger_stamp", "ledger_stamp_is_final"),
    ("ledger_tile", "ledger_tile_is_final"),
)


def names(tx: Tx) -> set[str]:
    """Names of the logs that ended here."""
    return {name for (name,) in tx.execute("select distinct origin from ledger_past_checkpoint")}


@contextmanager
def unlocked(tx: Tx) -> Generator[None]:
    """The tables without the triggers that forbid changes, for nobody but this transaction."""
    for table, trigger in _LOCKED:
        tx.execute(f"alter table {table} disable trigger {trigger}".encode())  # both are written above
    yield
    for table, trigger in _LOCKED:
        tx.execute(f"alter table {table} enable trigger {trigger}".encode())


def set_aside(tx: Tx, origin: str) -> None:
    """Move what was signed of the log away, and take one more place before the first."""
    tx.execute(
        """
        insert into ledger_past_checkpoint (origin, size, note, signed_at)
        select %s, size, note, signed_at from ledger_checkpoint
        """,
        (origin,),
    )
    tx.execute(
        """
        insert into ledger_past_vouched (origin, size, role, name, at, signed)
        select %(origin)s, size, 'witness', witness, at, convert_to(line, 'UTF8') from ledger_cosignature
        union all select %(origin)s, size, 'authority', authority, at, response from ledger_stamp
        """,
        {"origin": origin},
    )
    tx.execute("delete from ledger_stamp")
    tx.execute("delete from ledger_cosignature")
    tx.execute("delete from ledger_checkpoint")
    tx.execute("delete from ledger_tile")
    tx.execute("delete from ledger_party")
    # In two steps: the places are unique at every moment.
    tx.execute("update ledger_entry set position = -1 - position where position is not null")
    tx.execute("update ledger_entry set position = -position where position is not null")


def put_first(tx: Tx, event: EventId) -> None:
    """Give an event's entry the first place, which is free."""
    tx.execute("update ledger_entry set position = 0 where event_id = %s", (event,))


def every_leaf(tx: Tx) -> Iterator[bytes]:
    """All leaves by place, streamed."""
    with tx.cursor("every_leaf") as cursor:
        cursor.itersize = 1000
        cursor.execute("select leaf from ledger_entry where position is not null order by position")
        for (leaf,) in cursor:
            yield leaf
