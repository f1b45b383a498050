"""Where no picture may be kept: what shows it goes from every answer, and is named with its digest."""

import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.connectors.api import Exchange, Recording, Target
from takeback.connectors.matrix.recording import LIKENESSES
from takeback.evidence.redaction import TakenOut, redacted

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
BLURHASH = "LEHV6nWB2yk8pyo0adR*.7kCMdnj"
INLINE = "data:image/png;base64," + base64.b64encode(bytes(range(90))).decode()


def exchange(body: bytes) -> Exchange:
    return Exchange(AT, "GET", "https://chat.example/x", (), 200, "OK", (), body)


def bare(*bodies: bytes, file: int | None = None) -> tuple[list[bytes], tuple[TakenOut, ...]]:
    made = Recording(
        Target("!a", "$m", "mxc://a/b"), "@ann", AT, tuple(map(exchange, bodies)), file, likenesses=LIKENESSES
    )
    kept, gone = redacted(made)
    assert [each.whole for each in kept.exchanges] == [
        n not in {each.exchange for each in gone} for n, _ in enumerate(bodies)
    ]
    return [each.body for each in kept.exchanges], gone


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "name", ["xyz.amorgan.blurhash", "blurhash", "org.example.Thumbhash", "thumbnail_url"]
)
def test_a_member_that_shows_a_picture_goes_and_is_named(name: str):
    event = {"content": {"body": "a/b.jpg", "info": {"w": 40, name: BLURHASH}}, "event_id": "$m"}
    [body], [gone] = bare(json.dumps({"event": event}).encode())
    assert json.loads(body) == {
        "event": {"content": {"body": "a/b.jpg", "info": {"w": 40}}, "event_id": "$m"}
    }
    assert gone == TakenOut(0, f"/event/content/info/{name}", len(BLURHASH), digest(BLURHASH))


def test_a_member_that_is_an_object_goes_whole():
    file = {"url": "mxc://a/small", "v": "v2"}
    [body], [gone] = bare(json.dumps([{"thumbnail_file": file, "kept": 1}]).encode())
    assert json.loads(body) == [{"kept": 1}]
    assert (gone.where, gone.sha256) == (
        "/0/thumbnail_file",
        digest('{"url":"mxc://a/small","v":"v2"}'),
    )


def test_a_picture_within_a_text_goes_and_the_text_stays():
    said = f"<p>look <img src=\"{INLINE}\"> here, and <img src='{INLINE}'></p>"
    [body], gone = bare(json.dumps({"a/b": {"~": said}}).encode())
    assert json.loads(body) == {"a/b": {"~": "<p>look <img src=\"\"> here, and <img src=''></p>"}}
    assert gone == (TakenOut(0, "/a~1b/~0", len(INLINE), digest(INLINE)),) * 2


def test_a_long_run_of_base64_goes_under_whatever_name():
    picture = base64.b64encode(bytes(300)).decode()
    [body], gone = bare(json.dumps({"org.example.preview": picture, picture: 1}).encode())
    assert json.loads(body) == {"org.example.preview": ""}
    assert [each.where for each in gone] == ["/org.example.preview", f"/{picture}"]


def test_ids_signatures_and_addresses_stay_and_the_answer_byte_for_byte():
    event = {
        "auth_events": ["$" + "a" * 43],
        "content": {"url": "mxc://chat.example/GCmhgzMPRjqgpODLsNQzVuHZ", "body": "data: none, really"},
        "hashes": {"sha256": "B" * 43},
        "signatures": {"chat.example": {"ed25519:a": "s" * 86}},
    }
    text = json.dumps(event, indent=3).encode()
    assert bare(text) == ([text], ())


def test_the_file_goes_whole_and_what_is_no_json_with_it():
    page = b"<html>not JSON"
    bodies, gone = bare(b'{"a": 1}', b"the picture", page, b"", file=1)
    assert bodies == [b'{"a": 1}', b"", b"", b""]
    assert [(each.exchange, each.where, each.sha256) for each in gone] == [
        (1, "", digest("the picture")),
        (2, "", hashlib.sha256(page).hexdigest()),
    ]


def test_json_that_is_too_deep_to_be_searched_goes_whole():
    deep = b"[" * 100_000 + b"]" * 100_000
    bodies, [gone] = bare(deep)
    assert (bodies, gone.bytes) == ([b""], len(deep))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(INLINE) | st.just(BLURHASH),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["blurhash", "thumbnail_url"]), inner)
    ),
)


@given(JSON)
def test_whatever_the_answer_nothing_of_a_likeness_is_left(value: object):
    [once], gone = bare(json.dumps({"event": value, "blurhash": BLURHASH}).encode())
    assert INLINE.encode() not in once
    assert b'"blurhash"' not in once
    assert b'"thumbnail_url"' not in once
    assert gone
    assert bare(once) == ([once], ()), "and once is enough"
