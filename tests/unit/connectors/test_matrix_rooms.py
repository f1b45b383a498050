"""What a survey of a homeserver's rooms says, and when."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.connectors.api import Survey, Unseen, UnseenKind
from takeback.connectors.matrix import rooms
from takeback.connectors.matrix.calls import Caller
from takeback.connectors.matrix.room_list import Room, RoomList, public_room
from takeback.connectors.matrix.rooms import News, Refusal, RoomKeeper, survey, why_refused
from takeback.infra import clock
from takeback.infra.outbound import Answer, OutboundClient

NOW = datetime(2026, 1, 2, tzinfo=UTC)
FOUND = News((Unseen(UnseenKind.SHUT_OUT, "!a", "", "banned"),), Survey(1, 0, 0))
_ids = st.sampled_from([f"!{n}" for n in range(8)])
_refusals = st.builds(
    Refusal, st.just(NOW), st.just("403 X"), st.sampled_from(["", "banned", "knock"]), st.booleans()
)


@given(
    public=st.sets(_ids),
    directory=st.sets(_ids),
    joined=st.sets(_ids),
    refused=st.dictionaries(_ids, _refusals),
)
def test_every_public_room_is_watched_or_told_with_a_reason_and_no_other_is(
    public: set[str], directory: set[str], joined: set[str], refused: dict[str, Refusal]
):
    """Carriers: no public room is neither watched nor named; a room that we do not know is not named."""
    known = {room: Room(room, "public") for room in public}
    told = survey(known, directory, joined, refused, "")
    assert told.survey is not None
    named = {each.place for each in told.unseen}
    assert named == known.keys() - joined
    assert len(told.unseen) == len(named)
    assert all(each.why and not each.message for each in told.unseen)
    assert told.survey.watched + len(named) == len(known) == told.survey.listed + told.survey.unlisted


@pytest.mark.parametrize(
    ("listed", "is_public"),
    [
        ({"join_rules": "public", "history_visibility": "joined"}, True),
        ({"join_rules": "invite", "history_visibility": "world_readable"}, True),
        ({"join_rules": "knock", "history_visibility": "shared"}, False),
        ({"join_rules": None, "history_visibility": None}, False),
        ({"join_rules": ["public"], "history_visibility": 1}, False),
        ({}, False),
    ],
)
def test_a_room_is_public_if_anybody_may_join_it_or_read_it(listed: dict[str, object], is_public: bool):
    assert (public_room({"room_id": "!a", **listed}) is not None) is is_public
    assert public_room(listed) is None


@pytest.mark.parametrize(
    ("rule", "status", "document", "why"),
    [
        ("public", 403, {"errcode": "M_FORBIDDEN", "error": "You are banned from this room"}, "banned"),
        ("public", 403, {"errcode": "M_BAD_STATE", "error": "Cannot join user who was banned"}, "banned"),
        ("public", 403, {"errcode": "M_FORBIDDEN", "error": "This room has been blocked"}, "blocked"),
        ("public", 403, {"errcode": "M_FORBIDDEN", "error": "other words"}, ""),
        ("knock", 403, {"errcode": "M_FORBIDDEN", "error": "other words"}, "knock"),
        ("knock", 429, {"errcode": "M_LIMIT_EXCEEDED", "error": "banned for a while"}, ""),
        ("knock", 403, {"errcode": 7, "error": ["banned"]}, ""),
    ],
)
def test_why_a_room_refuses_is_one_word_where_we_can_tell(rule: str, status: int, document: object, why: str):
    answer = Answer(status, "application/json", json.dumps(document).encode(), whole=True)
    assert why_refused(rule, answer) == why


def sealer(monkeypatch: pytest.MonkeyPatch) -> RoomKeeper:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    account = Caller(OutboundClient("http://127.0.0.1:1"))
    return RoomKeeper(account, timedelta(seconds=1), RoomList(account, timedelta(seconds=1)))


def test_a_survey_is_told_once_and_again_when_it_changes_or_is_old(monkeypatch: pytest.MonkeyPatch):
    made = sealer(monkeypatch)
    assert made.tell("0", "1") == News()
    made._found = FOUND
    assert made.tell("1", "2") == FOUND
    assert made.tell("2", "3") == News()
    made._found = changed = News((), Survey(1, 0, 1))
    assert made.tell("3", "4") == changed
    monkeypatch.setattr(clock, "now", lambda: NOW + rooms.TOLD_FOR)
    assert made.tell("4", "5") == changed
    assert made.tell("5", "6") == News()


def test_what_a_lost_batch_told_is_told_again(monkeypatch: pytest.MonkeyPatch):
    """A watcher that could not commit reads from its old cursor; the survey must not be lost with it."""
    made = sealer(monkeypatch)
    made._found = FOUND
    assert made.tell("1", "2") == FOUND
    assert made.tell("1", "2") == FOUND
    assert made.tell("2", "3") == News()
