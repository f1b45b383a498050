"""What belongs together: a report, its clock, the copies found, and what people decided."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from takeback.events import FoundBy, Verdict
from takeback.ids import CaseId, EntryId, ReportId, SightingId, StaffId
from takeback.signals.relation import Hit


class CaseStatus(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    """Waits for a reviewer."""
    SECOND_LOOK = "second_look"
    """One reviewer could not tell; waits for another."""
    DECIDED = "decided"
    """Decided, and can still be undone."""
    REMOVING = "removing"
    """Copies are being removed, or could not be yet."""
    REMOVED = "removed"
    """Every known copy was fetched again and is gone; new ones are watched for."""
    DECLINED = "declined"
    """Decided: not an intimate image shared without consent."""
    OUT_OF_REACH = "out_of_reach"
    """Decided: nothing can be done here. A copy that is found here later opens it again."""


class DecisionReason(StrEnum):
    """Why a verdict, from a closed list, so that decisions can be compared; the note is free."""

    INTIMATE_AND_NO_CONSENT = "intimate_and_no_consent"
    MADE_IN_SECRET = "made_in_secret"  # noqa: S105 - not a password
    SYNTHETIC_INTIMATE = "synthetic_intimate"
    MAY_BE_A_MINOR = "may_be_a_minor"
    """Somebody shown may be younger than 18: from then on no picture is kept, and nobody looks."""
    NOT_INTIMATE = "not_intimate"
    NOT_THE_SAME_PICTURE = "not_the_same_picture"
    CONSENT_EVIDENT = "consent_evident"
    PICTURE_UNCLEAR = "picture_unclear"
    CONTEXT_MISSING = "context_missing"
    NOT_CONNECTED = "not_connected"
    """It is on a platform that this service is not connected to."""
    NOTHING_TO_LOOK_FOR = "nothing_to_look_for"
    """No picture that can be looked for, and no link that leads to one."""


REASONS: dict[Verdict, tuple[DecisionReason, ...]] = {
    Verdict.SHARED_WITHOUT_CONSENT: (
        DecisionReason.INTIMATE_AND_NO_CONSENT,
        DecisionReason.MADE_IN_SECRET,
        DecisionReason.SYNTHETIC_INTIMATE,
        DecisionReason.MAY_BE_A_MINOR,
    ),
    Verdict.NOT_SHARED_WITHOUT_CONSENT: (
        DecisionReason.NOT_INTIMATE,
        DecisionReason.NOT_THE_SAME_PICTURE,
        DecisionReason.CONSENT_EVIDENT,
    ),
    Verdict.CANNOT_TELL: (DecisionReason.PICTURE_UNCLEAR, DecisionReason.CONTEXT_MISSING),
    Verdict.OUT_OF_REACH: (DecisionReason.NOT_CONNECTED, DecisionReason.NOTHING_TO_LOOK_FOR),
}


class LookReason(StrEnum):
    """Why a member of staff asks to see a picture or a contact."""

    TO_DECIDE = "to_decide"
    TO_COMPARE = "to_compare"
    """Is it the same picture?"""
    SECOND_OPINION = "second_opinion"
    TO_ANSWER = "to_answer"
    """To write to the person who reported (contact only)."""


class Removes(StrEnum):
    """What the decisions in effect say of a copy; kept beside it, so that nobody computes it for all."""

    NONE = "none"
    """They do not speak of it; or nobody asked yet."""
    WANTED = "wanted"
    """It is to be removed, and its removal is not planned: the next ones are, or it waits for the breaker."""
    PLANNED = "planned"
    """Its removal is planned, or was done."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case."""

    id: CaseId
    report: ReportId
    opened_at: datetime
    due_at: datetime
    due_clock: str
    """The clock that is strictest, such as "house"."""
    status: CaseStatus
    overdue: bool
    """The clock passed before every known copy was gone."""
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who decides."""

    id: StaffId
    is_administrator: bool = False
    """Decides where others are stuck."""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A case as the queue shows it."""

    case: Case
    copies: int
    """Without those that only may be copies, as places and posters are counted."""
    places: int
    posters: int
    candidates: int = 0
    """Copies that may show the picture, of which nobody has said whether they do."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A post that shows the case's picture, and how that was found."""

    case: CaseId
    sighting: SightingId
    connector: str
    place: str
    message: str
    media: str
    sender: str
    posted_at: datetime
    added_at: datetime
    entry: EntryId | None
    """None: the reporter said where it is; it was not found by its signal."""
    found_by: FoundBy
    hit: Hit | None
    """How its signal agrees with the entry's; None if it was not found by its signal."""
    excluded: bool
    """A reviewer said: not the same picture. Nothing is done to it."""
    confirmed: bool = False
    """A reviewer said: the same picture. Only of a copy that was found for review only."""
    acts_at: datetime | None = None
    """Confirmed in a decided case: from then on the decision covers it. None: as soon as there is one."""
    gone_at: datetime | None = None
    """It was looked for and is gone, whichever case removed it: nobody can look at it any more."""

    @property
    def is_candidate(self) -> bool:
        """It may be the same, and nobody has said whether it is: nothing is done to it."""
        only_may = self.hit is not None and self.hit.review_only
        return only_may and not self.confirmed and not self.excluded

    @property
    def counts(self) -> bool:
        """It is a copy, as far as anybody knows."""
        return not self.excluded and not self.is_candidate

    @property
    def can_be_seen(self) -> bool:
        """A reviewer can still look at it, and it is not excluded."""
        return not self.excluded and self.gone_at is None

    def acts(self, now: datetime) -> bool:
        """Return whether that it was confirmed can no longer be taken back."""
        return self.confirmed and (self.acts_at is None or self.acts_at <= now)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer decided."""

    id: UUID
    case: CaseId
    verdict: Verdict
    reason: DecisionReason
    note: str
    staff: StaffId
    decided_at: datetime
    effective_at: datetime
    state: str
    """waiting | undone | effective | disputed | reversed"""
    shown: frozenset[SightingId] = frozenset()
    """The copies that it covers: its page showed them as copies that can be seen. None but these."""
    looked_at: int | None = None
    """How many of these the reviewer had asked to see clearly; None: it was not counted then."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What the reporter said, as a reviewer sees it without asking for more."""

    account: str
    locations: tuple[str, ...]
    pictures: int
    signed: bool
    has_contact: bool
    language: str


@dataclass(frozen=True, slots=True)
class Covered:
    """What decisions in effect say of the copies of a case; empty if there is none."""

    remove: tuple[Copy, ...] = ()
    reviewed: frozenset[SightingId] = frozenset()
    """Those that a person saw or confirmed."""
    entries: tuple[EntryId, ...] = ()
    """The active entries that the others match."""
