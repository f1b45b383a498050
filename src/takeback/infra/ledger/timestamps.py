"""Have the log's checkpoints timestamped by authorities (RFC 3161): an upper bound for when entries existed.

What is stamped is the checkpoint's text without signatures, so that `openssl ts -verify -data` needs nothing
of ours. A response counts only after it was verified against the roots that the operator configured, with
the nonce of its request; one that this cannot be said of is no timestamp, and the entries wait. The hash of
each response goes back into the log, so the next checkpoint that is stamped renews all older ones: when an
authority's key grows old, a later stamp by another still covers it.

An authority is asked when there is more in the log than the log's own upkeep since the last anchor, and at
most every so many seconds; one that failed is asked again for the anchor that it missed. Its first answer in
each process is a test on random words: an authority whose responses are no strict DER is noticed at once.
"""

import hashlib
import logging
import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import TimestampRequestBuilder, decode_timestamp_response

from takeback.errors import ConfigurationError, Unavailable
from takeback.events import Timestamped
from takeback.infra import clock
from takeback.infra.db.pool import Database, Tx
from takeback.infra.ledger import parties, store
from takeback.infra.ledger.parties import Role
from takeback.infra.ledger.record import record
from takeback.infra.ledger.witnesses import split_address
from takeback.infra.outbound import OutboundClient, Timeouts
from takeback_verify.core.errors import NotProven, VerifyError
from takeback_verify.core.note import parse_note
from takeback_verify.core.stamp import MAX_RESPONSE, verify_stamp

LOOK_EVERY = 1.0
"""Seconds between looks at whether a timestamp is due."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_OK = 200
_TIMEOUTS = Timeouts(connect=5, silence=15, total=30)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who stamps, and what proves that it was they."""

    name: str
    url: str
    roots: tuple[bytes, ...]
    """Certificates, DER."""


def read_authorities(setting: str | None, folder: Path) -> tuple[Authority, ...]:
    """The authorities of TAKEBACK_TIMESTAMP_AUTHORITIES with their roots from `folder`/NAME.pem.

    Raises:
        ConfigurationError: the setting is not name=URL with commas, or a file of roots is missing or damaged.
    """
    found: dict[str, Authority] = {}
    for part in filter(None, (part.strip() for part in (setting or "").split(","))):
        name, _, url = part.partition("=")
        if not _NAME.fullmatch(name) or not url or name in found:
            raise ConfigurationError(
                "TAKEBACK_TIMESTAMP_AUTHORITIES is name=URL with commas between them; a name is lower-case "
                "letters, digits, - and _, and stands once"
            )
        found[name] = Authority(name, url, _roots(folder / f"{name}.pem"))
    return tuple(found.values())


class Timestamper:
    """Asks the authorities.

    Args:
        database: as its owner.
        authorities: whom to ask.
        every: least time between two anchors, and between two questions to one authority.

    Raises:
        ConfigurationError: an address is none.
    """

    def __init__(self, database: Database, authorities: Sequence[Authority], every: timedelta) -> None:
        self._database = database
        self._every = every
        self._asked: Mapping[str, Requester] = {each.name: Requester(each) for each in authorities}

    def close(self) -> None:
        """Let go of the connections."""
        for asked in self._asked.values():
            asked.close()

    def run(self, stop: threading.Event) -> None:
        """Stamp whatever is due until `stop` is set."""
        if not self._asked:
            return
        for asked in self._asked.values():
            self._attempt(asked, b"Takeback tests its time-stamping authorities: " + secrets.token_bytes(16))
        for _ in self._database.look([store.SIGNED], stop, every=LOOK_EVERY):
            try:
                self.stamp_once(clock.now())
            except psycopg.OperationalError as error:
                log.warning("timestamps wait for the database: %s", error)
                stop.wait(LOOK_EVERY)

    def stamp_once(self, now: datetime) -> int:
        """Ask each authority that is due; how many timestamps came."""
        came = 0
        for name, asked in self._asked.items():
            with self._database.transaction() as tx:
                text = self._due(tx, name, now)
            if text is None:
                continue
            response = self._attempt(asked, text[1])
            if response is not None:
                came += self._keep(name, text[0], *response)
        return came

    def _due(self, tx: Tx, name: str, now: datetime) -> tuple[int, bytes] | None:
        """Size and text of the checkpoint that an authority should stamp now, claimed for this process."""
        last, anchor = store.last_checkpoint(tx), parties.last_anchor(tx)
        if last is None:
            return None
        # 1. A new anchor, when there is news; else the last one, if this authority missed it.
        size = last.size if parties.has_news(tx, anchor, last.size) else anchor
        if size == 0 or parties.is_stamped(tx, size, name):
            return None
        # 2. Authorities stamp the same checkpoints: who comes second takes what the first one just took.
        if size != anchor and anchor and parties.stamped_since(tx, anchor, now - self._every):
            size = anchor
            if parties.is_stamped(tx, size, name):
                return None
        if not parties.claim(tx, Role.AUTHORITY, name, now, self._every):
            return None
        stored = store.checkpoint_of(tx, size)
        return None if stored is None else (size, parse_note(stored.note.encode()).text.encode())

    def _attempt(self, asked: "Requester", text: bytes) -> tuple[bytes, datetime] | None:
        """A verified response and its time; None, and written down, if none came."""
        name = asked.authority.name
        try:
            found = asked.stamp(text)
        except (Unavailable, VerifyError) as error:
            log.warning("time-stamping authority %s: %s", name, error)
            with self._database.transaction() as tx:
                parties.failed(tx, Role.AUTHORITY, name, str(error), clock.now())
            return None
        with self._database.transaction() as tx:
            parties.answered(tx, Role.AUTHORITY, name, clock.now())
        return found

    def _keep(self, name: str, size: int, response: bytes, at: datetime) -> int:
        with self._database.transaction() as tx:
            if parties.is_stamped(tx, size, name):
                return 0
            event = record(tx, Timestamped(size, name, hashlib.sha256(response).hexdigest()))
            parties.insert_stamp(tx, size, name, at, response, event)
        return 1


class Requester:
    """Asks one authority.

    Raises:
        ConfigurationError: its address is none.
    """

    def __init__(self, authority: Authority, timeouts: Timeouts = _TIMEOUTS) -> None:
        origin, self._path = split_address(authority.url)
        self._client = OutboundClient(origin, timeouts=timeouts)
        self.authority = authority

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def stamp(self, text: bytes) -> tuple[bytes, datetime]:
        """A response over a text that holds, and when. Raises Unavailable and VerifyError."""
        asked = TimestampRequestBuilder().data(text).nonce(nonce=True).cert_request(cert_request=True).build()
        response = self.ask(asked.as_bytes())
        at = verify_stamp(response, text, self.authority.roots)
        if decode_timestamp_response(response).tst_info.nonce != asked.nonce:
            raise NotProven("the timestamp answers another request")
        return response, at

    def ask(self, query: bytes) -> bytes:
        """Return what it answers to a query, both in DER; nothing in it is checked. Raises Unavailable."""
        answer = self._client.send(
            "POST",
            self._path or "/",
            content=query,
            headers={"Content-Type": "application/timestamp-query"},
            max_bytes=MAX_RESPONSE,
        )
        if answer.status != _OK or not answer.whole:
            raise Unavailable(f"{self.authority.name} answered {answer.status}")
        return answer.body


def _roots(path: Path) -> tuple[bytes, ...]:
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"cannot read the roots of a timestamp authority: {path}: {error}"
        ) from error
    return tuple(each.public_bytes(Encoding.DER) for each in found)
