"""What the portal may do about evidence: ask for a case's package by a receipt, and take it out in pieces.

The portal has no blob store and opens no case. It calls two functions of the database, which answer for one
receipt only; the worker does the rest and puts the package down in pieces. So a package is never whole in the
portal's memory, and no connection is held while somebody's slow line takes one in.
"""

from collections.abc import Iterator
from uuid import UUID

from takeback.errors import NotFound
from takeback.infra.db.pool import Database
from takeback.submissions.receipt import Pepper, ReceiptCode, locator

PIECE_BYTES = 1 << 20
"""Of each piece but the last."""


def ask(database: Database, pepper: Pepper, code: ReceiptCode) -> None:
    """Ask for a package, or join the one that is under way; `submit.status` says how it stands.

    Nothing comes of it where no evidence is kept, before people have decided, or after too many on one day.
    """
    with database.transaction() as tx:
        tx.execute("select report_ask_package(%s)", (locator(pepper, code),))


def pieces(
    database: Database, pepper: Pepper, code: ReceiptCode, dossier: UUID, size: int
) -> Iterator[bytes]:
    """The package, piece by piece, each in a transaction of its own.

    Args:
        database: as the role takeback_portal.
        pepper: the portal's own secret.
        code: the receipt.
        dossier: which package; it must be ready.
        size: its length in bytes.

    Raises:
        NotFound: it is not there, or not any more: what came before is no whole package.
    """
    for number in range(-(-size // PIECE_BYTES)):
        with database.transaction() as tx:
            row = tx.execute(
                "select report_package_piece(%s, %s, %s)", (locator(pepper, code), dossier, number)
            ).fetchone()
        length = min(PIECE_BYTES, size - number * PIECE_BYTES)
        if row is None or row[0] is None or len(row[0]) != length:
            raise NotFound("the package is not there any more")
        yield bytes(row[0])
