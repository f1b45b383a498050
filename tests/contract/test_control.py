"""The control on its real platform: it stays, everybody sees it as any public picture, and it is no post."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from faults import Fault, FaultProxy
from platforms import MatrixPlatform, Platform, Posted, running_synapse
from soaking import quick
from takeback.connectors.api import Action, Connector, State, Surface, Target, Vantage
from takeback.connectors.matrix.connector import MatrixConnector
from takeback.connectors.matrix.control import KIND, SIDE, picture
from takeback.errors import PlatformError, Unavailable
from takeback.infra.outbound import OutboundClient, path
from takeback.signals.model import MIN_QUALITY
from takeback.signals.parts.decode import decode
from takeback.signals.pdq.hashing import hash_pixels
from takeback.takedown.model import Finding
from takeback.takedown.rules import finding
from takeback.takedown.session import ControlWatch, look_beside_control
from watching import Watching

REQUIRED = frozenset({Surface.MESSAGE, Surface.MEDIA})


def control_of(connector: Connector) -> Target:
    control = connector.control()
    assert control is not None
    return control


def looks(connector: Connector, target: Target) -> dict[tuple[Surface, Vantage], State]:
    return {(look.surface, look.vantage): look.state for look in connector.verify(target)}


def outcome(connector: Connector, posted: Posted) -> Finding:
    session = look_beside_control(connector, posted.target, 0, ControlWatch(connector))
    return finding(session.looks, session.control, REQUIRED, connector.capabilities().shut_out)


def remove(connector: Connector, posted: Posted) -> None:
    for action in Action:
        connector.act(action, posted.target, f"{posted.message}/{action}")


class TestEverywhere:
    def test_it_is_seen_on_each_surface_by_whoever_the_platform_shows_anything(
        self, platform: Platform, connector: Connector
    ):
        posted = platform.post_picture(platform.make_place())
        public, control = looks(connector, posted.target), looks(connector, control_of(connector))
        assert control == public
        shut_out = connector.capabilities().shut_out
        assert {state for (_, vantage), state in control.items() if vantage not in shut_out} == {
            State.PRESENT
        }

    def test_it_stays_the_same_for_every_process(self, platform: Platform, connector: Connector):
        first = control_of(connector)
        assert control_of(connector) == first
        other = platform.connect()
        assert control_of(other) == first
        other.close()

    def test_no_stream_ever_brings_it_and_nothing_else_is_lost(
        self, platform: Platform, connector: Connector
    ):
        control, place = control_of(connector), platform.make_place()
        posted = platform.post_picture(place)
        watching = Watching()
        watching.until_seen(connector, place, {posted.message})
        watching.until_quiet(connector)
        assert watching.messages(control.place) == set()
        assert control.message not in {message for _, message in watching.posts}

    def test_a_copy_that_was_removed_is_gone_beside_it_and_one_that_was_not_is_there(
        self, platform: Platform, connector: Connector
    ):
        place = platform.make_place()
        kept, removed = platform.post_picture(place), platform.post_picture(place)
        remove(connector, removed)
        assert outcome(connector, removed) is Finding.GONE
        assert outcome(connector, kept) is Finding.THERE

    @pytest.mark.parametrize(
        "fault",
        quick(
            Fault.LOGIN_PAGE,
            every=[Fault.SERVER_ERROR, Fault.NOT_FOUND_PAGE, Fault.LOGIN_PAGE, Fault.REDIRECT, Fault.CUT],
        ),
    )
    def test_a_fault_on_the_way_is_never_taken_for_gone(
        self,
        platform: Platform,
        connector_behind_proxy: Connector,
        proxy: FaultProxy,
        fault: Fault,
    ):
        posted = platform.post_picture(platform.make_place())
        remove(connector_behind_proxy, posted)
        assert outcome(connector_behind_proxy, posted) is Finding.GONE
        with proxy.failing(fault):
            assert outcome(connector_behind_proxy, posted) is Finding.UNCLEAR
        assert outcome(connector_behind_proxy, posted) is Finding.GONE


@pytest.fixture
def ours(matrix: MatrixPlatform):
    made = matrix.connect()
    yield made
    made.close()


def as_admin(matrix: MatrixPlatform, method: str, where: str, document: object = None) -> object:
    with OutboundClient(matrix.origin, token=matrix.admin.token) as client:
        answer = client.send(method, where, document=document)
        assert answer.status == 200, answer
        return answer.json()


class TestOnMatrix:
    def test_its_room_is_for_everybody_to_see_and_for_nobody_to_write_in(
        self, matrix: MatrixPlatform, ours: MatrixConnector
    ):
        room = ours.control().place
        assert room not in str(as_admin(matrix, "GET", "/_matrix/client/v3/publicRooms"))
        matrix.member.join(room)
        with pytest.raises(PlatformError, match="M_FORBIDDEN"):
            matrix.member.post_text(room, "hello")

    def test_its_picture_has_too_little_detail_to_be_matched(self):
        with Image.open(io.BytesIO(picture())) as shown:
            assert (shown.format, shown.size) == ("PNG", (SIDE, SIDE))
        assert hash_pixels(decode(picture()).rgb).quality < MIN_QUALITY

    def test_it_cannot_be_quarantined_by_mistake(self, matrix: MatrixPlatform, ours: MatrixConnector):
        server, media = ours.control().media.removeprefix("mxc://").split("/")
        as_admin(matrix, "POST", path("/_synapse/admin/v1/media/quarantine", server, media), {})
        assert looks(ours, ours.control())[Surface.MEDIA, Vantage.MEMBER] is State.PRESENT

    def test_a_message_that_was_redacted_is_posted_anew_in_the_same_room(
        self, matrix: MatrixPlatform, ours: MatrixConnector
    ):
        before = ours.control()
        matrix.admin.delete(before.place, before.message)
        after = ours.control()
        assert after.message != before.message
        assert after.place == before.place
        assert looks(ours, after)[Surface.MESSAGE, Vantage.MEMBER] is State.PRESENT

    def test_a_picture_that_was_deleted_is_posted_anew(self, matrix: MatrixPlatform, ours: MatrixConnector):
        before = ours.control()
        server, media = before.media.removeprefix("mxc://").split("/")
        as_admin(matrix, "DELETE", path("/_synapse/admin/v1/media", server, media))
        after = ours.control()
        assert after.media != before.media
        assert looks(ours, after)[Surface.MEDIA, Vantage.ADMIN] is State.PRESENT

    def test_a_room_that_was_deleted_is_made_anew(self, matrix: MatrixPlatform, ours: MatrixConnector):
        before = ours.control()
        room = path("/_synapse/admin/v1/rooms", before.place)
        as_admin(matrix, "DELETE", room, {"purge": True, "block": True})
        after = ours.control()
        assert after.place != before.place
        assert ours.control() == after

    @pytest.mark.parametrize(
        "kept", [{}, {"room": 1, "message": [], "media": "x"}, {"room": "!a:b", "media": ""}]
    )
    def test_what_stands_in_the_account_and_names_no_picture_is_replaced(
        self, matrix: MatrixPlatform, ours: MatrixConnector, kept: object
    ):
        where = path("/_matrix/client/v3/user", matrix.admin.user_id, "account_data", KIND)
        as_admin(matrix, "PUT", where, kept)
        control = ours.control()
        assert looks(ours, control)[Surface.MEDIA, Vantage.MEMBER] is State.PRESENT
        assert ours.control() == control

    def test_an_outage_makes_no_second_one(self, matrix: MatrixPlatform, ours: MatrixConnector):
        control = ours.control()
        with FaultProxy(matrix.origin) as proxy:
            behind = matrix.connect(proxy.origin)
            for fault in (Fault.SERVER_ERROR, Fault.NOT_FOUND_PAGE, Fault.LOGIN_PAGE):
                with proxy.failing(fault, "/context/"), pytest.raises(Unavailable):
                    behind.control()
            assert not [each for each in proxy.asked if each.method == "PUT" or "createRoom" in each.path]
            behind.close()
        assert ours.control() == control

    def test_threads_that_ask_at_once_are_given_the_same(self, matrix: MatrixPlatform, ours: MatrixConnector):
        before = ours.control()
        matrix.admin.delete(before.place, before.message)
        with ThreadPoolExecutor(4) as threads:
            given = set(threads.map(lambda _: ours.control(), range(4)))
        assert len(given) == 1

    def test_where_strangers_see_it_their_looks_count(self):
        with running_synapse(allow_guests=True) as synapse:
            matrix = MatrixPlatform(synapse)
            connector = matrix.connect()
            posted = matrix.post_picture(matrix.make_place())
            remove(connector, posted)
            session = look_beside_control(connector, posted.target, 0, ControlWatch(connector))
            assert {row.state for row in session.control} == {State.PRESENT}
            assert finding(session.looks, session.control, REQUIRED) is Finding.GONE
            connector.close()
            matrix.close()

    def test_where_strangers_see_nothing_they_get_one_answer_of_control_and_copy(
        self, matrix: MatrixPlatform, ours: MatrixConnector
    ):
        posted = matrix.post_picture(matrix.make_place())
        remove(ours, posted)
        session = look_beside_control(ours, posted.target, 0, ControlWatch(ours))
        answers = {
            (row.surface, row.seen, row.state)
            for row in (*session.looks, *session.control)
            if row.vantage is Vantage.ANONYMOUS
        }
        assert len(answers) == len(Surface)
        assert {state for _, _, state in answers} == {State.ABSENT}
        assert finding(session.looks, session.control, REQUIRED) is Finding.UNCLEAR  # unless it is named
