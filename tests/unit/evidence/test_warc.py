"""A recording as WARC: other people's tools read it, and agree with its digests."""

import gzip
import hashlib
import io
import subprocess
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

import others
from takeback.connectors.api import Exchange, Recording, Resource, Target
from takeback.evidence.redaction import redacted
from takeback.evidence.warc import describe, write_warc
from takeback_verify.core import canonical

AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
PICTURE = b"\x89PNG benign picture " * 5000


def exchange(body: bytes, **more: object) -> Exchange:
    made = Exchange(
        at=AT,
        method="GET",
        url="https://chat.example/rooms/%21a?limit=10",
        asked=(("Host", "chat.example"), ("Authorization", "(redacted)")),
        status=200,
        reason="OK",
        said=(("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"), ("Content-Type", "x")),
        body=body,
        chain=(b"leaf", b"authority"),
        peer="192.0.2.7:443",
    )
    return replace(made, **more)


RECORDING = Recording(
    target=Target("!a:chat.example", "$m", "mxc://chat.example/f"),
    sender="@ann:chat.example",
    posted_at=AT,
    exchanges=(exchange(b'{"event": 1}'), exchange(PICTURE, said=(("Content-Type", "image/png"),))),
    file=1,
    around=("$before", "$m2"),
)


def warc(recording: Recording = RECORDING, *, bare: bool = False) -> bytes:
    kept, taken_out = redacted(recording) if bare else (recording, ())
    about = describe(recording, connector="matrix", taken_out=taken_out)
    return b"".join(write_warc(kept, about, "takeback test"))


def records(data: bytes):
    found = []
    for record in ArchiveIterator(io.BytesIO(data), check_digests=True):
        content = record.content_stream().read()
        assert record.digest_checker.passed is not False, record.digest_checker.problems
        found.append((record.rec_type, record.rec_headers, record.http_headers, content))
    return found


def test_each_answer_is_there_byte_for_byte_with_its_question():
    _, response, request, file, _, about = records(warc())
    assert response[3] == b'{"event": 1}'
    assert file[3] == PICTURE
    assert response[1].get_header("WARC-Target-URI") == "https://chat.example/rooms/%21a?limit=10"
    assert response[1].get_header("WARC-Date") == "2026-03-01T12:00:00.123456Z"
    assert response[1].get_header("WARC-IP-Address") == "192.0.2.7"
    assert response[2].statusline == "200 OK"
    assert request[1].get_header("WARC-Concurrent-To") == response[1].get_header("WARC-Record-ID")
    assert request[2].protocol == "GET"
    assert request[2].statusline == "/rooms/%21a?limit=10 HTTP/1.1"
    assert request[2].get_header("Authorization") == "(redacted)"
    assert canonical.read(about[3], "metadata") == describe(RECORDING, connector="matrix")


def test_the_kinds_of_records_come_in_their_order_as_warc_1_1():
    data = warc()
    kinds = ["warcinfo", "response", "request", "response", "request", "metadata"]
    assert [record[0] for record in records(data)] == kinds
    assert all(record[1].protocol == "WARC/1.1" for record in records(data))


def test_every_digest_is_sha_256():
    for kind, headers, _, _ in records(warc()):
        assert headers.get_header("WARC-Block-Digest").startswith("sha256:")
        if kind != "warcinfo":
            assert headers.get_header("WARC-Payload-Digest").startswith("sha256:")


def test_a_header_that_would_misread_the_body_is_kept_under_another_name():
    response = records(warc())[1]
    assert response[2].get_header("Transfer-Encoding") is None
    assert response[2].get_header("X-Archive-Orig-Transfer-Encoding") == "chunked"
    assert [value for name, value in response[2].headers if name == "Content-Type"] == [
        "application/json",
        "x",
    ]


@pytest.mark.agrees("warcio")
def test_warcio_check_agrees_and_sees_a_changed_byte(tmp_path: Path):
    file = tmp_path / "capture.warc.gz"
    file.write_bytes(warc())
    check = [others.program("warcio"), "check", "-v", file]
    said = subprocess.run(check, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout
    assert said.stdout.count("digest pass") == 6
    plain = tmp_path / "plain.warc"
    subprocess.run([check[0], "recompress", file, plain], capture_output=True, check=True)
    text = gzip.decompress(plain.read_bytes())
    plain.write_bytes(text.replace(b'{"event": 1}', b'{"event": 2}'))
    assert subprocess.run([*check[:3], plain], capture_output=True, check=False).returncode == 1


def test_nothing_is_put_into_a_temporary_file(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was made")

    for name in ("TemporaryFile", "NamedTemporaryFile", "mkstemp", "_mkstemp_inner"):
        monkeypatch.setattr(tempfile, name, refuse)
    big = replace(RECORDING, exchanges=(exchange(b"x" * 2_000_000),), file=None)
    assert warc(big)


def test_without_the_file_only_its_digest_is_there():
    _, response, _, file, request, about = records(warc(bare=True))
    assert response[3] == b'{"event": 1}'
    assert response[1].get_header("WARC-Truncated") is None
    assert file[3] == b""
    assert [each[1].get_header("WARC-Truncated") for each in (file, request)] == ["unspecified", None]
    said = canonical.read(about[3], "metadata")
    digest = hashlib.sha256(PICTURE).hexdigest()
    assert said["exchanges"][1]["body_sha256"] == digest
    assert said["exchanges"][1]["body_bytes"] == len(PICTURE)
    assert said["taken_out"] == [{"bytes": len(PICTURE), "exchange": 1, "sha256": digest, "where": ""}]


def test_a_length_that_is_no_longer_that_of_the_body_is_kept_under_another_name():
    file = exchange(PICTURE, said=(("Content-Length", str(len(PICTURE))),))
    whole, bare = (
        records(warc(replace(RECORDING, exchanges=(exchange(b"{}"), file)), bare=bare))[3][2]
        for bare in (False, True)
    )
    assert whole.get_header("Content-Length") == str(len(PICTURE))
    assert bare.get_header("Content-Length") is None
    assert bare.get_header("X-Archive-Orig-Content-Length") == str(len(PICTURE))


HELD = Recording(
    target=Target("2016", "2016/a picture.jpg", "2016/a picture.jpg"),
    sender="",
    posted_at=AT,
    exchanges=(Resource(AT, "file:///archive/2016/a%20picture.jpg", AT - timedelta(days=9), PICTURE),),
    file=0,
)


def test_a_file_that_nobody_was_asked_for_is_a_resource():
    data = warc(HELD)
    _, resource, about = records(data)
    assert [record[0] for record in records(data)] == ["warcinfo", "resource", "metadata"]
    assert resource[3] == PICTURE
    assert resource[1].get_header("WARC-Target-URI") == "file:///archive/2016/a%20picture.jpg"
    assert resource[1].get_header("Content-Type") == "application/octet-stream"
    assert resource[1].get_header("WARC-Payload-Digest").startswith("sha256:")
    [row] = canonical.read(about[3], "metadata")["exchanges"]
    assert row["modified_at"] == "2026-02-20T12:00:00.123456Z"
    assert (row["method"], row["status"], row["tls"]) == (None, None, None)
    assert row["body_sha256"] == hashlib.sha256(PICTURE).hexdigest()


@pytest.mark.agrees("warcio")
def test_warcio_check_agrees_with_a_resource(tmp_path: Path):
    for bare in (False, True):
        file = tmp_path / f"{bare}.warc.gz"
        file.write_bytes(warc(HELD, bare=bare))
        check = [others.program("warcio"), "check", "-v", file]
        said = subprocess.run(check, capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stdout
        assert said.stdout.count("digest pass") == 3
    assert PICTURE[:100] not in gzip.decompress(warc(HELD, bare=True))


def test_plain_http_is_said_and_certificates_stand_once():
    mixed = replace(RECORDING, exchanges=(exchange(b"1"), exchange(b"2"), exchange(b"3", chain=None)))
    said = describe(mixed, connector="matrix")
    leaf, authority = (hashlib.sha256(der).hexdigest() for der in (b"leaf", b"authority"))
    assert [each["tls"] for each in said["exchanges"]] == [[leaf, authority]] * 2 + [None]
    assert said["certificates"].keys() == {leaf, authority}
