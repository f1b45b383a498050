"""Links for many reports: staff make one for a shelter or a helpline, whose people share one network.

What is reported by a link counts against it and not against a network. The token is random, is shown once,
and is stored as a hash. Which report came by which link is not stored: whoever holds the link, and whoever
reads this table, learns how many there were.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from takeback.errors import NotFound, Refused
from takeback.events import ReportLinkMade, ReportLinkRevoked
from takeback.ids import LinkId, StaffId
from takeback.infra.db.pool import Tx
from takeback.infra.ledger.record import record
from takeback.submissions.submit import link_hash

MOST = 1000
"""Reports that one link can count."""
LONGEST = timedelta(days=90)
LONGEST_NOTE = 200
_TOKEN_BYTES = 32
_SHOWN_AFTER_END = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Link:
    """One link; nothing leads from here to its token."""

    id: LinkId
    note: str
    """For whom it is."""
    allowed: int
    used: int
    made_by: UUID
    made_at: datetime
    ends_at: datetime
    revoked_at: datetime | None

    def stands(self, now: datetime) -> bool:
        """Return whether it counts a further report."""
        return self.revoked_at is None and self.used < self.allowed and now < self.ends_at


def make(
    tx: Tx, note: str, allowed: int, lasts: timedelta, *, by: StaffId, now: datetime
) -> tuple[LinkId, str]:
    """Make a link; that is an event.

    Args:
        tx: the transaction.
        note: for whom it is.
        allowed: reports that it counts.
        lasts: how long it counts them.
        by: who makes it.
        now: when.

    Returns:
        Its id, and its token, which is shown once and can never be had again.

    Raises:
        Refused: one of them makes no sense.
    """
    note = " ".join(note.split())
    if not 1 <= len(note) <= LONGEST_NOTE:
        raise Refused("Say for whom the link is, in a few words.")
    if not 1 <= allowed <= MOST:
        raise Refused(f"A link counts 1 to {MOST} reports.")
    if not timedelta() < lasts <= LONGEST:
        raise Refused(f"A link lasts 1 to {LONGEST.days} days.")
    link, token = LinkId(uuid4()), secrets.token_urlsafe(_TOKEN_BYTES)
    tx.execute(
        "insert into submissions_link (id, token_hash, note, allowed, made_by, made_at, ends_at)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        [link, link_hash(token), note, allowed, by, now, now + lasts],
    )
    record(tx, ReportLinkMade(link, by, allowed))
    return link, token


def revoke(tx: Tx, link: LinkId, *, by: StaffId, now: datetime) -> None:
    """End a link; what came by it stays. That is an event. Raises NotFound: there is none, or it ended so."""
    done = tx.execute(
        "update submissions_link set revoked_at = %s where id = %s and revoked_at is null", [now, link]
    )
    if done.rowcount != 1:
        raise NotFound("There is no such link, or it was revoked.")
    record(tx, ReportLinkRevoked(link, by))


def lately(tx: Tx, now: datetime) -> tuple[Link, ...]:
    """The links that stand or ended lately, the newest first."""
    rows = tx.execute(
        "select id, note, allowed, used, made_by, made_at, ends_at, revoked_at from submissions_link"
        " where ends_at > %s order by made_at desc",
        [now - _SHOWN_AFTER_END],
    )
    return tuple(Link(*row) for row in rows)
