"""Pictures that are not the picture of a message: encrypted ones, and those of rooms and people."""

import gzip
from collections.abc import Iterator
from itertools import count

import pytest

from carriers import Stage, message
from platforms import MatrixPlatform, picture
from takeback.connectors.api import Action, Look, State, Surface, Target, Vantage
from takeback.connectors.matrix.addresses import key_of, without_key
from takeback.connectors.matrix.connector import MatrixConnector
from takeback.errors import Gone, NotAllowed, Unreadable, WhyUnreadable
from takeback.evidence.redaction import redacted
from takeback.evidence.warc import describe, write_warc
from takeback.infra.outbound import OutboundClient, path
from waiting import until
from watching import Watching

MOST = 10_000_000
_people = count(1)


@pytest.fixture
def connector(matrix: MatrixPlatform) -> Iterator[MatrixConnector]:
    made = matrix.connect()
    yield made
    made.close()


@pytest.fixture
def stage(matrix: MatrixPlatform) -> Iterator[Stage]:
    with matrix.someone(f"someone{next(_people)}") as user:
        yield Stage(matrix.origin, matrix.admin.token, user, user.create_room("a public room"), picture())


def seen(connector: MatrixConnector, posted: tuple[str, str]) -> list[Target]:
    """What a watcher finds in one message."""
    watching = Watching()
    place, event = posted
    watching.until_seen(connector, place, {event})
    return [Target(place, event, media.address) for media in watching.posts[place, event].media]


def states(looks: list[Look]) -> dict[tuple[Surface, Vantage], State]:
    return {(look.surface, look.vantage): look.state for look in looks}


def listed(stage: Stage) -> object:
    """What the server's list says of the room."""
    with OutboundClient(stage.origin, token=stage.admin) as admin:
        return admin.get(path("/_synapse/admin/v1/rooms", stage.room)).json()


def remove(connector: MatrixConnector, target: Target) -> list[str]:
    order = (Action.QUARANTINE_MEDIA, Action.REDACT_MESSAGE)
    return [connector.act(action, target, f"{target.message}/{action}").words for action in order]


class TestEncrypted:
    def test_it_is_read_removed_and_gone_like_any_other(self, stage: Stage, connector: MatrixConnector):
        """Carriers: an encrypted file in a public room, whose key stands in the message."""
        (target,) = seen(connector, stage.send(message("m.image", file=stage.sealed())))
        assert connector.fetch(target.media, MOST) == stage.data
        assert State.PRESENT in states(list(connector.verify(target))).values()
        remove(connector, target)
        assert set(states(list(connector.verify(target))).values()) == {State.ABSENT}
        with pytest.raises(Gone):
            connector.fetch(target.media, MOST)

    def test_the_harmless_one_beside_it_is_a_picture_of_its_own(
        self, stage: Stage, connector: MatrixConnector
    ):
        content = message("m.image", url=stage.harmless(), file=stage.sealed())
        plain, sealed = seen(connector, stage.send(content))
        assert key_of(plain.media) is None
        assert connector.fetch(sealed.media, MOST) == stage.data
        assert connector.fetch(plain.media, MOST) != stage.data

    def test_one_that_is_not_what_its_event_says_is_unreadable_for_that_reason(
        self, stage: Stage, connector: MatrixConnector
    ):
        other = Stage(stage.origin, stage.admin, stage.user, stage.room, picture())
        file = stage.sealed() | {"hashes": other.sealed()["hashes"]}
        (target,) = seen(connector, stage.send(message("m.image", file=file)))
        with pytest.raises(Unreadable) as refused:
            connector.fetch(target.media, MOST)
        assert refused.value.why is WhyUnreadable.WRONG_DIGEST
        made = connector.record(target, MOST)
        assert made.picture is None
        assert made.file is not None, "what was fetched is evidence all the same"

    def test_a_recording_holds_what_was_fetched_the_key_and_what_people_are_shown(
        self, stage: Stage, connector: MatrixConnector
    ):
        (target,) = seen(connector, stage.send(message("m.image", file=stage.sealed())))
        made = connector.record(target, MOST)
        assert made.target == target
        assert made.picture == stage.data
        assert made.file is not None
        key = key_of(target.media)
        assert key is not None
        assert key.open(made.exchanges[made.file].body) == stage.data
        assert stage.data not in b"".join(write_warc(made, describe(made, connector="matrix"), "test"))

    def test_where_no_picture_may_be_kept_nothing_opens_it(self, stage: Stage, connector: MatrixConnector):
        """Suspected minors: digests alone; neither the file nor a key is kept."""
        file = stage.sealed()
        (target,) = seen(connector, stage.send(message("m.image", file=file)))
        bare, taken_out = redacted(connector.record(target, MOST))
        assert bare.picture is None
        assert bare.target.media == without_key(target.media) != target.media
        about = describe(bare, connector="matrix", taken_out=taken_out)
        warc = gzip.decompress(b"".join(write_warc(bare, about, "test")))
        key = file["key"]
        assert isinstance(key, dict)
        for opens in (str(key["k"]), target.media.partition("#")[2], target.media.split(".")[-3]):
            assert opens.encode() not in warc
        assert without_key(target.media).encode() in warc
        assert {each.where for each in taken_out} >= {"/event/content/file/key/k"}


class TestPlacesAndPeople:
    def test_a_rooms_picture_is_removed(self, stage: Stage, connector: MatrixConnector):
        """Carriers: pictures of places, watched and removed like messages."""
        (target,) = seen(connector, stage.state("m.room.avatar", {"url": stage.media}))
        assert states(list(connector.verify(target)))[Surface.MESSAGE, Vantage.MEMBER] is State.PRESENT
        until(lambda: stage.media in str(listed(stage)), 20, "the server to list the picture")
        receipts = remove(connector, target)
        assert set(states(list(connector.verify(target))).values()) == {State.ABSENT}
        assert stage.current("m.room.avatar", "")["content"] == {}
        assert "the server's list of rooms still leads to this picture" in receipts[1], (
            "and nobody is shown it"
        )

    def test_a_persons_picture_is_removed_and_a_profile_that_still_names_it_is_told_of(
        self, matrix: MatrixPlatform, stage: Stage, connector: MatrixConnector
    ):
        """Carriers: pictures of people; what is said of the removal is true of the profile, too."""
        stage.profile("avatar_url", stage.media)
        me = stage.user.user_id
        until(lambda: stage.media in str(stage.current("m.room.member", me)["content"]), 20, "the picture")
        (target,) = seen(connector, (stage.room, str(stage.current("m.room.member", me)["event_id"])))
        receipts = remove(connector, target)
        assert "the person's profile still leads to this picture" in receipts[1]
        assert set(states(list(connector.verify(target))).values()) == {State.ABSENT}
        assert "avatar_url" not in str(stage.current("m.room.member", me)["content"])
        with OutboundClient(matrix.origin, token=matrix.member.token) as member:
            where = path(
                "/_matrix/client/v1/media/thumbnail", *stage.place.split("/"), width="96", height="96"
            )
            assert member.get(where).status == 404
        stage.profile("avatar_url", "")
        assert "profile" not in connector.act(Action.REDACT_MESSAGE, target, "again").words

    def test_a_membership_that_repeats_a_picture_is_no_new_post(
        self, stage: Stage, connector: MatrixConnector
    ):
        me = stage.user.user_id
        content: dict[str, object] = {"membership": "join", "avatar_url": stage.media}
        first = stage.state("m.room.member", content | {"displayname": "one"}, me)
        second = stage.state("m.room.member", content | {"displayname": "two"}, me)
        watching = Watching()
        watching.until_seen(connector, stage.room, {first[1]})
        watching.until_quiet(connector)
        assert second[1] not in watching.messages(stage.room)

    def test_a_picture_set_in_a_gap_is_seen(self, stage: Stage, connector: MatrixConnector):
        watching = Watching()
        watching.until_quiet(connector)
        posted = stage.state("m.room.avatar", {"url": stage.media})
        for _ in range(MatrixPlatform.PAGE + 5):
            stage.user.post_text(stage.room, "words")
        watching.until_seen(connector, stage.room, {posted[1]})

    def test_what_outlives_a_redaction_is_not_called_gone(self, stage: Stage, connector: MatrixConnector):
        """A membership keeps what a third party signed, whatever else it held."""
        signed = {"mxid": stage.user.user_id, "token": stage.media, "signatures": {}}
        content: dict[str, object] = {"membership": "join", "third_party_invite": {"signed": signed}}
        posted = stage.state("m.room.member", content, stage.user.user_id)
        (target,) = seen(connector, posted)
        connector.act(Action.REDACT_MESSAGE, target, "kept")
        look = next(each for each in connector.verify(target) if each.surface is Surface.MESSAGE)
        assert look.state is State.PRESENT
        assert "still with the address" in look.seen


class TestEdits:
    @pytest.mark.parametrize("first_shows", [True, False])
    def test_a_link_leads_to_what_the_message_shows_and_showed(
        self, stage: Stage, connector: MatrixConnector, *, first_shows: bool
    ):
        """Carriers: an edit of an old message; the person who reports it links to the first one."""
        shown = {"url": stage.harmless()} if first_shows else {}
        _, first = stage.send(message("m.image" if first_shows else "m.text", **shown))
        relation = {"rel_type": "m.replace", "event_id": first}
        new = message("m.image", url=stage.media)
        stage.send(message("m.text", **{"m.new_content": new, "m.relates_to": relation}))
        post = connector.locate(first)
        assert post is not None
        assert post.message == first
        assert [media.address for media in post.media] == [*shown.values(), stage.media]


def test_what_the_server_does_not_redact_for_a_poster_is_for_a_person_to_see(
    stage: Stage, connector: MatrixConnector
):
    """Where no moderator is left, Synapse redacts messages in their poster's name, and no sticker."""
    _, sticker = stage.send({"body": "s", "url": stage.media, "info": {}}, "m.sticker")
    stage.user.leave(stage.room)
    target = Target(stage.room, sticker, stage.media)
    with pytest.raises(NotAllowed, match="no event of this type"):
        connector.act(Action.REDACT_MESSAGE, target, "sticker")
    connector.act(Action.QUARANTINE_MEDIA, target, "sticker")
    assert states(list(connector.verify(target)))[Surface.MEDIA, Vantage.MEMBER] is State.ABSENT
