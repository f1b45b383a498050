"""Events that strangers wrote, turned into posts."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.connectors.api import Media
from takeback.connectors.matrix.posts import media_path, post_of, redacted_by

KEYS = st.sampled_from(
    [
        *("content", "type", "event_id", "sender", "origin_server_ts", "msgtype", "url", "info"),
        *("mimetype", "size", "thumbnail_url", "m.new_content", "unsigned", "redacted_because"),
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        ["m.image", "m.room.message", "m.sticker", "$e", "mxc://a/b", "image/png", "\0", "\ud800"]
    )
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)


def image(**content: object) -> dict[str, object]:
    return {
        "type": "m.room.message",
        "event_id": "$e",
        "sender": "@ann:demo.invalid",
        "origin_server_ts": 1_700_000_000_123,
        "content": {"msgtype": "m.image", "body": "x", "url": "mxc://demo.invalid/abc", **content},
    }


@given(st.dictionaries(KEYS, VALUES))
def test_no_event_does_harm(event: dict[str, object]):
    post = post_of(event, "!room")
    redacted_by(event)
    if post is not None:
        assert post.message
        assert post.media
        text = "".join([post.message, post.sender, *(media.content_type for media in post.media)])
        assert "\0" not in text
        text.encode()
        assert post.posted_at.tzinfo is UTC


def test_an_image_is_a_post():
    post = post_of(image(info={"mimetype": "image/jpeg", "size": 12}), "!room")
    assert post is not None
    assert post.posted_at == datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)
    assert post.media == (Media("mxc://demo.invalid/abc", "image/jpeg", 12),)


def test_the_same_picture_twice_in_one_event_is_one():
    event = image(**{"m.new_content": {"msgtype": "m.image", "url": "mxc://demo.invalid/abc"}})
    post = post_of(event, "!room")
    assert post is not None
    assert len(post.media) == 1


@pytest.mark.parametrize("claimed", [-1, 2**70, True, "12", None, 1.5])
def test_a_size_that_cannot_be_is_not_believed(claimed: object):
    post = post_of(image(info={"size": claimed}), "!room")
    assert post is not None
    assert post.media[0].size is None


@pytest.mark.parametrize("claimed", [10**30, -(10**30), "yesterday", None])
def test_a_time_that_no_calendar_has_is_1970(claimed: object):
    post = post_of(image() | {"origin_server_ts": claimed}, "!room")
    assert post is not None
    assert post.posted_at.year == 1970


@pytest.mark.parametrize(
    "address",
    [
        "",
        "mxc://",
        "mxc://server",
        "mxc://server/",
        "mxc://server/../x",
        "mxc://server/..",
        "mxc://server/a?b",
        "mxc://server/a b",
        "mxc://ser\0ver/a",
        "https://server/a",
        "mxc://server/" + "a" * 300,
        "mxc://server/a\n",
    ],
)
def test_what_is_not_a_media_address_is_refused(address: str):
    assert media_path(address) is None
    assert post_of(image(url=address), "!room") is None


def test_a_redacted_event_says_by_which():
    redacted = {"content": {}, "unsigned": {"redacted_because": {"event_id": "$r"}}}
    assert redacted_by(redacted) == "$r"
    assert redacted_by(image()) is None


@pytest.mark.parametrize(
    ("kind", "claimed", "counts"),
    [
        ("m.video", "video/mp4", True),
        ("m.video", "", True),
        ("m.file", "video/webm", True),
        ("m.file", "image/png", True),
        ("m.file", "application/zip", False),
        ("m.audio", "audio/mpeg", False),
    ],
)
def test_clips_count_as_pictures_do(kind: str, claimed: str, counts: bool):
    post = post_of(image(msgtype=kind, info={"mimetype": claimed}), "!room")
    assert (post is not None) is counts
    if post is not None:
        assert post.media == (Media("mxc://demo.invalid/abc", claimed),)
