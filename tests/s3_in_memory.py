"""Enough of an object store that speaks S3 for one bucket: put (in parts, too), get (ranges, too), head,
delete, list.

Strict: an answer has what the protocol asks for and nothing is repaired; credentials are not checked.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

BUCKET = "bucket"
PAGE = 5
WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
SMALLEST_PART = 5 << 20
"""Of all parts but the last; S3 refuses to put smaller ones together."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: dict[str, bytes]
    parts: dict[str, dict[int, bytes]]
    """By upload; one that was put together or given up is gone."""

    def _key(self) -> str:
        path = unquote(urlsplit(self.path).path)
        return path.removeprefix(f"/{BUCKET}").lstrip("/")

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        asked = parse_qs(urlsplit(self.path).query)
        if "uploadId" in asked:
            self.parts[asked["uploadId"][0]][int(asked["partNumber"][0])] = data
        else:
            self.files[self._key()] = data
        self._answer(200, ETag=_etag(data))

    def do_DELETE(self) -> None:
        """Gives up an upload in parts; files are deleted by POST."""
        upload = parse_qs(urlsplit(self.path).query)["uploadId"][0]
        self.parts.pop(upload, None)
        self._answer(204)

    def do_POST(self) -> None:
        """Begins or ends an upload in parts, or deletes several files at once."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        asked = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        if "uploads" in asked:
            upload = str(len(self.parts))
            self.parts[upload] = {}
            self._say("InitiateMultipartUploadResult", f"<UploadId>{upload}</UploadId>")
            return
        if "uploadId" in asked:
            self._put_together(self.parts.pop(asked["uploadId"][0]), body)
            return
        keys = [unescape(key) for key in re.findall(r"<Key>(.*?)</Key>", body)]
        for key in keys:
            self.files.pop(key, None)
        deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode(), Content_Type="application/xml")

    def _put_together(self, parts: dict[int, bytes], body: str) -> None:
        numbers = [int(number) for number in re.findall(r"<PartNumber>(\d+)</PartNumber>", body)]
        pieces = [parts[number] for number in numbers]
        if any(len(piece) < SMALLEST_PART for piece in pieces[:-1]):
            self._answer(400, b"<Error><Code>EntityTooSmall</Code></Error>")
            return
        self.files[self._key()] = b"".join(pieces)
        self._say("CompleteMultipartUploadResult", f"<ETag>{escape(_etag(self.files[self._key()]))}</ETag>")

    def _say(self, what: str, body: str) -> None:
        self._answer(200, f"<{what}>{body}</{what}>".encode(), Content_Type="application/xml")

    def do_HEAD(self) -> None:
        self._file()

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        if asked.get("list-type") == ["2"]:
            self._list(asked)
        else:
            self._file()

    def _file(self) -> None:
        data = self.files.get(self._key())
        if data is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        said = {"ETag": _etag(data), "Last_Modified": f"{WRITTEN:%a, %d %b %Y %H:%M:%S GMT}"}
        wanted = self.headers.get("Range")
        if wanted is None or self.command == "HEAD":
            self._answer(200, data, Content_Length=str(len(data)), **said)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        begin = int(first) if first else len(data) - int(last)
        end = min(int(last) + 1 if first and last else len(data), len(data))
        self._answer(206, data[begin:end], Content_Range=f"bytes {begin}-{end - 1}/{len(data)}", **said)

    def _list(self, asked: dict[str, list[str]]) -> None:
        [prefix], [after] = asked.get("prefix", [""]), asked.get("start-after", [""])
        after = asked.get("continuation-token", [after])[0]
        keys = [key for key in sorted(self.files) if key.startswith(prefix) and key > after]
        page = keys[:PAGE]
        more = len(keys) > len(page)
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{WRITTEN:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>{escape(_etag(self.files[key]))}</ETag><Size>{len(self.files[key])}</Size></Contents>"
            for key in page
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        body = (
            f"<ListBucketResult><Name>{BUCKET}</Name><Prefix>{escape(prefix)}</Prefix>"
            f"<KeyCount>{len(page)}</KeyCount><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"{token}{contents}</ListBucketResult>"
        )
        self._answer(200, body.encode(), Content_Type="application/xml")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the server's name for it
        """Quiet."""


def _etag(data: bytes) -> str:
    return f'"{md5(data, usedforsecurity=False).hexdigest()}"'


@contextmanager
def s3_in_memory() -> Iterator[tuple[dict[str, bytes], dict[str, str]]]:
    """(the files by key, the environment by which clients find the store)."""
    files: dict[str, bytes] = {}
    handler = type("Handler", (_Handler,), {"files": files, "parts": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield (
                files,
                {
                    "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
                    "AWS_ALLOW_HTTP": "true",
                    "AWS_REGION": "us-east-1",
                    "AWS_ACCESS_KEY_ID": "test",
                    "AWS_SECRET_ACCESS_KEY": "test",
                },
            )
        finally:
            server.shutdown()
            thread.join()
