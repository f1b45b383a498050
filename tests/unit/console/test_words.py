from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.cases.model import CaseStatus, Copy, DecisionReason, LookReason
from takeback.connectors.api import Action, State, Surface, Vantage
from takeback.doors.console import words
from takeback.facts import (
    FACTS,
    ApiKeyChange,
    ApiKeyChanged,
    CopyExcluded,
    ExclusionUndone,
    FoundBy,
    Looked,
    RetryAsked,
    Revealed,
    StaffChange,
    StaffChanged,
    Verdict,
)
from takeback.ids import CaseId, EntryId, SightingId, StaffId, TargetId
from takeback.signals.model import Flip
from takeback.staff.model import How, Role
from takeback.takedown.model import LookRow, TargetProgress, TargetState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
COPY = Copy(
    case=CaseId(uuid4()),
    sighting=SightingId(1),
    connector="chat",
    place="!a",
    message="$m",
    media="mxc://a/b",
    sender="@p",
    posted_at=NOW,
    added_at=NOW,
    entry=EntryId(uuid4()),
    found_by=FoundBy.LOOK_BACK,
    distance=12,
    flip=Flip.MIRROR,
    negative=False,
    excluded=False,
)
TARGET = TargetProgress(TargetId(uuid4()), SightingId(1), "chat", TargetState.GONE, 1, NOW, NOW, (), ())


def test_how_a_copy_was_found_reads_as_a_sentence():
    assert words.how_found(COPY) == "12 of 256 bits differ, mirrored; posted before the report"
    assert (
        words.how_found(replace(COPY, distance=0, flip=0))
        == "exactly the same signal; posted before the report"
    )
    negative = replace(COPY, flip=0, negative=True, found_by=FoundBy.LIVE)
    assert words.how_found(negative) == "12 of 256 bits differ, as a negative; posted after the report"
    named = replace(COPY, distance=None, flip=None, entry=None, found_by=FoundBy.REPORT)
    assert words.how_found(named) == "named by the person who reported"


@pytest.mark.parametrize("flip", list(Flip))
def test_every_way_to_lay_a_picture_down_has_words(flip: Flip):
    assert "None" not in words.how_found(replace(COPY, flip=flip))


@pytest.mark.parametrize(
    ("kinds", "table"),
    [
        (CaseStatus, words.STATUS),
        (Verdict, words.VERDICT),
        (DecisionReason, words.REASON),
        (LookReason, words.LOOK_REASON),
        (TargetState, words.TARGET),
        (Action, words.ACTION),
        (Surface, words.SURFACE),
        (Vantage, words.VANTAGE),
        (State, words.LOOK),
        (Role, words.ROLE),
        (How, words.HOW),
        (StaffChange, words.STAFF_CHANGE),
        (ApiKeyChange, words.API_KEY_CHANGE),
    ],
)
def test_every_code_has_words(kinds: type, table: dict[str, str]):
    assert set(kinds) <= set(table)


def test_what_a_decision_does_is_said_with_numbers_and_without_excluded_copies():
    copies = [COPY, replace(COPY, place="!b"), replace(COPY, place="!c", excluded=True)]
    say = words.what_it_does
    assert say(Verdict.SHARED_WITHOUT_CONSENT, copies) == "Removes 2 copies in 2 places and blocks new ones."
    assert say(Verdict.SHARED_WITHOUT_CONSENT, [replace(COPY, entry=None)]) == "Removes 1 copy in 1 place."
    assert say(Verdict.NOT_SHARED_WITHOUT_CONSENT, copies).startswith("Leaves 2 copies in 2 places")
    assert say(Verdict.CANNOT_TELL, copies).startswith("Removes nothing.")


def test_removed_is_said_only_of_copies_that_were_seen_to_be_gone():
    acting, failed = replace(TARGET, state=TargetState.CHECKING), replace(TARGET, state=TargetState.FAILED)
    assert words.headline([]) == "The removal is being planned."
    assert words.headline([TARGET, TARGET]) == "2 copies removed, and seen to be gone."
    assert words.headline([TARGET, acting]) == "1 of 2 copies removed and seen to be gone."
    assert words.headline([acting, failed]) == "0 of 2 copies removed and seen to be gone. 1 needs a person."


def test_a_look_is_told_with_who_what_and_why():
    staff = StaffId(uuid4())
    names = words.Names({staff: "Ada"}, {7: 2}, {})
    look = Looked(COPY.case, Revealed.PICTURE, staff, "to_decide", SightingId(7))
    assert words.sentence(look, names) == "Ada looked at copy 2: to decide."
    stranger = replace(look, staff=StaffId(uuid4()), sighting=None)
    assert words.sentence(stranger, names) == "a former member of staff looked at a copy: to decide."


def test_what_staff_did_is_told_with_who_did_it():
    ada, bea = StaffId(uuid4()), StaffId(uuid4())
    names = words.Names({ada: "Ada", bea: "Bea"}, {7: 2}, {TARGET.target: 2})
    assert [
        words.sentence(fact, names)
        for fact in (
            CopyExcluded(COPY.case, SightingId(7), ada),
            ExclusionUndone(COPY.case, SightingId(7), bea),
            RetryAsked(TARGET.target, COPY.case, ada),
            StaffChanged(bea, StaffChange.MADE_ADMINISTRATOR, ada),
            ApiKeyChanged(ApiKeyChange.REVOKED, bea),
            ApiKeyChanged(ApiKeyChange.MADE, None),
        )
    ] == [
        "Ada said: copy 2 is not the same picture.",
        "Bea said: copy 2 is the same picture after all.",
        "Ada asked to remove copy 2 once more.",
        "Bea was made an administrator by Ada.",
        "Bea revoked an API key.",
        "The operator made an API key.",
    ]


@pytest.mark.parametrize("kind", FACTS)
def test_every_fact_has_a_sentence(kind: type):
    @given(st.from_type(kind))
    def check(fact) -> None:
        said = words.sentence(fact, words.Names({}, {}, {}))
        assert said
        assert not any(isinstance(value, UUID) and str(value) in said for value in vars_of(fact))

    check()


def vars_of(fact: object) -> list[object]:
    return [getattr(fact, name) for name in type(fact).__slots__]


def test_looks_are_said_in_as_few_lines_as_say_all_of_it():
    def look(surface: Surface, vantage: Vantage, state: State, number: int = 1) -> LookRow:
        return LookRow(number, surface, vantage, state, "404", NOW)

    looks = [look(Surface.MEDIA, vantage, State.ABSENT) for vantage in Vantage]
    looks += [look(Surface.MESSAGE, Vantage.MEMBER, State.PRESENT)]
    looks += [look(Surface.MESSAGE, Vantage.ADMIN, State.UNDETERMINED)]
    looks += [look(Surface.MEDIA, Vantage.ADMIN, State.PRESENT, number=0)]
    assert [each.sentence for each in words.seen(looks)] == [
        "picture gone for a stranger, a member and an administrator",
        "message still there for a member",
        "message not certain for an administrator",
    ]
    assert words.seen([]) == ()
