from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from every import every
from takeback.bank.model import Refusal
from takeback.cases.model import CaseStatus, Copy, DecisionReason, LookReason
from takeback.connectors.api import Action
from takeback.entrypoints.console import deciding_words, words
from takeback.events import (
    EVENTS,
    ApiKeyChange,
    ApiKeyChanged,
    CopyExcluded,
    EntryRefused,
    EvidenceAccessed,
    ExclusionUndone,
    FoundBy,
    MediaRevealed,
    RetryAsked,
    Revealed,
    StaffChange,
    StaffChanged,
    Verdict,
)
from takeback.ids import CaseId, EntryId, ReportId, SightingId, StaffId, TargetId
from takeback.signals.model import Box, Cut, Flip
from takeback.signals.relation import Hit
from takeback.staff.model import How, Role
from takeback.takedown.model import TargetProgress, TargetState

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
    hit=Hit(12, Flip.MIRROR, negative=False),
    excluded=False,
)
TARGET = TargetProgress(TargetId(uuid4()), SightingId(1), "chat", TargetState.GONE, 1, NOW, NOW, (), ())


def hit(distance: int | None, flip: int = 0, *, negative: bool = False, **how: object) -> Copy:
    return replace(COPY, hit=Hit(distance, flip, negative=negative, **how))


def test_how_a_copy_was_found_reads_as_a_sentence():
    said = "the picture itself, mirrored, 12 of 256 bits differ; posted before the report"
    assert words.how_found(COPY) == said
    assert words.how_found(hit(0)) == "the picture itself, no bit differs; posted before the report"
    negative = replace(hit(12, negative=True), found_by=FoundBy.LIVE)
    assert words.how_found(negative) == (
        "the picture itself, as a negative, 12 of 256 bits differ; posted after the report"
    )
    named = replace(COPY, hit=None, entry=None, found_by=FoundBy.REPORT)
    assert words.how_found(named) == "named by the person who reported"


BOX = Box(1, 2, 3, 4)
QUICK = (
    "the picture itself, 6 of 256 bits differ, by a quick reading, for the post was gone before the exact one"
)


@every(
    ("how", "said"),
    [
        ({"cut": Cut.PANEL, "box": BOX}, "a part of a larger picture (outlined), 6 of 256 bits differ"),
        ({"cut": Cut.TRIMMED, "box": BOX}, "the picture inside a border (outlined), 6 of 256 bits differ"),
        ({"cut": Cut.FRAME, "at_ms": 12_345}, "moment 0:12 of a clip, 6 of 256 bits differ"),
        ({"cut": Cut.FRAME, "at_ms": 3_725_000}, "moment 1:02:05 of a clip, 6 of 256 bits differ"),
        (
            {"stage": 2, "inliers": 37, "distance": None, "review_only": True},
            "the picture itself, geometric agreement, 37 points",
        ),
        (
            {"exact": False},
            QUICK,
        ),
    ],
)  # fmt: skip
def test_it_is_said_which_part_it_was_and_how_sure_that_is(how: dict[str, object], said: str):
    assert words.how_found(hit(**{"distance": 6, **how})) == f"{said}; posted before the report"


def test_a_copy_that_may_be_the_same_asks_for_an_eye_until_somebody_said():
    candidate = hit(41, review_only=True)
    assert words.said_of(candidate, NOW) == "may be the same; needs your eye"
    confirmed = replace(candidate, confirmed=True)
    assert words.said_of(confirmed, NOW) == "confirmed: the same picture"
    later = replace(confirmed, acts_at=NOW + timedelta(seconds=9))
    assert words.said_of(later, NOW) == "confirmed: the same picture; you can take it back for a moment"
    assert words.said_of(replace(candidate, excluded=True), NOW) == "not the same picture"
    assert words.said_of(COPY, NOW) == ""


def test_candidates_are_counted_apart():
    candidate = hit(41, review_only=True)
    assert words.copies([]) == "Copies"
    assert words.copies([COPY, COPY]) == "2 copies"
    assert words.copies([COPY, candidate, candidate]) == "1 copy, and 2 that may be"


def test_a_refusal_is_told_with_the_picture_and_the_reason():
    refused = EntryRefused(ReportId(uuid4()), "picture 2: too_little_detail")
    assert words.sentence(refused, words.Names({}, {}, {})) == (
        "A reported picture is not looked for (picture 2): it has too little detail: what would be found has "
        "nothing to do with it."
    )


@every("flip", list(Flip))
def test_every_way_to_lay_a_picture_down_has_words(flip: Flip):
    assert "None" not in words.how_found(hit(12, flip))


@every(
    ("kinds", "table"),
    [
        (CaseStatus, words.STATUS),
        (Verdict, words.VERDICT),
        (DecisionReason, words.REASON),
        (LookReason, words.LOOK_REASON),
        (TargetState, words.TARGET),
        (Action, words.ACTION),
        (Role, words.ROLE),
        (How, words.HOW),
        (StaffChange, words.STAFF_CHANGE),
        (ApiKeyChange, words.API_KEY_CHANGE),
        (Refusal, words.REFUSAL),
    ],
)
def test_every_code_has_words(kinds: type, table: dict[str, str]):
    assert set(kinds) <= set(table)


def test_what_a_decision_does_is_said_with_numbers_and_without_excluded_copies():
    copies = [COPY, replace(COPY, place="!b"), replace(COPY, place="!c", excluded=True)]
    say = deciding_words.what_it_does
    assert say(Verdict.SHARED_WITHOUT_CONSENT, copies) == "Removes 2 copies in 2 places and blocks new ones."
    assert say(Verdict.SHARED_WITHOUT_CONSENT, [replace(COPY, entry=None)]) == "Removes 1 copy in 1 place."
    assert say(Verdict.NOT_SHARED_WITHOUT_CONSENT, copies).startswith("Leaves 2 copies in 2 places")
    assert say(Verdict.CANNOT_TELL, copies).startswith("Removes nothing.")
    with_candidate = [*copies, hit(41, review_only=True)]
    assert say(Verdict.SHARED_WITHOUT_CONSENT, with_candidate) == (
        "Removes 2 copies in 2 places and blocks new ones. "
        "1 copy that may be the same stays until somebody says."
    )


def test_removed_is_said_only_of_copies_that_were_seen_to_be_gone():
    acting, failed = replace(TARGET, state=TargetState.CHECKING), replace(TARGET, state=TargetState.FAILED)
    assert words.headline([]) == "The removal is being planned."
    assert words.headline([TARGET, TARGET]) == "2 copies removed, and seen to be gone."
    assert words.headline([TARGET, acting]) == "1 of 2 copies removed and seen to be gone."
    assert words.headline([acting, failed]) == "0 of 2 copies removed and seen to be gone. 1 needs a person."


def test_a_look_is_told_with_who_what_and_why():
    staff = StaffId(uuid4())
    names = words.Names({staff: "Ada"}, {7: 2}, {})
    look = MediaRevealed(COPY.case, Revealed.PICTURE, staff, "to_decide", SightingId(7))
    assert words.sentence(look, names) == "Ada looked at copy 2: to decide."
    stranger = replace(look, staff=StaffId(uuid4()), sighting=None)
    assert words.sentence(stranger, names) == "a former member of staff looked at a copy: to decide."


def test_what_staff_did_is_told_with_who_did_it():
    ada, bea = StaffId(uuid4()), StaffId(uuid4())
    names = words.Names({ada: "Ada", bea: "Bea"}, {7: 2}, {TARGET.target: 2})
    assert [
        words.sentence(event, names)
        for event in (
            CopyExcluded(COPY.case, SightingId(7), ada),
            ExclusionUndone(COPY.case, SightingId(7), bea),
            RetryAsked(TARGET.target, COPY.case, ada),
            StaffChanged(bea, StaffChange.MADE_ADMINISTRATOR, ada),
            ApiKeyChanged(ApiKeyChange.REVOKED, bea),
            ApiKeyChanged(ApiKeyChange.MADE, None),
        )
    ] == [
        "Ada said: copy 2 is not the same picture.",
        "Bea took back that copy 2 is not the same picture.",
        "Ada asked to remove copy 2 once more.",
        "Bea was made an administrator by Ada.",
        "Bea revoked an API key.",
        "The operator made an API key.",
    ]


@every("kind", EVENTS)
def test_every_event_has_a_sentence(kind: type):
    @given(st.from_type(kind))
    def check(event) -> None:
        said = words.sentence(event, words.Names({}, {}, {}))
        assert said
        assert not any(isinstance(value, UUID) and str(value) in said for value in vars_of(event))

    check()


def vars_of(event: object) -> list[object]:
    return [getattr(event, name) for name in type(event).__slots__]


def test_the_person_concerned_is_named_as_who_took_her_evidence_out():
    names = words.Names({}, {}, {})
    hers = EvidenceAccessed(COPY.case, "dossier", None, "by_receipt")
    assert (
        words.sentence(hers, names) == "The person concerned, by her receipt, asked for evidence (dossier)."
    )
    operators = EvidenceAccessed(COPY.case, "dossier", None, "operator")
    assert "Somebody outside the console" in words.sentence(operators, names)
