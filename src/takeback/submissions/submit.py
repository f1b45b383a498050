"""What the portal may do with a report: put it away sealed, and ask how one receipt stands.

The database role behind this can call nine functions (see also `package`, `draft` and `arrivals`), and insert
two columns of one table, as an older portal does; it can read no row. Sending the same report twice (a second
press, a reloaded page) must still be one report with one receipt: the code is computed from the attempt and
what it says, and the database's unique locator drops the second row.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from takeback.errors import LinkEnded, Refused
from takeback.infra.db.pool import Database
from takeback.infra.vault.seal import Recipient, seal
from takeback.submissions.model import Report, ReportStatus, proven
from takeback.submissions.receipt import Pepper, ReceiptCode, code_from, locator

REFUSALS = ("too_little_detail", "inside_another", "well_known", "not_one_picture", "not_a_pictures_numbers")
COPY_STATES = ("found", "planned", "acting", "checking", "gone", "failed")
PACKAGE_STATES = ("asked", "ready", "deleted", "failed", "too_large")
CASE_STATES = ("open", "second_look", "decided", "removing", "removed", "declined", "out_of_reach")

_SHORTEST_ATTEMPT = 32
_STATUS: TypeAdapter[ReportStatus] = TypeAdapter(ReportStatus)


def new_attempt() -> str:
    """A name for one attempt to send, to be sent along with it: 128 random bits."""
    return secrets.token_hex(_SHORTEST_ATTEMPT // 2)


def submit(
    database: Database,
    recipient: Recipient,
    pepper: Pepper,
    report: Report,
    attempt: str | None = None,
    *,
    groups: Sequence[bytes] = (),
    link: bytes | None = None,
) -> ReceiptCode:
    """Seal a report and store it.

    Args:
        database: as the role takeback_portal.
        recipient: the public key of the intake.
        pepper: the portal's own secret.
        report: what a person told us.
        attempt: from `new_attempt`; the same report sent again under the same attempt is stored once and
            gets the same receipt. Without one, or with one too short to be ours, every call is a new report.
        groups: labels of the groups that it came with (see `arrivals`).
        link: SHA-256 of the token of the link for many reports that it counts against.

    Returns:
        The receipt; this is the only place that ever knows it.

    Raises:
        Refused: the report lacks an element that it must have, is too long, or could not be opened again by a
            worker: nothing was stored, and there is no receipt.
        LinkEnded: the link counts no further report; nothing was stored.
    """
    try:
        data = proven(report)
    except ValueError as error:
        raise Refused(str(error)) from None  # the cause may quote her
    name = attempt if attempt is not None and len(attempt) >= _SHORTEST_ATTEMPT else new_attempt()
    code = code_from(hmac.digest(pepper, b"receipt\0" + name.encode() + b"\0" + data, hashlib.sha256))
    with database.transaction() as tx:
        row = tx.execute(
            "select report_put(%s, %s, %s::bytea[], %s)",
            (locator(pepper, code), seal(recipient, data), list(groups), link),
        ).fetchone()
    if row is not None and not row[0]:
        raise LinkEnded("the link counts no further report")
    return code


def link_hash(token: str) -> bytes:
    """Return what the database knows a link for many reports by."""
    return hashlib.sha256(token.encode()).digest()


def link_stands(database: Database, token: str) -> bool:
    """Return whether a link for many reports counts a further one now."""
    with database.transaction() as tx:
        row = tx.execute("select report_link_stands(%s)", (link_hash(token),)).fetchone()
    return row is not None and bool(row[0])


def status(database: Database, pepper: Pepper, code: ReceiptCode) -> ReportStatus | None:
    """Return how the report behind a receipt stands; None if there is none, or the receipt has expired.

    Raises:
        ValueError: the database answered something that is not a status.
    """
    with database.transaction() as tx:
        row = tx.execute("select report_status(%s)::text", (locator(pepper, code),)).fetchone()
    if row is None or row[0] is None:
        return None
    return parse_status(str(row[0]))


def parse_status(text: str) -> ReportStatus:
    """Read what the database's function `report_status` answers.

    Raises:
        ValueError: it is something else; the text may be personal and is not repeated.
    """
    try:
        found = _STATUS.validate_json(text, strict=True)
    except ValidationError as error:
        raise ValueError(f"not a status: {error.error_count()} faults") from None
    if found.case is not None and found.case.status not in CASE_STATES:
        raise ValueError("not a status: a case stands in a way that has no name")
    if any(copy.state not in COPY_STATES for copy in found.copies):
        raise ValueError("not a status: a copy stands in a way that has no name")
    if any(package.state not in PACKAGE_STATES for package in found.evidence.packages):
        raise ValueError("not a status: a package stands in a way that has no name")
    if any(refused.why not in REFUSALS for refused in found.refused):
        raise ValueError("not a status: a picture is not looked for, for a reason that has no name")
    return found
