"""Seals a recording and puts it on disk: the raw answers become parts that nobody here can open.

The plaintext is in memory only, and only while it is sealed: the WARC is made record by record into the
encryption (`vault/sealing.py`), whose ciphertext goes straight to the blob store. Each capture has a key of
its own that only the recipients can open (docs/adr/0018). When `seal` returns, every part is on disk; no
table knows of them yet, so a crash here leaves ciphertext without a name, which `upkeep.tidy` deletes.

Where reviewers have a key in the directory, the picture alone is sealed once more, to them, for some days
(`vault/copies.py`). That copy is no part of the exhibit and stands in no document: it is made when the
evidence is on disk, and that it cannot be made keeps nothing back.
"""

import hashlib
import logging
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from takeback.connectors.api import Exchange, Recording
from takeback.errors import ConfigurationError, StorageUnavailable
from takeback.evidence.model import Part, SealedCapture, Wanted
from takeback.evidence.redaction import redacted
from takeback.evidence.warc import describe, write_warc
from takeback.ids import CaptureId, CaseId
from takeback.infra.blobs import Blobs
from takeback.infra.vault.copies import delete_copies, keep_copy
from takeback.infra.vault.exhibit_key import KEY_PART, ExhibitKey, make_key
from takeback.infra.vault.recipients import Directory, load_directory, recipients_of, reviewers_of
from takeback.infra.vault.sealing import seal_stream
from takeback_verify.core import canonical
from takeback_verify.core.exhibit import (
    SALTS,
    ExhibitDocument,
    ExhibitPart,
    commit_plaintext,
    format_exhibit,
    format_salts,
)

log = logging.getLogger(__name__)

FOLDER = "evidence"
"""Below which the blob store has all parts: FOLDER/capture/attempt/part."""
WARC_PART, MESSAGE_PART, HEADERS_PART = (
    "sealed/capture.warc.gz.age",
    "sealed/message.json.age",
    "open/headers.json",
)
SALT_BYTES = 32
SOFTWARE = f"takeback {version('takeback')}"
_OPEN_HEADERS = frozenset({"cache-control", "content-type", "date", "server"})
"""What anybody may read of an answer. Others tell sizes, addresses, or what a picture's digest is."""


@dataclass(frozen=True, slots=True)
class EvidenceSealer:
    """Where evidence is kept, and for whom."""

    blobs: Blobs
    directory: Path
    """The file that names the recipients; read anew for each capture, so that a change counts at once."""
    copies_live: timedelta = timedelta(days=3)
    """How long reviewers have a working copy."""

    @property
    def keeps(self) -> bool:
        """Return whether evidence is kept: without a directory there is nobody to seal it to."""
        return self.directory.exists()

    def recipients(self) -> int:
        """Return to how many evidence is sealed now.

        Raises:
            ConfigurationError: nothing can be sealed; says why.
        """
        return len(recipients_of(load_directory(self.directory)))

    def trouble(self) -> str | None:
        """Return why nothing can be sealed now; None: it can."""
        try:
            self.recipients()
        except ConfigurationError as error:
            return str(error)
        return None

    def seal(
        self, wanted: Wanted, cases: Sequence[CaseId], recording: Recording, now: datetime
    ) -> SealedCapture:
        """Seal what was recorded, durably.

        Args:
            wanted: what it is a capture of.
            cases: those that are known to need it.
            recording: as the platform gave it out.
            now: when.

        Raises:
            StorageUnavailable: try again.
            ConfigurationError: the recipients cannot be read.
        """
        directory = load_directory(self.directory)
        key = make_key(recipients_of(directory, cases))
        # An attempt of its own: two workers that seal the same capture must not mix their parts.
        work = _Sealing(self.blobs, f"{FOLDER}/{wanted.capture}/{secrets.token_hex(8)}", key)
        minor = wanted.suspected_minor
        kept, taken_out = redacted(recording) if minor else (recording, ())
        stored = replace(recording, target=kept.target)
        about = describe(stored, connector=wanted.subject.connector, taken_out=taken_out)
        work.seal(
            WARC_PART,
            write_warc(kept, about, SOFTWARE),
            "application/gzip",
            "what the platform answered, raw, as WARC/1.1"
            + (" without the picture: only its digest" if minor else ""),
        )
        work.seal(
            MESSAGE_PART, [canonical.write(about)], "application/json", "what those answers say, to be read"
        )
        work.leave_open(
            HEADERS_PART,
            canonical.write(_open_headers(recording)),
            "application/json",
            "when the platform answered, with what status and which certificates; nothing of what it said",
        )
        work.add_key()
        work.add_salts()
        document = ExhibitDocument(
            capture=str(wanted.capture),
            captured_at=now,
            connector=wanted.subject.connector,
            first_seen=wanted.subject.seen_at,
            parts=tuple(sorted(work.rows, key=lambda row: row.name)),
            posted_at=wanted.subject.posted_at,
            reason=wanted.reason.value,
            software=SOFTWARE,
            suspected_minor=minor,
        )
        sealed = SealedCapture(
            capture=wanted.capture,
            document=format_exhibit(document),
            parts=work.parts_by_destruction(),
            salts=work.salts,
            captured_at=now,
            deleted=recording.deleted,
        )
        if recording.picture is not None and not minor:
            self._leave_copy(directory, wanted, recording.picture, now)
        return sealed

    def discard(self, sealed: SealedCapture) -> None:
        """Destroy at once what was sealed and does not count, and what reviewers got of it.

        Raises StorageUnavailable.
        """
        for part in sealed.parts:
            self.blobs.delete(part.blob)
        self.forget_copies(sealed.capture)

    def forget_copies(self, capture: CaptureId) -> None:
        """Destroy what reviewers have of a capture. Raises StorageUnavailable."""
        delete_copies(self.blobs, capture)

    def _leave_copy(self, directory: Directory, wanted: Wanted, picture: bytes, now: datetime) -> None:
        reviewers = reviewers_of(directory)
        if not reviewers:
            return
        until = now + self.copies_live
        try:
            keep_copy(self.blobs, reviewers, wanted.capture, [picture], now=now, until=until)
        except StorageUnavailable as fault:
            log.warning("reviewers get no working copy of a capture: %s", fault)


class _Sealing:
    """The parts of one capture, one after the other."""

    def __init__(self, blobs: Blobs, folder: str, key: ExhibitKey) -> None:
        self._blobs, self._folder, self._key = blobs, folder, key
        self.rows: list[ExhibitPart] = []
        self.salts: dict[str, bytes] = {}
        self._parts: list[Part] = []

    def seal(self, name: str, chunks: Iterable[bytes], media_type: str, what: str) -> None:
        """Raises StorageUnavailable."""
        blob = self._blob(name)
        with self._blobs.writing(blob) as writer:
            sealed = seal_stream([self._key.recipient], chunks, writer.write)
        commitment = None if name == SALTS else self._commit(name, sealed.plaintext_sha256)
        self.rows.append(ExhibitPart(name, sealed.bytes, sealed.sha256, commitment, media_type, what))

    def leave_open(self, name: str, data: bytes, media_type: str, what: str) -> None:
        """Raises StorageUnavailable."""
        self._blobs.put(self._blob(name), data)
        digest = hashlib.sha256(data).digest()
        self.rows.append(ExhibitPart(name, len(data), digest, None, media_type, what))

    def add_key(self) -> None:
        """Raises StorageUnavailable."""
        sealed = self._key.sealed
        self._blobs.put(self._blob(KEY_PART), sealed)
        digest = hashlib.sha256(sealed).digest()  # needs no commitment: whoever opens it sees that it opens
        what = "the key that opens the other parts, sealed to the recipients"
        self.rows.append(ExhibitPart(KEY_PART, len(sealed), digest, None, "text/plain", what))

    def add_salts(self) -> None:
        """The last: it holds the salts of all others. Raises StorageUnavailable."""
        opening = format_salts(self.salts)
        self.seal(SALTS, [opening], "application/json", "the salts of the sealed parts' commitments")

    def parts_by_destruction(self) -> tuple[Part, ...]:
        """The key first: from then on nothing can be opened. Then what tells of the others."""
        first = (KEY_PART, SALTS)
        rank = {name: number for number, name in enumerate(first)}
        return tuple(sorted(self._parts, key=lambda part: (rank.get(part.name, len(first)), part.name)))

    def _blob(self, name: str) -> str:
        blob = f"{self._folder}/{name.replace('/', '.')}"
        self._parts.append(Part(name, blob))
        return blob

    def _commit(self, name: str, digest: bytes) -> bytes:
        salt = self.salts[name] = secrets.token_bytes(SALT_BYTES)
        return commit_plaintext(salt, digest)


def _open_headers(recording: Recording) -> canonical.Value:
    rows: list[canonical.Value] = [
        {
            "at": canonical.moment(exchange.at),
            "headers": [[name, value] for name, value in exchange.said if name.lower() in _OPEN_HEADERS],
            "status": exchange.status,
            "tls": None
            if exchange.chain is None
            else [hashlib.sha256(der).hexdigest() for der in exchange.chain],
        }
        if isinstance(exchange, Exchange)
        else {"at": canonical.moment(exchange.at), "headers": [], "status": None, "tls": None}
        for exchange in recording.exchanges
    ]
    return {"exchanges": rows, "v": 1}
