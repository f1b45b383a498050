"""A recording as WARC/1.1 (ISO 28500:2017), record by record, so that it can be sealed as a stream.

One warcinfo record; for each exchange a response with its request, or a resource where nobody was asked; one
metadata record in JSON with what they say (ids, times, certificates). Block and payload digests are SHA-256,
in the base32 that other tools write. Each record is a gzip member of its own. Nothing touches the disk: where
`warcio` would put a plaintext into a temporary file, it gets memory.

Two headers of an answer are spelt anew, because the body has been taken out of its transfer: a reader that
believed them would misread it. They are kept under the names that archives use for that. So is the length of
a body that something was taken out of (`likeness.py`).
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from tempfile import SpooledTemporaryFile
from urllib.parse import quote, urlsplit

from typing_extensions import override
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.utils import Digester
from warcio.warcwriter import WARCWriter

from takeback.connectors.api import Exchange, Recording, Resource
from takeback.evidence.redaction import TakenOut
from takeback_verify.core import canonical

_TRANSFER = frozenset({"transfer-encoding", "content-encoding"})
_ARCHIVED = "X-Archive-Orig-"


class _Pieces:
    """What was written since it was last asked."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(piece)
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> list[bytes]:
        taken = self._pieces
        self._pieces = list[bytes]()
        return taken


class _Writer(WARCWriter):
    """SHA-256 in place of SHA-1, and no file for what passes."""

    @staticmethod
    @override
    def _create_digester() -> Digester:
        return Digester("sha256")

    @staticmethod
    @override
    def _create_temp_file() -> SpooledTemporaryFile[bytes]:
        return SpooledTemporaryFile(max_size=0)  # 0: it is never rolled over to the disk


def write_warc(recording: Recording, about: Mapping[str, canonical.Value], software: str) -> Iterator[bytes]:
    """The WARC's bytes in pieces.

    Args:
        recording: what was said, or what may be kept of it.
        about: what the metadata record says besides (`describe`).
        software: name and version.
    """
    out = _Pieces()
    writer = _Writer(out, gzip=True, warc_version="WARC/1.1")
    writer.write_record(
        writer.create_warcinfo_record(
            None, {"software": software, "format": "WARC File Format 1.1", "conformsTo": "ISO 28500:2017"}
        )
    )
    yield from out.take()
    for exchange in recording.exchanges:
        if isinstance(exchange, Resource):
            writer.write_record(_resource(writer, exchange))
        else:
            response, request = _response(writer, exchange), _request(writer, exchange)
            writer.write_request_response_pair(request, response)
        yield from out.take()
    writer.write_record(_metadata(writer, recording, about))
    yield from out.take()


def describe(
    recording: Recording, *, connector: str, taken_out: Sequence[TakenOut] = ()
) -> dict[str, canonical.Value]:
    """Return what a recording says, as the metadata record and the readable part of an exhibit have it.

    Certificates are named by their SHA-256, and each stands once in "certificates" as base64 DER.

    Args:
        recording: whole; lengths and digests are those of what the platform gave out.
        connector: the platform's name.
        taken_out: what of it is not kept.
    """
    chains: dict[str, canonical.Value] = {}
    exchanges: list[canonical.Value] = []
    for exchange in recording.exchanges:
        if isinstance(exchange, Resource):
            exchanges.append(_held(exchange))
            continue
        names: list[canonical.Value] | None = None
        if exchange.chain is not None:
            names = []
            for der in exchange.chain:
                name = hashlib.sha256(der).hexdigest()
                chains[name] = base64.b64encode(der).decode()
                names.append(name)
        exchanges.append(
            {
                "at": canonical.moment(exchange.at),
                "body_bytes": len(exchange.body),
                "body_sha256": hashlib.sha256(exchange.body).hexdigest(),
                "method": exchange.method,
                "peer": exchange.peer,
                "status": exchange.status,
                "tls": names,  # None: it was plain HTTP, so nothing vouches for who answered
                "url": exchange.url,
            }
        )
    target = recording.target
    return {
        "around": list(recording.around),
        "certificates": chains,
        "connector": connector,
        "deleted": recording.deleted,
        "edits": list(recording.edits),
        "exchanges": exchanges,
        "expires_at": None if recording.expires_at is None else canonical.moment(recording.expires_at),
        "file": recording.file,
        "forwarded_from": recording.forwarded_from,
        "media": target.media,
        "message": target.message,
        "place": target.place,
        "posted_at": canonical.moment(recording.posted_at),
        "sender": recording.sender,
        "taken_out": [
            {"bytes": each.bytes, "exchange": each.exchange, "sha256": each.sha256, "where": each.where}
            for each in taken_out
        ],
        "v": 1,
    }


def _held(file: Resource) -> canonical.Value:
    """A file of which nobody was asked, in the row of an exchange."""
    return {
        "at": canonical.moment(file.at),
        "body_bytes": len(file.body),
        "body_sha256": hashlib.sha256(file.body).hexdigest(),
        "method": None,
        "modified_at": canonical.moment(file.modified_at),
        "peer": "",
        "status": None,
        "tls": None,
        "url": file.url,
    }


def _response(writer: _Writer, exchange: Exchange) -> ArcWarcRecord:
    spelt_anew = _TRANSFER if exchange.whole else _TRANSFER | {"content-length"}
    headers = [
        (f"{_ARCHIVED}{name}" if name.lower() in spelt_anew else name, value) for name, value in exchange.said
    ]
    status = f"{exchange.status} {exchange.reason}".rstrip()
    return writer.create_warc_record(
        exchange.url,
        "response",
        payload=BytesIO(exchange.body),
        length=len(exchange.body),
        warc_headers_dict=_headers(exchange),
        http_headers=StatusAndHeaders(status, headers, protocol="HTTP/1.1"),
    )


def _resource(writer: _Writer, file: Resource) -> ArcWarcRecord:
    return writer.create_warc_record(
        file.url,
        "resource",
        payload=BytesIO(file.body),
        length=len(file.body),
        warc_content_type="application/octet-stream",  # its name claims more, and may be wrong
        warc_headers_dict=_headers(file),
    )


def _request(writer: _Writer, exchange: Exchange) -> ArcWarcRecord:
    parts = urlsplit(exchange.url)
    asked = parts.path + (f"?{parts.query}" if parts.query else "")
    line = f"{exchange.method} {asked} HTTP/1.1"
    return writer.create_warc_record(
        exchange.url,
        "request",
        payload=BytesIO(),
        length=0,
        warc_headers_dict=_headers(replace(exchange, whole=True)),
        http_headers=StatusAndHeaders(line, list(exchange.asked), is_http_request=True),
    )


def _headers(exchange: Exchange | Resource) -> dict[str, str]:
    found = {"WARC-Date": canonical.moment(exchange.at)}
    if not exchange.whole:
        found["WARC-Truncated"] = "unspecified"
    if isinstance(exchange, Exchange) and exchange.peer:
        found["WARC-IP-Address"] = exchange.peer.rpartition(":")[0]
    return found


def _metadata(writer: _Writer, recording: Recording, about: Mapping[str, canonical.Value]) -> ArcWarcRecord:
    data = canonical.write(dict(about))
    message = quote(recording.target.message, safe="$:@!")
    return writer.create_warc_record(
        f"urn:takeback:message:{message}",
        "metadata",
        payload=BytesIO(data),
        length=len(data),
        warc_content_type="application/json",
    )
