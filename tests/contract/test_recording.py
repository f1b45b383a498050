"""What every connector that can record must do, against its real platform."""

import base64
import gzip
import hashlib
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from faults import Fault, FaultProxy
from platforms import MatrixPlatform, Platform, picture
from soaking import quick
from takeback.connectors.api import Action, Connector, Deletion, Recorder, Target
from takeback.errors import Gone, Unavailable, Unreadable, WhyUnreadable
from takeback.evidence.redaction import redacted
from takeback.evidence.warc import describe, write_warc
from takeback.infra import clock
from takeback.infra.outbound import OutboundClient, path
from waiting import until
from watching import Watching

MOST = 10_000_000
PASSING_FAULTS = [
    Fault.TOO_MANY_REQUESTS,
    Fault.SERVER_ERROR,
    Fault.GATEWAY_PAGE,
    Fault.NOT_FOUND_PAGE,
    Fault.LOGIN_PAGE,
    Fault.REDIRECT,
    Fault.HANG,
    Fault.CUT,
    Fault.LOST_ANSWER,
]


@pytest.fixture
def recorder(connector: Connector) -> Recorder:
    assert isinstance(connector, Recorder)
    return connector


@pytest.fixture
def recorder_behind_proxy(connector_behind_proxy: Connector) -> Recorder:
    assert isinstance(connector_behind_proxy, Recorder)
    return connector_behind_proxy


class TestRecording:
    def test_the_answers_are_there_as_they_came(self, platform: Platform, recorder: Recorder):
        place = platform.make_place()
        before = platform.post_text(place)
        began = clock.now()
        posted = platform.post_picture(place)
        after = platform.post_text(place)
        made = recorder.record(posted.target, MOST)
        assert made.target == posted.target
        assert made.file is not None
        assert made.exchanges[made.file].body == posted.data
        assert any(posted.message.encode() in exchange.body for exchange in made.exchanges)
        assert made.around.index(before) < made.around.index(after)
        assert made.sender
        assert abs(made.posted_at - began) < timedelta(minutes=1)
        assert not made.deleted

    def test_each_exchange_tells_its_question_and_its_answer(self, platform: Platform, recorder: Recorder):
        posted = platform.post_picture(platform.make_place())
        for exchange in recorder.record(posted.target, MOST).exchanges:
            assert exchange.url.startswith(platform.origin)
            assert (exchange.method, exchange.status, exchange.at.tzinfo) == ("GET", 200, UTC)
            assert {"date", "content-type"} <= {name.lower() for name, _ in exchange.said}
            assert "host" in {name.lower() for name, _ in exchange.asked}
            assert exchange.peer.rpartition(":")[2].isdigit()
            assert exchange.chain is None, "plain HTTP, and it must be said so"

    def test_our_token_is_nowhere_in_it(self, matrix: MatrixPlatform, recorder: Recorder):
        posted = matrix.post_picture(matrix.make_place())
        made = recorder.record(posted.target, MOST)
        about = describe(made, connector="matrix")
        everything = repr(made) + "".join(map(repr, made.exchanges))
        assert matrix.admin.token not in everything
        assert ("Authorization", "(redacted)") in made.exchanges[0].asked
        assert b"".join(write_warc(made, about, "test"))

    def test_what_never_was_there_is_gone(self, platform: Platform, recorder: Recorder):
        with pytest.raises(Gone):
            recorder.record(Target(platform.make_place(), "$nothing-of-this-name", platform.no_media()), MOST)

    def test_a_message_without_its_file_is_recorded_with_the_refusal(
        self, platform: Platform, recorder: Recorder
    ):
        posted = platform.post_picture(platform.make_place())
        made = recorder.record(replace(posted.target, media=platform.no_media()), MOST)
        assert made.file is None
        assert [exchange.status for exchange in made.exchanges].count(404) == 1

    def test_a_file_that_is_too_long_is_refused(self, platform: Platform, recorder: Recorder):
        posted = platform.post_picture(platform.make_place(), picture(size=300))
        with pytest.raises(Unreadable) as refused:
            recorder.record(posted.target, len(posted.data) - 1)
        assert refused.value.why is WhyUnreadable.TOO_MANY_BYTES

    @pytest.mark.parametrize("fault", quick(Fault.CUT, every=PASSING_FAULTS))
    def test_a_fault_is_unavailable(
        self, platform: Platform, recorder_behind_proxy: Recorder, proxy: FaultProxy, fault: Fault
    ):
        posted = platform.post_picture(platform.make_place())
        with proxy.failing(fault), pytest.raises(Unavailable):
            recorder_behind_proxy.record(posted.target, MOST)
        assert recorder_behind_proxy.record(posted.target, MOST).file is not None


class TestDeletion:
    def test_a_message_is_there_until_it_is_deleted(self, platform: Platform, recorder: Recorder):
        posted = platform.post_picture(platform.make_place())
        assert recorder.exists(posted.place, posted.message)
        platform.delete(posted)
        assert not recorder.exists(posted.place, posted.message)
        assert not recorder.exists(posted.place, "$nothing-of-this-name")

    @pytest.mark.parametrize("fault", quick(Fault.CUT, every=PASSING_FAULTS))
    def test_a_fault_is_no_deletion(
        self, platform: Platform, recorder_behind_proxy: Recorder, proxy: FaultProxy, fault: Fault
    ):
        posted = platform.post_picture(platform.make_place())
        with proxy.failing(fault), pytest.raises(Unavailable):
            recorder_behind_proxy.exists(posted.place, posted.message)

    def test_it_is_told_while_watching(self, platform: Platform, connector: Connector):
        place = platform.make_place()
        watching = Watching()
        watching.until_quiet(connector)
        posted = platform.post_picture(place)
        watching.until_seen(connector, place, {posted.message}, timeout=10)
        platform.delete(posted)

        def told() -> bool:
            watching.round(connector)
            return Deletion(place, posted.message) in watching.deletions

        until(told, 10, "the deletion")

    def test_our_own_removal_is_not_told(self, platform: Platform, connector: Connector):
        place = platform.make_place()
        watching = Watching()
        watching.until_quiet(connector)
        ours, theirs = platform.post_picture(place), platform.post_picture(place)
        connector.act(Action.REDACT_MESSAGE, ours.target, "recording-1")
        platform.delete(theirs)

        def told() -> bool:
            watching.round(connector)
            return Deletion(place, theirs.message) in watching.deletions

        until(told, 10, "their deletion")
        assert Deletion(place, ours.message) not in watching.deletions


class TestMatrix:
    @pytest.mark.parametrize("version", quick("1", "12", every=["1", "10", "11", "12"]))
    def test_a_redaction_is_told_in_every_room_version(
        self, matrix: MatrixPlatform, connector: Connector, version: str
    ):
        place = matrix.poster.create_room("versioned", version=version)
        watching = Watching()
        watching.until_quiet(connector)
        posted = matrix.post_picture(place)
        watching.until_seen(connector, place, {posted.message}, timeout=10)
        matrix.delete(posted)

        def told() -> bool:
            watching.round(connector)
            return Deletion(place, posted.message) in watching.deletions

        until(told, 10, "the redaction")

    def test_a_redacted_message_is_recorded_from_the_servers_own_copy_and_says_so(
        self, matrix: MatrixPlatform, recorder: Recorder
    ):
        posted = matrix.post_picture(matrix.make_place())
        matrix.delete(posted)
        made = recorder.record(posted.target, MOST)
        assert made.deleted
        assert made.file is not None
        assert made.exchanges[made.file].body == posted.data
        assert posted.media.encode() in made.exchanges[-1].body

    def test_an_edit_is_named(self, matrix: MatrixPlatform, recorder: Recorder):
        place = matrix.make_place()
        posted = matrix.post_picture(place)
        media = matrix.poster.upload(picture(), "image/png")
        shown = {"msgtype": "m.image", "body": "x", "url": media}
        content = {
            **shown,
            "m.new_content": shown,
            "m.relates_to": {"rel_type": "m.replace", "event_id": posted.message},
        }
        with OutboundClient(matrix.origin, token=matrix.poster.token) as client:
            where = path("/_matrix/client/v3/rooms", place, "send", "m.room.message", "edit-1")
            edit = client.send("PUT", where, document=content).json()["event_id"]
        assert recorder.record(Target(place, edit, media), MOST).edits == (posted.message,)
        assert edit in recorder.record(posted.target, MOST).edits

    def test_where_it_says_that_it_came_from_is_named(self, matrix: MatrixPlatform, recorder: Recorder):
        place = matrix.make_place()
        media = matrix.poster.upload(picture(), "image/png")
        source = {"room_id": "!there:chat.example", "event_id": "$first", "sender": "@somebody:chat.example"}
        content = {"msgtype": "m.image", "body": "x", "url": media, "m.forwarded": source}
        with OutboundClient(matrix.origin, token=matrix.poster.token) as client:
            where = path("/_matrix/client/v3/rooms", place, "send", "m.room.message", "forward-1")
            sent = client.send("PUT", where, document=content).json()["event_id"]
        made = recorder.record(Target(place, sent, media), MOST)
        assert made.forwarded_from == "!there:chat.example $first"

    def test_where_no_picture_may_be_kept_nothing_of_the_answers_shows_it(
        self, matrix: MatrixPlatform, recorder: Recorder
    ):
        place = matrix.make_place()
        media, small = (matrix.poster.upload(picture(), "image/png") for _ in range(2))
        inline = "data:image/png;base64," + base64.b64encode(picture()).decode()
        shown = {
            "msgtype": "m.image",
            "body": "words that stay",
            "url": media,
            "format": "org.matrix.custom.html",
            "formatted_body": f'<img src="{inline[:20_000]}">',
            "info": {
                "w": 640,
                "thumbnail_url": small,
                "thumbnail_info": {"w": 64},
                "xyz.amorgan.blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
            },
        }

        with OutboundClient(matrix.origin, token=matrix.poster.token) as client:

            def post(key: str) -> str:
                where = path("/_matrix/client/v3/rooms", place, "send", "m.room.message", key)
                return str(client.send("PUT", where, document=shown).json()["event_id"])

            message, neighbour = post("likeness-1"), post("likeness-2")
        made = recorder.record(Target(place, message, media), MOST)
        assert made.around.count(neighbour) == 1
        bare, taken_out = redacted(made)
        warc = gzip.decompress(
            b"".join(write_warc(bare, describe(made, connector="matrix", taken_out=taken_out), "test"))
        )
        for likeness in (picture(), inline[:200].encode(), b"LEHV6nWB2", small.encode()):
            assert likeness not in warc
        for kept in (b"words that stay", media.encode(), message.encode(), neighbour.encode()):
            assert kept in warc
        where = {each.where for each in taken_out if each.exchange != made.file}
        for name in ("formatted_body", "info/thumbnail_url", "info/xyz.amorgan.blurhash"):
            assert f"/event/content/{name}" in where, "of the message, by both that tell of it"
            assert any(f"/content/{name}" in each and "events_after" in each for each in where)
        digest = hashlib.sha256(b"LEHV6nWB2yk8pyo0adR*.7kCMdnj").hexdigest()
        assert [each.sha256 for each in taken_out if each.where.endswith("blurhash")] == [digest] * 3

    def test_digests_of_what_was_recorded_are_those_of_what_was_posted(
        self, matrix: MatrixPlatform, recorder: Recorder
    ):
        posted = matrix.post_picture(matrix.make_place())
        about = describe(recorder.record(posted.target, MOST), connector="matrix")
        assert hashlib.sha256(posted.data).hexdigest() in str(about["exchanges"])
