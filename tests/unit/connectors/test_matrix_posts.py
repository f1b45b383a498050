"""Events that strangers wrote, turned into posts."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from every import every
from takeback.connectors.api import Media, Post, Unseen, UnseenKind
from takeback.connectors.matrix.posts import found_in, redacted_by

KEYS = st.sampled_from(
    [
        *("content", "type", "event_id", "sender", "origin_server_ts", "msgtype", "url", "info"),
        *("mimetype", "size", "thumbnail_url", "m.new_content", "unsigned", "redacted_because"),
        *("file", "key", "k", "iv", "hashes", "prev_content", "m.relations", "m.replace", "latest_event"),
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        [
            "m.image",
            "m.room.member",
            "m.sticker",
            "$e",
            "mxc://a/b",
            "image/png",
            "\0",
            "\ud800",
            "mxc://\ud800/",
        ]
    )
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)


def post_of(event: dict[str, object], room: str) -> Post | None:
    posts = found_in([event], room).posts
    return posts[0] if posts else None


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
    found_in([event], "!room")
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


@every("claimed", [-1, 2**70, True, "12", None, 1.5])
def test_a_size_that_cannot_be_is_not_believed(claimed: object):
    post = post_of(image(info={"size": claimed}), "!room")
    assert post is not None
    assert post.media[0].size is None


@every("claimed", [10**30, -(10**30), "yesterday", None])
def test_a_time_that_no_calendar_has_is_1970(claimed: object):
    post = post_of(image() | {"origin_server_ts": claimed}, "!room")
    assert post is not None
    assert post.posted_at.year == 1970


def test_a_redacted_event_says_by_which():
    redacted = {"content": {}, "unsigned": {"redacted_because": {"event_id": "$r"}}}
    assert redacted_by(redacted) == "$r"
    assert redacted_by(image()) is None


@every("kind", ["m.image", "m.video", "m.file", "m.audio", "m.location", "m.text", "org.x"])
@every("claimed", ["image/png", "application/zip", "audio/mpeg", "", None])
def test_media_count_whatever_they_claim_to_be(kind: str, claimed: object):
    """Carriers: a picture is a picture under every type of message and every claimed type of file."""
    post = post_of(image(msgtype=kind, info={"mimetype": claimed}), "!room")
    assert post is not None
    assert post.media == (Media("mxc://demo.invalid/abc", claimed if isinstance(claimed, str) else ""),)


AVATAR = {"membership": "join", "avatar_url": "mxc://demo.invalid/face"}


def member(content: dict[str, object], before: dict[str, object] | None) -> dict[str, object]:
    unsigned = {} if before is None else {"prev_content": before}
    return image() | {
        "type": "m.room.member",
        "state_key": "@ann:x",
        "content": content,
        "unsigned": unsigned,
    }


@every("before", [None, {}, {"membership": "leave"}, AVATAR | {"avatar_url": "mxc://a/other"}])
def test_a_persons_new_picture_is_a_post(before: dict[str, object] | None):
    """Carriers: pictures of people, watched in each room."""
    post = post_of(member(AVATAR, before), "!room")
    assert post is not None
    assert [media.address for media in post.media] == ["mxc://demo.invalid/face"]


@every("spelled", ["mxc://demo.invalid/face", "mxc://demo.invalid/face?x#y"])
def test_the_same_picture_once_more_is_none(spelled: str):
    before = AVATAR | {"displayname": "before", "avatar_url": spelled}
    assert post_of(member(AVATAR | {"displayname": "after"}, before), "!room") is None


def test_of_any_other_state_the_same_picture_counts_again():
    """A pack that is changed still shows what it showed before, also where the older event is redacted."""
    content = {"images": {"smile": {"url": "mxc://demo.invalid/smile"}}}
    event = member(content, content) | {"type": "im.ponies.room_emotes", "state_key": ""}
    assert post_of(event, "!room") is not None


def test_what_an_event_brings_along_is_a_post_of_its_own():
    """Carriers: edits and threads; each is redacted under its own id."""
    edit = image(url="mxc://demo.invalid/edit") | {"event_id": "$edit"}
    latest = image(url="mxc://demo.invalid/latest") | {"event_id": "$latest"}
    latest["unsigned"] = {"m.relations": {"m.replace": edit | {"event_id": "$edit-of-latest"}}}
    relations = {"m.replace": edit, "m.thread": {"latest_event": latest, "count": 1}}
    event = image(url=None) | {"unsigned": {"m.relations": relations}}
    found = found_in([event, edit], "!room")
    assert [post.message for post in found.posts] == ["$edit", "$latest", "$edit-of-latest"]


def test_what_is_not_followed_is_said_of_its_message():
    found = found_in([image(url="https://elsewhere.example/x")], "!room")
    assert found.posts == ()
    assert found.unseen == (
        Unseen(UnseenKind.ADDRESS, "!room", "$e", "an address on the web in content.url"),
    )
