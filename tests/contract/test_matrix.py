"""What is particular to Matrix, against a real Synapse."""

import logging
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from pydantic import SecretStr, ValidationError

from faults import Fault, FaultProxy
from platforms import MatrixPlatform, Posted, picture, running_synapse
from soaking import quick
from takeback.connectors.api import Action, State, Surface, Vantage
from takeback.connectors.matrix.connector import MatrixConnector, MatrixSettings
from takeback.connectors.matrix.stream import LIVE, HistoryCursor
from takeback.connectors.platform import Account
from takeback.errors import ConfigurationError, NotAllowed
from takeback.infra.outbound import OutboundClient, path
from takeback_dev.demo.chat import ChatUser
from waiting import until
from watching import Watching

ACCOUNT = Account("matrix")
ROOM_VERSIONS = ["1", "2", "6", "9", "10", "11", "12"]


@pytest.fixture
def connector(matrix: MatrixPlatform):
    made = matrix.connect()
    yield made
    made.close()


def looks(connector: MatrixConnector, posted: Posted) -> dict[tuple[Surface, Vantage], State]:
    return {(look.surface, look.vantage): look.state for look in connector.verify(posted.target)}


def posted_by(user: ChatUser, room: str) -> Posted:
    data = picture()
    message, media = user.post_picture(room, data, "image/png")
    return Posted(room, message, media, data)


def as_admin(matrix: MatrixPlatform, method: str, where: str, document: object = None) -> object:
    with OutboundClient(matrix.origin, token=matrix.admin.token) as client:
        answer = client.send(method, where, document=document)
        assert answer.status == 200, answer
        return answer.json()


class TestRooms:
    @pytest.mark.parametrize("version", quick("1", "12", every=ROOM_VERSIONS))
    def test_a_message_is_redacted_and_gone_in_every_room_version(
        self, matrix: MatrixPlatform, connector: MatrixConnector, version: str
    ):
        posted = posted_by(matrix.poster, matrix.poster.create_room("versioned", version=version))
        assert (
            "redacted by" in connector.act(Action.REDACT_MESSAGE, posted.target, f"version-{version}").words
        )
        assert looks(connector, posted)[Surface.MESSAGE, Vantage.MEMBER] is State.ABSENT
        assert matrix.removals(posted) == 1

    def test_the_redaction_says_nothing_of_the_matter(
        self, matrix: MatrixPlatform, connector: MatrixConnector
    ):
        posted = matrix.post_picture(matrix.make_place())
        connector.act(Action.REDACT_MESSAGE, posted.target, "case-4711/redact")
        (redaction,) = matrix.redactions(posted)
        assert redaction["content"] in ({}, {"redacts": posted.message})
        assert "4711" not in str(redaction)

    def test_two_workers_with_the_same_key_at_once_make_one_redaction(self, matrix: MatrixPlatform):
        posted = matrix.post_picture(matrix.make_place())
        connectors = [matrix.connect() for _ in range(4)]
        with ThreadPoolExecutor(4) as threads:
            receipts = list(
                threads.map(lambda each: each.act(Action.REDACT_MESSAGE, posted.target, "same"), connectors)
            )
        for each in connectors:
            each.close()
        assert len(receipts) == 4
        assert matrix.removals(posted) == 1

    @pytest.mark.parametrize("version", ["10", "12"])
    def test_where_everybody_left_the_message_is_redacted_in_its_posters_name(
        self, matrix: MatrixPlatform, connector: MatrixConnector, version: str
    ):
        room = matrix.poster.create_room("thrown away", version=version)
        kept, removed = (posted_by(matrix.poster, room) for _ in range(2))
        matrix.poster.leave(room)
        assert "poster's name" in connector.act(Action.REDACT_MESSAGE, removed.target, "left").words
        seen = looks(connector, removed)
        assert seen[Surface.MESSAGE, Vantage.ADMIN] is State.ABSENT
        assert seen[Surface.MESSAGE, Vantage.MEMBER] is State.ABSENT
        assert looks(connector, kept)[Surface.MESSAGE, Vantage.ADMIN] is State.PRESENT
        assert matrix.removals(kept) == 0

    def test_a_room_that_bans_our_account_is_told_of_asked_rarely_and_still_cleaned(
        self, matrix: MatrixPlatform
    ):
        room = matrix.make_place()
        document = {"user_id": matrix.admin.user_id}
        with OutboundClient(matrix.origin, token=matrix.poster.token) as client:
            client.send("POST", path("/_matrix/client/v3/rooms", room, "ban"), document=document)
        with FaultProxy(matrix.origin) as proxy:
            connector = matrix.connect(proxy.origin)
            watching = Watching()
            watching.until_quiet(connector)
            watching.until_quiet(connector)
            asked = [each for each in proxy.asked if each.path.endswith(f"/join/{quote(room, safe='')}")]
            assert len(asked) == 1
            posted = posted_by(matrix.poster, room)
            connector.act(Action.REDACT_MESSAGE, posted.target, "banned")
            assert looks(connector, posted)[Surface.MESSAGE, Vantage.MEMBER] is State.ABSENT
            connector.close()

    def test_after_being_kicked_we_come_back(self, matrix: MatrixPlatform, connector: MatrixConnector):
        room = matrix.make_place()
        watching = Watching()
        watching.until_quiet(connector)
        with OutboundClient(matrix.origin, token=matrix.poster.token) as client:
            where = path("/_matrix/client/v3/rooms", room, "kick")
            assert client.send("POST", where, document={"user_id": matrix.admin.user_id}).status == 200
        posted = posted_by(matrix.poster, room)
        watching.until_seen(connector, room, {posted.message}, timeout=15)


class TestHistory:
    def test_a_gap_is_read_back_to_the_cursor_and_no_further(
        self, matrix: MatrixPlatform, connector: MatrixConnector
    ):
        room = matrix.make_place()
        old = {posted.message for posted in matrix.post_many(room, 5)}
        watching = Watching()
        watching.until_seen(connector, room, old)
        watching.until_quiet(connector)
        watching.posts.clear()
        new = {posted.message for posted in matrix.post_many(room, 30)}
        since = watching.cursors[LIVE]
        watching.until_seen(connector, room, new)
        watching.until_quiet(connector)
        assert watching.messages(room) == new
        opened = [
            HistoryCursor.parse(cursor or "") for stream, cursor in watching.cursors.items() if stream != LIVE
        ]
        assert since in {cursor.stop for cursor in opened if cursor.room == room}

    def test_posts_from_before_we_came_are_found_even_where_newcomers_may_not_look_back(
        self, matrix: MatrixPlatform, connector: MatrixConnector
    ):
        room = matrix.poster.create_room("forgetful", history="joined")
        posted = posted_by(matrix.poster, room)
        watching = Watching()
        watching.until_seen(connector, room, {posted.message})

    def test_a_deleted_rooms_history_simply_ends(self, matrix: MatrixPlatform, connector: MatrixConnector):
        room = matrix.make_place()
        matrix.post_many(room, 3)
        as_admin(matrix, "DELETE", path("/_synapse/admin/v1/rooms", room), {"purge": True, "block": True})
        past = HistoryCursor(room, "")
        batch = connector.watch(past.stream(), past.format())
        assert batch.done
        assert not batch.posts


class TestPictures:
    def test_all_ways_to_show_a_picture_are_posts_and_other_messages_are_not(
        self, matrix: MatrixPlatform, connector: MatrixConnector
    ):
        """Carriers: files that claim to be none are read, too; `test_carriers.py` tries the rest."""
        room, poster = matrix.make_place(), matrix.poster
        media = [poster.upload(picture(), "image/png") for _ in range(7)]
        image, sticker, file, thumbnail, edited, clip, other = media
        expected: dict[str, tuple[str, ...]] = {}
        expected[poster.post_media(room, image)] = (image,)
        expected[poster.post(room, {"body": "s", "url": sticker, "info": {}}, "m.sticker")] = (sticker,)
        png = {"mimetype": "image/png"}
        expected[
            poster.post(
                room,
                {
                    "msgtype": "m.file",
                    "body": "f",
                    "url": file,
                    "info": png | {"thumbnail_url": thumbnail, "thumbnail_info": png},
                },
            )
        ] = (file, thumbnail)
        text = poster.post_text(room, "first words")
        new_content = {"msgtype": "m.image", "body": "now a picture", "url": edited}
        edit = {
            "msgtype": "m.text",
            "body": "* now a picture",
            "m.new_content": new_content,
            "m.relates_to": {"rel_type": "m.replace", "event_id": text},
        }
        expected[poster.post(room, edit)] = (edited,)
        expected[
            poster.post(
                room, {"msgtype": "m.video", "body": "v", "url": other, "info": {"thumbnail_url": clip}}
            )
        ] = (other, clip)
        unlike = {"msgtype": "m.file", "body": "x.zip", "url": other, "info": {"mimetype": "a/b"}}
        expected[poster.post(room, unlike)] = (other,)
        keyless = {"msgtype": "m.image", "body": "sealed", "file": {"url": other, "v": "v2"}}
        expected[poster.post(room, keyless)] = (other,)
        poster.post_text(room, "only words")
        deleted = posted_by(poster, room)
        matrix.delete(deleted)
        watching = Watching()
        watching.until_seen(connector, room, set(expected))
        watching.until_quiet(connector)
        found = {
            post.message: tuple(media.address for media in post.media)
            for post in watching.posts.values()
            if post.place == room
        }
        assert found == expected

    def test_an_edits_picture_is_removed_under_the_edits_own_id(
        self, matrix: MatrixPlatform, connector: MatrixConnector
    ):
        room, poster = matrix.make_place(), matrix.poster
        text = poster.post_text(room, "words")
        media = poster.upload(picture(), "image/png")
        shown = {"msgtype": "m.image", "body": "picture", "url": media}
        relation = {"rel_type": "m.replace", "event_id": text}
        edit = poster.post(room, {**shown, "m.new_content": shown, "m.relates_to": relation})
        posted = Posted(room, edit, media)
        for action in Action:
            connector.act(action, posted.target, f"edit/{action}")
        assert set(looks(connector, posted).values()) == {State.ABSENT}

    def test_a_thumbnail_made_before_the_quarantine_is_not_served_after_it(
        self, matrix: MatrixPlatform, connector: MatrixConnector
    ):
        posted = matrix.post_picture(matrix.make_place(), picture(size=600))
        server, media = posted.media.removeprefix("mxc://").split("/")
        sizes = [
            path("/_matrix/client/v1/media/thumbnail", server, media, width=size, height=size, method=method)
            for size in ("32", "96", "640")
            for method in ("crop", "scale")
        ]
        with OutboundClient(matrix.origin, token=matrix.member.token) as client:
            assert {client.get(where).status for where in sizes} == {200}
            connector.act(Action.QUARANTINE_MEDIA, posted.target, "thumbnails")
            assert {client.get(where).status for where in sizes} == {404}

    def test_protected_media_is_said_to_be_so(self, matrix: MatrixPlatform, connector: MatrixConnector):
        posted = matrix.post_picture(matrix.make_place())
        media = posted.media.rpartition("/")[2]
        as_admin(matrix, "POST", path("/_synapse/admin/v1/media/protect", media), {})
        with pytest.raises(NotAllowed, match="unprotect"):
            connector.act(Action.QUARANTINE_MEDIA, posted.target, "protected")


class TestLinks:
    @pytest.mark.parametrize(
        "form",
        [
            "https://matrix.to/#/{room}/{event}",
            "https://matrix.to/#/{quoted_room}/{quoted_event}?via=demo.invalid&via=other.invalid",
            "https://app.example.org/#/room/{room}/{event}",
            "matrix:roomid/{bare_room}/e/{bare_event}?via=demo.invalid",
            "{room} {event}",
            "{event}",
            "  {event}\n",
        ],
    )
    def test_each_form_leads_to_the_message(
        self, matrix: MatrixPlatform, connector: MatrixConnector, form: str
    ):
        posted = matrix.post_picture(matrix.make_place())
        link = form.format(
            room=posted.place,
            event=posted.message,
            quoted_room=quote(posted.place, safe=""),
            quoted_event=quote(posted.message, safe=""),
            bare_room=posted.place[1:],
            bare_event=posted.message[1:],
        )
        post = connector.locate(link)
        assert post is not None
        assert (post.place, post.message) == (posted.place, posted.message)

    def test_a_message_without_a_picture_is_a_post_without_media(
        self, matrix: MatrixPlatform, connector: MatrixConnector
    ):
        message = matrix.post_text(matrix.make_place())
        post = connector.locate(message)
        assert post is not None
        assert post.media == ()

    def test_a_file_or_a_room_names_no_message(self, matrix: MatrixPlatform, connector: MatrixConnector):
        posted = matrix.post_picture(matrix.make_place())
        assert connector.locate(posted.media) is None
        assert connector.locate(f"https://matrix.to/#/{posted.place}") is None


class TestLooking:
    def test_what_newcomers_may_not_see_is_not_taken_for_gone(
        self, matrix: MatrixPlatform, connector: MatrixConnector
    ):
        room = matrix.poster.create_room("forgetful", history="joined")
        posted = posted_by(matrix.poster, room)
        seen = looks(connector, posted)
        assert seen[Surface.MESSAGE, Vantage.MEMBER] is State.UNDETERMINED
        assert seen[Surface.MESSAGE, Vantage.ADMIN] is State.PRESENT
        connector.act(Action.REDACT_MESSAGE, posted.target, "hidden")
        assert looks(connector, posted)[Surface.MESSAGE, Vantage.MEMBER] is State.ABSENT

    def test_anonymous_needs_its_positive_control(self, matrix: MatrixPlatform):
        posted = matrix.post_picture(matrix.make_place())
        with FaultProxy(matrix.origin) as proxy:
            connector = matrix.connect(proxy.origin)
            with proxy.failing(Fault.NOT_FOUND_PAGE, "/versions"):
                seen = looks(connector, posted)
            connector.close()
        assert {seen[surface, Vantage.ANONYMOUS] for surface in Surface} == {State.UNDETERMINED}
        assert seen[Surface.MESSAGE, Vantage.MEMBER] is State.PRESENT

    def test_where_guests_are_let_in_a_guest_looks_too(self):
        with running_synapse(allow_guests=True) as synapse:
            matrix = MatrixPlatform(synapse)
            connector = matrix.connect()
            posted = matrix.post_picture(matrix.make_place())
            assert looks(connector, posted)[Surface.MESSAGE, Vantage.ANONYMOUS] is State.PRESENT
            for action in Action:
                connector.act(action, posted.target, f"guests/{action}")
            assert set(looks(connector, posted).values()) == {State.ABSENT}
            connector.close()
            later = matrix.connect()
            assert set(looks(later, posted).values()) == {State.ABSENT}
            later.close()
            matrix.close()

    def test_without_a_member_account_nobody_looks_as_a_member(self, matrix: MatrixPlatform):
        bare = matrix.settings().model_copy(update={"member_token": None})
        connector = MatrixConnector(bare, ACCOUNT)
        posted = matrix.post_picture(matrix.make_place())
        assert Vantage.MEMBER not in connector.capabilities().vantages
        assert {look.vantage for look in connector.verify(posted.target)} == {
            Vantage.ANONYMOUS,
            Vantage.ADMIN,
        }
        connector.close()


class TestAccess:
    @pytest.mark.parametrize("token", ["not-a-token", "ordinary"])
    def test_an_account_without_rights_is_said_to_be_so_and_its_token_is_not(
        self, matrix: MatrixPlatform, token: str, caplog: pytest.LogCaptureFixture
    ):
        caplog.set_level(logging.DEBUG)
        secret = matrix.member.token if token == "ordinary" else "syt_secret_not_a_token"
        settings = MatrixSettings.model_validate(
            {"url": matrix.origin, "admin_token": secret, "member_token": secret}
        )
        connector = MatrixConnector(settings, ACCOUNT)
        posted = matrix.post_picture(matrix.make_place())
        caplog.clear()
        with pytest.raises(NotAllowed) as refused:
            connector.locate(posted.message)
        with pytest.raises(NotAllowed):
            connector.act(Action.QUARANTINE_MEDIA, posted.target, "no rights")
        said = f"{refused.value!r} {settings!r} {connector!r} {caplog.text} {connector.verify(posted.target)}"
        assert secret not in said
        connector.close()

    def test_settings_that_cannot_be_are_refused_at_once(self):
        for url, token in (
            ("chat.example", "token"),
            ("http://127.0.0.1:1", ""),
            ("http://127.0.0.1:1", "to\nken"),
        ):
            with pytest.raises((ConfigurationError, ValidationError)):
                MatrixConnector(MatrixSettings.model_validate({"url": url, "admin_token": token}), ACCOUNT)

    def test_it_is_absent_from_member_looks_until_it_watches(self, matrix: MatrixPlatform):
        """Reading, looking and locating leave no trace of the moderation account in a room."""
        connector = matrix.connect()
        posted = matrix.post_picture(matrix.make_place())
        connector.locate(posted.message)
        connector.verify(posted.target)
        members = as_admin(matrix, "GET", path("/_synapse/admin/v1/rooms", posted.place, "members"))
        assert matrix.admin.user_id not in str(members)
        connector.close()


def test_the_same_server_comes_back_after_a_power_cut(matrix: MatrixPlatform):
    posted = matrix.post_picture(matrix.make_place())
    before = matrix.synapse.pid
    matrix.synapse.kill()
    matrix.synapse.start()
    connector = matrix.connect()
    assert matrix.synapse.pid != before
    assert until(lambda: connector.fetch(posted.media, 10_000_000) == posted.data)
    connector.close()


def test_two_accounts_of_one_server_have_controls_of_their_own_and_find_done_what_the_other_did(
    matrix: MatrixPlatform,
):
    with matrix.synapse.user("second-moderation", admin=True) as moderator:
        settings = matrix.settings().model_copy(update={"admin_token": SecretStr(moderator.token)})
        first, second = matrix.connect(), MatrixConnector(settings, Account("matrix:second"))
        assert (first.name, second.name) == ("matrix", "matrix:second")
        assert first.control() != second.control()
        posted = matrix.post_picture(matrix.make_place())
        assert first.locate(posted.message) == second.locate(posted.message)
        for action in Action:
            assert not first.act(action, posted.target, f"first/{action}").already
            assert second.act(action, posted.target, f"second/{action}").already
        assert matrix.removals(posted) == 1
        assert set(looks(second, posted).values()) == {State.ABSENT}
        first.close()
        second.close()
