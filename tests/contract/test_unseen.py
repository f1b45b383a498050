"""Which public rooms of a real Synapse are watched, and that each other one is told with its reason.

Promise: what anybody can join or read is compared, or is told as not compared; private rooms are neither.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from faults import Fault, FaultProxy
from platforms import MatrixPlatform, Posted, picture, running_synapse
from takeback.connectors.api import Unseen, UnseenKind
from takeback.connectors.matrix import room_list, rooms
from takeback.connectors.matrix.connector import MatrixConnector
from takeback.infra.outbound import OutboundClient, path
from takeback_dev.demo.chat import ChatUser
from waiting import until
from watching import Watching


@pytest.fixture(scope="module")
def stock() -> Iterator[MatrixPlatform]:
    """A Synapse on which nobody lists a room in the directory."""
    with running_synapse() as synapse:
        platform = MatrixPlatform(synapse)
        yield platform
        platform.close()


@pytest.fixture(autouse=True)
def asks_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "REFUSED_FOR", timedelta(0))
    monkeypatch.setattr(rooms, "BUSY_FOR", timedelta(0))
    monkeypatch.setattr(rooms, "TOLD_FOR", timedelta(0))


@pytest.fixture
def connector(matrix: MatrixPlatform) -> Iterator[MatrixConnector]:
    made = matrix.connect()
    yield made
    made.close()


def as_user(user: ChatUser, origin: str, where: str, document: object, method: str = "POST") -> None:
    with OutboundClient(origin, token=user.token) as client:
        answer = client.send(method, where, document=document)
        assert answer.status == 200, answer


def set_state(matrix: MatrixPlatform, room: str, kind: str, content: dict[str, object]) -> None:
    where = path("/_matrix/client/v3/rooms", room, "state", kind)
    as_user(matrix.poster, matrix.origin, where, content, "PUT")


def ban(matrix: MatrixPlatform, room: str, how: str = "ban") -> None:
    where = path("/_matrix/client/v3/rooms", room, how)
    as_user(matrix.poster, matrix.origin, where, {"user_id": matrix.admin.user_id})


def posted_by(user: ChatUser, room: str) -> Posted:
    message, media = user.post_picture(room, picture(), "image/png")
    return Posted(room, message, media)


def told(watching: Watching, connector: MatrixConnector, room: str) -> Unseen | None:
    """What the next whole survey says of a room."""
    before = watching.surveys

    def surveyed() -> bool:
        watching.round(connector)
        return watching.surveys > before + 2  # of which the list was read after now

    until(surveyed, 60, "a survey")
    return watching.shut.get(room)


def until_told(watching: Watching, connector: MatrixConnector, room: str, kind: UnseenKind, why: str) -> None:
    expected = Unseen(kind, room, "", why)
    until(lambda: told(watching, connector, room) == expected, 60, f"{room} told as {kind} {why}")


def until_watched(watching: Watching, connector: MatrixConnector, room: str) -> None:
    until(lambda: told(watching, connector, room) is None, 60, f"{room} not told of")


def test_a_room_that_bans_us_is_told_until_it_lets_us_in_again(
    matrix: MatrixPlatform, connector: MatrixConnector
):
    """Carriers: rooms that ban the moderation account."""
    room, watching = matrix.make_place(), Watching()
    until_watched(watching, connector, room)
    ban(matrix, room)
    until_told(watching, connector, room, UnseenKind.SHUT_OUT, rooms.BANNED)
    missed = posted_by(matrix.poster, room)
    ban(matrix, room, "unban")
    until_watched(watching, connector, room)
    watching.until_seen(connector, room, {missed.message})


@pytest.mark.parametrize("rule", ["knock", "invite"])
def test_a_listed_room_that_asks_for_more_than_joining_is_told(
    matrix: MatrixPlatform, connector: MatrixConnector, rule: str
):
    """Carriers: knock rooms; and rooms by invitation, where the directory lists them."""
    room, watching = matrix.make_place(), Watching()
    set_state(matrix, room, "m.room.join_rules", {"join_rule": rule})
    until_told(watching, connector, room, UnseenKind.SHUT_OUT, rule)
    set_state(matrix, room, "m.room.join_rules", {"join_rule": "public"})
    until_watched(watching, connector, room)


def test_a_public_room_outside_the_directory_is_watched(matrix: MatrixPlatform, connector: MatrixConnector):
    """Carriers, S6: rooms that are not in the directory."""
    room = matrix.poster.create_room("unlisted", listed=False, history="joined")
    posted = posted_by(matrix.poster, room)
    Watching().until_seen(connector, room, {posted.message})


def test_an_unlisted_room_that_everybody_may_read_and_nobody_may_join_is_told(
    matrix: MatrixPlatform, connector: MatrixConnector
):
    room, watching = matrix.poster.create_room("window", listed=False), Watching()
    set_state(matrix, room, "m.room.join_rules", {"join_rule": "invite"})
    until_told(watching, connector, room, UnseenKind.SHUT_OUT, "invite")
    set_state(matrix, room, "m.room.history_visibility", {"history_visibility": "shared"})
    until_watched(watching, connector, room)


def test_a_private_room_is_neither_joined_nor_told_of(matrix: MatrixPlatform, connector: MatrixConnector):
    room, watching = matrix.poster.create_room("private", listed=False, history="shared"), Watching()
    set_state(matrix, room, "m.room.join_rules", {"join_rule": "invite"})
    with OutboundClient(matrix.origin, token=matrix.admin.token) as client:
        assert told(watching, connector, room) is None
        members = client.get(path("/_synapse/admin/v1/rooms", room, "members")).json()
    assert matrix.admin.user_id not in str(members)


def test_on_a_stock_server_with_an_empty_directory_public_rooms_are_watched_and_it_is_said(
    stock: MatrixPlatform,
):
    """S6: on a stock Synapse no room is in the directory; nothing was watched, and nothing said so."""
    room = stock.poster.create_room("unlisted", listed=False)
    posted = posted_by(stock.poster, room)
    connector, watching = stock.connect(), Watching()
    watching.until_seen(connector, room, {posted.message})
    until(lambda: told(watching, connector, room) is None and watching.survey is not None)
    assert watching.survey is not None
    assert (watching.survey.listed, watching.survey.trouble) == (0, "")
    assert watching.survey.watched == watching.survey.unlisted >= 1
    connector.close()


def test_a_server_that_refuses_its_list_of_rooms_is_said_to_and_the_directory_is_watched(
    matrix: MatrixPlatform, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(room_list, "BUSY_FOR", timedelta(0))
    room, watching = matrix.make_place(), Watching()
    posted = posted_by(matrix.poster, room)
    with FaultProxy(matrix.origin) as proxy:
        connector = matrix.connect(proxy.origin)
        with proxy.failing(Fault.NOT_FOUND_PAGE, "/admin/v1/rooms?"):
            watching.until_seen(connector, room, {posted.message})
            until(lambda: told(watching, connector, room) is None and watching.survey is not None)
            assert watching.survey is not None
            assert "404" in watching.survey.trouble
        assert until(lambda: told(watching, connector, room) is None and not watching.survey.trouble, 30)
        connector.close()


def test_a_list_that_does_not_come_holds_nothing_up(matrix: MatrixPlatform):
    """The list of all rooms is read beside the live stream, never before it."""
    room, watching = matrix.make_place(), Watching()
    with FaultProxy(matrix.origin) as proxy:
        connector = matrix.connect(proxy.origin)
        with proxy.holding("GET", "/admin/v1/rooms?") as hold:
            watching.until_seen(connector, room, {posted_by(matrix.poster, room).message})
            assert hold.reached.is_set()
            assert watching.survey is None
        connector.close()


def test_a_list_in_pages_is_read_to_its_end(matrix: MatrixPlatform, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room_list, "PAGE", 2)
    hidden = {matrix.poster.create_room(f"hidden {n}", listed=False) for n in range(5)}
    connector, watching = matrix.connect(), Watching()

    def all_watched() -> bool:
        watching.round(connector)
        joined = matrix.admin_joined()
        return hidden <= joined

    until(all_watched, 60, "all hidden rooms joined")
    connector.close()
