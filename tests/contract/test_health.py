"""What a real Synapse lacks is said in words (S6): a stock one, whose directory is empty, above all."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from faults import Fault, FaultProxy
from platforms import MatrixPlatform, picture, running_synapse
from takeback.connectors.api import Examined, TroubleKind
from takeback.connectors.matrix import rooms
from takeback.connectors.matrix.connector import MatrixConnector, MatrixSettings, Pace
from takeback.connectors.platform import Account
from takeback.infra.outbound import OutboundClient, Timeouts, path
from waiting import until
from watching import Watching


@pytest.fixture(scope="module")
def stock() -> Iterator[MatrixPlatform]:
    """A Synapse without `room_list_publication_rules`, with a public room."""
    with running_synapse(publishes=False) as synapse:
        platform = MatrixPlatform(synapse)
        yield platform
        platform.close()


def connected(platform: MatrixPlatform, name: str = "matrix", **other: str) -> MatrixConnector:
    settings = platform.settings().model_dump() | other
    quick = Timeouts(connect=1, silence=5, total=5)
    return MatrixConnector(MatrixSettings.model_validate(settings), Account(name), Pace(0.2, timeouts=quick))


def said(connector: MatrixConnector) -> dict[TroubleKind, tuple[bool, str]]:
    assert isinstance(connector, Examined)
    found = {each.kind: (each.serious, each.words) for each in connector.health()}
    connector.close()
    return found


def test_s6_a_stock_server_is_said_to_publish_no_room_and_is_watched_all_the_same(stock: MatrixPlatform):
    room = stock.poster.create_room("public, and in no directory", listed=False)
    message, _ = stock.poster.post_picture(room, picture(), "image/png")
    connector = connected(stock)
    Watching().until_seen(connector, room, {message})
    [(kind, (serious, words))] = said(connector).items()
    assert (kind, serious) == (TroubleKind.DIRECTORY_EMPTY, False)
    assert "A stock Synapse publishes no room: set room_list_publication_rules" in words
    assert "found in the server's own list" in words


def test_s6_a_token_without_the_right_is_said_and_that_nothing_is_watched(stock: MatrixPlatform):
    found = said(connected(stock, admin_token=stock.poster.token))
    assert {kind: serious for kind, (serious, _) in found.items()} == {
        TroubleKind.NOT_ADMINISTRATOR: True,
        TroubleKind.DIRECTORY_EMPTY: True,
    }
    assert "Make the account a server administrator" in found[TroubleKind.NOT_ADMINISTRATOR][1]
    assert "nothing is watched" in found[TroubleKind.DIRECTORY_EMPTY][1]


@pytest.mark.parametrize(
    ("name", "which", "setting"),
    [
        ("matrix", "admin_token", "TAKEBACK_MATRIX_ADMIN_TOKEN"),
        ("matrix:second", "member_token", "TAKEBACK_MATRIX_SECOND_MEMBER_TOKEN"),
    ],
)
def test_s6_a_token_that_is_not_accepted_is_said_by_the_setting_that_holds_it(
    stock: MatrixPlatform, name: str, which: str, setting: str
):
    found = said(connected(stock, name, **{which: "syt_of_yesterday"}))
    serious, words = found[TroubleKind.TOKEN_REFUSED]
    assert serious
    assert setting in words
    assert "syt_of_yesterday" not in words


@pytest.mark.parametrize("fault", [Fault.GATEWAY_PAGE, Fault.NOT_FOUND_PAGE, Fault.LOGIN_PAGE, Fault.CUT])
def test_s6_a_server_that_is_away_is_said_to_be(matrix: MatrixPlatform, fault: Fault):
    with FaultProxy(matrix.origin) as proxy, proxy.failing(fault):
        found = said(connected(matrix, url=proxy.origin))
    assert set(found) == {TroubleKind.AWAY}


def test_s6_a_server_with_a_directory_and_our_rights_lacks_nothing(matrix: MatrixPlatform):
    matrix.make_place()
    assert said(connected(matrix)) == {}


def test_s6_rooms_that_could_not_be_joined_are_counted(
    matrix: MatrixPlatform, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rooms, "REFUSED_FOR", timedelta(hours=1))
    room = matrix.make_place()
    with OutboundClient(matrix.origin, token=matrix.poster.token) as client:
        where = path("/_matrix/client/v3/rooms", room, "ban")
        assert client.send("POST", where, document={"user_id": matrix.admin.user_id}).status == 200
    connector, watching = connected(matrix), Watching()

    def told() -> bool:
        watching.round(connector)
        return any(each.kind is TroubleKind.SHUT_OUT for each in connector.health())

    until(told, 60)
    serious, words = said(connector)[TroubleKind.SHUT_OUT]
    assert not serious
    assert "1 public room could not be joined" in words
    assert room not in words


def test_s6_without_the_right_the_live_stream_goes_on(matrix: MatrixPlatform):
    """S11: a limited room may not be asked for whether we joined it; that stopped the whole stream."""
    room = matrix.make_place()
    connector, watching = connected(matrix, admin_token=matrix.member.token, timeline=1), Watching()
    message, _ = matrix.poster.post_picture(room, picture(), "image/png")
    [live] = connector.streams()
    watching.cursors[live] = None
    watching.step(connector, live)
    for _ in range(3):
        message, _ = matrix.poster.post_picture(room, picture(), "image/png")

    def seen() -> bool:
        watching.step(connector, live)
        return message in watching.messages(room)

    until(seen, 60)
    connector.close()
