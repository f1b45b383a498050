"""How a report says which group it came with, without saying from where.

The portal passes a label for each network that a report came from, or one for all who came by the onion
address. A label is HMAC-SHA-256, cut to 15 bytes, under a key of one day, behind one byte that says which
kind of group it is. The key is made of two halves: the portal's pepper, which the database never has, and a
salt of the day, which the database makes and deletes when the next day begins. So a label can be turned
back into a network by whoever has both, on the same day. Nobody can afterwards, and reports of two days share
no label. The worker deletes labels after a day. What they are for: `cases/floods.py`.
"""

import hashlib
import hmac
from collections.abc import Iterable

from takeback.infra.db.pool import Database
from takeback.submissions.groups import LABEL_BYTES, Group
from takeback.submissions.receipt import Pepper


class Labels:
    """Makes labels; all portal processes with one pepper make the same ones.

    Args:
        database: as the role takeback_portal.
        pepper: the portal's own secret.
    """

    def __init__(self, database: Database, pepper: Pepper) -> None:
        self._database = database
        self._pepper = pepper

    def of(self, groups: Iterable[tuple[Group, str]]) -> list[bytes]:
        """Return a label for each group, given by its kind and its name."""
        with self._database.transaction() as tx:
            row = tx.execute("select report_salt()").fetchone()
        assert row is not None
        key = hmac.digest(self._pepper, b"groups of a day" + bytes(row[0]), hashlib.sha256)
        return [
            bytes([kind]) + hmac.digest(key, name.encode(), hashlib.sha256)[: LABEL_BYTES - 1]
            for kind, name in groups
        ]
