"""Codes in plain words, where the console speaks of statuses, events and findings. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from takeback import events
from takeback.bank.model import Refusal
from takeback.cases.model import CaseStatus, Copy, DecisionReason, LookReason
from takeback.connectors.api import Action
from takeback.dossier.model import BY_RECEIPT
from takeback.entrypoints.console import breaker_words, deciding_words, flood_words
from takeback.entrypoints.console.counting import count
from takeback.entrypoints.console.theme import Theme
from takeback.entrypoints.console.words_work import named
from takeback.events import AccountChange, ApiKeyChange, Event, FoundBy, Revealed, StaffChange, Verdict
from takeback.evidence.model import WORKING_COPY
from takeback.ids import StaffId
from takeback.signals.model import HASH_BITS, Cut, Flip
from takeback.signals.parts import names
from takeback.signals.relation import Hit
from takeback.staff.model import How, Role
from takeback.takedown.model import Finding, TargetProgress, TargetState

STATUS: Mapping[str, str] = {
    CaseStatus.OPEN: "waits for a decision",
    CaseStatus.SECOND_LOOK: "waits for a second look",
    CaseStatus.DECIDED: "decided, can be undone",
    CaseStatus.REMOVING: "being removed",
    CaseStatus.REMOVED: "removed",
    CaseStatus.DECLINED: "closed, nothing removed",
    CaseStatus.OUT_OF_REACH: "closed, out of our reach",
}
BESIDE_CHIP: Mapping[str, str] = {
    **STATUS,
    CaseStatus.REMOVED: "",
    CaseStatus.DECLINED: "nothing removed",
    CaseStatus.OUT_OF_REACH: "out of our reach",
}
"""The same beside the chip of a case, which already says "removed" or "closed"."""
VERDICT: Mapping[str, str] = {
    Verdict.SHARED_WITHOUT_CONSENT: "An intimate image, shared without consent",
    Verdict.NOT_SHARED_WITHOUT_CONSENT: "Not an intimate image shared without consent",
    Verdict.CANNOT_TELL: "I cannot tell",
    Verdict.OUT_OF_REACH: "Nothing can be done here",
}
REASON: Mapping[str, str] = {
    DecisionReason.INTIMATE_AND_NO_CONSENT: "Intimate, and the person shown did not agree",
    DecisionReason.MADE_IN_SECRET: "Made in secret",
    DecisionReason.SYNTHETIC_INTIMATE: "Made or altered by a machine to look intimate",
    DecisionReason.MAY_BE_A_MINOR: "Somebody shown may be under 18: no picture is kept, nobody looks again",
    DecisionReason.NOT_INTIMATE: "Not intimate",
    DecisionReason.NOT_THE_SAME_PICTURE: "Not the picture that was reported",
    DecisionReason.CONSENT_EVIDENT: "Consent is evident",
    DecisionReason.PICTURE_UNCLEAR: "The picture is unclear",
    DecisionReason.CONTEXT_MISSING: "Something needed to decide is missing",
    DecisionReason.NOT_CONNECTED: "It is on a platform that we are not connected to",
    DecisionReason.NOTHING_TO_LOOK_FOR: "No picture that can be looked for, and no link that leads to one",
}
LOOK_REASON: Mapping[str, str] = {
    LookReason.TO_DECIDE: "To decide",
    LookReason.TO_COMPARE: "To compare copies",
    LookReason.SECOND_OPINION: "For a second opinion",
    LookReason.TO_ANSWER: "To answer the person who reported",
}
RELEASE_REASON: Mapping[str, str] = {
    "for_a_complaint": "for a complaint to the police",
    "for_her_lawyer": "for her lawyer",
    "for_a_court": "for a court",
    "known_to_her": "she knows the account already",
}
TARGET: Mapping[str, str] = {
    TargetState.PLANNED: "waits to be removed",
    TargetState.ACTING: "is being removed",
    TargetState.CHECKING: "removed by the platform, now checked",
    TargetState.GONE: "gone",
    TargetState.FAILED: "needs a person",
    TargetState.CALLED_OFF: "called off: the decision was reversed",
}
ACTION: Mapping[str, str] = {
    Action.QUARANTINE_MEDIA: "picture made unreachable",
    Action.REDACT_MESSAGE: "message removed",
    "remove": "removal",
}
ROLE: Mapping[str, str] = {Role.REVIEWER: "Reviewer", Role.ADMINISTRATOR: "Administrator"}
HOW: Mapping[str, str] = {
    How.LINK: "one-time link",
    How.PASSKEY: "passkey",
    How.PASSWORD: "password and code",
}
THEME: Mapping[str, str] = {Theme.DARK: "Dark", Theme.LIGHT: "Light", Theme.SYSTEM: "As my system"}
_RECHECKED: Mapping[str, str] = {
    Finding.GONE: "gone, beside a picture that was seen to be there",
    Finding.THERE: "still there",
    Finding.UNCLEAR: "not certain, nothing is claimed",
}
STAFF_CHANGE: Mapping[str, str] = {
    StaffChange.MADE_REVIEWER: "was made a reviewer",
    StaffChange.MADE_ADMINISTRATOR: "was made an administrator",
    StaffChange.DISABLED: "was disabled",
    StaffChange.ENABLED: "was enabled again",
}
ACCOUNT_CHANGE: Mapping[str, str] = {
    AccountChange.REVIEWER_INVITED: "is invited as a reviewer",
    AccountChange.ADMINISTRATOR_INVITED: "is invited as an administrator",
    AccountChange.NEW_WAY_IN: "gets a new way in",
    AccountChange.MADE_REVIEWER: "becomes a reviewer",
    AccountChange.MADE_ADMINISTRATOR: "becomes an administrator",
    AccountChange.DISABLED: "is disabled",
    AccountChange.ENABLED: "is enabled again",
}
API_KEY_CHANGE: Mapping[str, str] = {ApiKeyChange.MADE: "made", ApiKeyChange.REVOKED: "revoked"}
_FLIP: Mapping[int, str] = {
    Flip.MIRROR: "mirrored",
    Flip.UPSIDE_DOWN: "upside down and mirrored",
    Flip.ROTATE_180: "upside down",
    Flip.TRANSPOSE: "turned on its side and mirrored",
    Flip.ROTATE_90: "turned on its side",
    Flip.ROTATE_270: "turned on its side",
    Flip.ANTI_TRANSPOSE: "turned on its side and mirrored",
}
_FOUND_BY: Mapping[FoundBy, str] = {
    FoundBy.LIVE: "posted after the report",
    FoundBy.LOOK_BACK: "posted before the report",
    FoundBy.REPORT: "named by the person who reported",
}
_CLOCKS = {"house": "our own deadline", "us-tida-s3": "TAKE IT DOWN Act, 48 hours"}


REFUSAL: Mapping[str, str] = {
    Refusal.TOO_LITTLE_DETAIL: "it has too little detail: what would be found has nothing to do with it",
    Refusal.INSIDE_ANOTHER: "it lies inside a page or collage; the picture in it is looked for instead",
    Refusal.WELL_KNOWN: "it is a picture that everybody shares",
    Refusal.NOT_ONE_PICTURE: "the eight numbers that were sent for it do not belong to one picture",
    Refusal.NOT_A_PICTURES_NUMBERS: "what was sent for it is not what a picture is turned into",
    "not_read_again": "the part that matched could not be read when it was removed",
}


def short(case: UUID) -> str:
    """A case as people call it: the first eight digits of its id."""
    return str(case)[:8]


def clock_name(clock: str) -> str:
    """Name a deadline."""
    return _CLOCKS.get(clock, clock.replace("_", " "))


def copies(found: Sequence[Copy]) -> str:
    """Count a case's copies, as in "4 copies, and 2 that may be"."""
    maybe = sum(copy.is_candidate for copy in found)
    if not found:
        return "Copies"
    sure = count(len(found) - maybe, "copy", "copies")
    return f"{sure}, and {maybe} that may be" if maybe else sure


def how_found(copy: Copy) -> str:
    """Describe how a copy was found: "the picture itself, mirrored, 12 of 256 bits differ; posted ..."."""
    if copy.hit is None:
        return _FOUND_BY[copy.found_by]
    hit, parts = copy.hit, [_part(copy.hit)]
    if hit.view:
        parts.append(names.in_words(hit.view))
    if hit.flip:
        parts.append(_FLIP[hit.flip])
    if hit.negative:
        parts.append("as a negative")
    if hit.inliers is not None:
        parts.append(f"geometric agreement, {count(hit.inliers, 'point')}")
    elif hit.distance is not None:
        parts.append("no bit differs" if hit.distance == 0 else f"{hit.distance} of {HASH_BITS} bits differ")
    if not hit.exact:
        parts.append("by a quick reading, for the post was gone before the exact one")
    return f"{', '.join(parts)}; {_FOUND_BY[copy.found_by]}"


def _part(hit: Hit) -> str:
    match hit.cut:
        case Cut.WHOLE:
            return "the picture itself"
        case Cut.TRIMMED:
            return "the picture inside a border (outlined)"
        case Cut.PANEL:
            return "a part of a larger picture (outlined)"
        case Cut.FRAME:
            return f"moment {moment(hit.at_ms or 0)} of a clip"


def moment(at_ms: int) -> str:
    """A place in a clip, as players show it: "0:12"."""
    minutes, seconds = divmod(at_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def said_of(copy: Copy, now: datetime) -> str:
    """Return the note at a copy that only may be the same, or of which somebody said so; mostly empty."""
    waits = copy.confirmed and not copy.acts(now)
    if copy.excluded:
        return "not the same picture"
    if copy.confirmed:
        return "confirmed: the same picture" + ("; you can take it back for a moment" if waits else "")
    return "may be the same; needs your eye" if copy.is_candidate else ""


def headline(targets: Sequence[TargetProgress]) -> str:
    """Describe a removal in one sentence. "Removed" is said only of copies that were seen to be gone."""
    targets = [target for target in targets if target.state is not TargetState.CALLED_OFF]
    gone = sum(target.state is TargetState.GONE for target in targets)
    failed = sum(target.state is TargetState.FAILED for target in targets)
    if not targets:
        return "The removal is being planned."
    if gone == len(targets):
        return f"{count(gone, 'copy', 'copies')} removed, and seen to be gone."
    removed = f"{gone:,} of {count(len(targets), 'copy', 'copies')} removed and seen to be gone."
    return f"{removed} {count(failed, 'needs a person', 'need a person')}." if failed else removed


@dataclass(frozen=True, slots=True)
class Names:
    """Names of the people and copies of one case, for its page."""

    staff: Mapping[StaffId, str]
    copies: Mapping[int, int]
    """Number on the page by sighting."""
    targets: Mapping[UUID, int]
    """Number on the page by target."""

    def of_staff(self, staff: StaffId) -> str:
        """Name a member of staff."""
        return self.staff.get(staff, "a former member of staff")

    def of_copy(self, sighting: int | None) -> str:
        """Name a copy."""
        number = self.copies.get(sighting) if sighting is not None else None
        return f"copy {number}" if number else "a copy"

    def of_target(self, target: UUID) -> str:
        """Name the copy of a target."""
        number = self.targets.get(target)
        return f"Copy {number}" if number else "A copy"


def sentence(event: Event, names: Names) -> str:  # noqa: PLR0911, PLR0912, PLR0915, C901 - an arm for each event
    """Return an event as a line of a case's history or of the list of things that need a person."""
    match event:
        case events.ReportReceived():
            return "A report arrived."
        case events.ReportUnusable(reason=reason):
            return f"A report could not be opened: {reason}"
        case events.LocationUnusable(reason=reason):
            return f"A link in a report leads to no connected platform: {reason}"
        case events.EntryBanked():
            return "The reported picture's signal was kept, to look for copies."
        case events.EntryRefused(reason=reason):
            which, _, why = reason.rpartition(": ")
            return f"A reported picture is not looked for ({which}): {REFUSAL.get(why, why)}."
        case events.EntryActivated():
            return "New copies of the picture are blocked from now on."
        case events.EntryWithdrawn():
            return "The picture's signal was withdrawn."
        case events.Matched():
            return "A post shows the reported picture, or may."
        case events.PictureUnreadable(reason=reason):
            return f"A public picture could not be read: {reason}"
        case events.CaseOpened():
            return "The report became this case; its clock runs."
        case events.CopyFound(sighting=sighting):
            return f"{names.of_copy(sighting).capitalize()} was found."
        case events.MediaRevealed(what=what, staff=staff, reason=reason, sighting=sighting):
            seen = (
                names.of_copy(sighting)
                if what is Revealed.PICTURE
                else "how to reach the person who reported"
            )
            return f"{names.of_staff(staff)} looked at {seen}: {LOOK_REASON.get(reason, reason).lower()}."
        case events.CopyExcluded(sighting=sighting, staff=staff):
            return f"{names.of_staff(staff)} said: {names.of_copy(sighting)} is not the same picture."
        case events.ExclusionUndone(sighting=sighting, staff=staff):
            return (
                f"{names.of_staff(staff)} took back that {names.of_copy(sighting)} is not the same picture."
            )
        case events.CopyConfirmed(sighting=sighting, staff=staff):
            return f"{names.of_staff(staff)} said: {names.of_copy(sighting)} is the same picture."
        case events.ConfirmationUndone(sighting=sighting, staff=staff):
            return f"{names.of_staff(staff)} took back that {names.of_copy(sighting)} is the same picture."
        case events.Decided(verdict=verdict, staff=staff, copies=covered, looked_at=looked):
            seen = deciding_words.seen(covered, looked)
            return f"{names.of_staff(staff)} decided: {_quoted(verdict)}{seen}."
        case events.DecisionUndone(staff=staff):
            return f"{names.of_staff(staff)} took the decision back."
        case events.DecisionEffective(verdict=verdict):
            return f"The decision took effect: {_quoted(verdict)}."
        case events.DecisionDisputed(verdict=verdict, staff=staff):
            return f"{names.of_staff(staff)} decided otherwise: {_quoted(verdict)}. Neither takes effect."
        case events.DecisionObjected(verdict=verdict, staff=staff):
            return (
                f"{names.of_staff(staff)} disagrees: {_quoted(verdict)}. The decision stands until reversed."
            )
        case events.DecisionReversed(staff=staff):
            return f"{names.of_staff(staff)} reversed the decision: the signals are withdrawn."
        case events.CaseReopened(why=why, staff=staff):
            who = f" {names.of_staff(staff)} opened the case again." if staff else " The case is open again."
            return f"{deciding_words.REOPENED[why]}.{who}"
        case events.ClockPassed(clock=clock):
            return f"The deadline passed before every copy was gone ({clock_name(clock)})."
        case events.RemovalPlanned(sighting=sighting, what=events.Planned.LOOK):
            return f"{names.of_copy(sighting).capitalize()} is gone already; it is only looked for."
        case events.RemovalCalledOff(target=target):
            return f"The removal of {names.of_target(target).lower()} was called off."
        case (
            events.BreakerTripped()
            | events.BreakerOverdue()
            | events.BreakerReleased()
            | events.BreakerStopped()
            | events.BreakerRearmed()
            | events.SeedCapped()
            | events.MoreCopiesAsked()
        ):
            return breaker_words.sentence(event, names.of_staff)
        case (
            events.FloodBegan()
            | events.FloodKept()
            | events.FloodLetIn()
            | events.ReportHeld()
            | events.ReportLetIn()
            | events.ReportLinkMade()
            | events.ReportLinkRevoked()
        ):
            return flood_words.sentence(event, names.of_staff)
        case events.RemovalPlanned(sighting=sighting):
            return f"{names.of_copy(sighting).capitalize()} is to be removed."
        case events.RemovalStepDone(target=target, action=action, how=how):
            return f"{names.of_target(target)}: {ACTION.get(action, action)}, {deciding_words.STEP_END[how]}."
        case events.RemovalFailed(target=target, action=action, reason=reason):
            return f"{names.of_target(target)} could not be removed ({ACTION.get(action, action)}): {reason}"
        case events.RetryAsked(target=target, staff=staff):
            return f"{names.of_staff(staff)} asked to remove {names.of_target(target).lower()} once more."
        case events.FoundGone(target=target, round=number):
            how = "gone" if number == 0 else "still gone"
            return f"{names.of_target(target)} was fetched again and is {how}."
        case events.FoundAgain(target=target):
            return f"{names.of_target(target)} can be seen again; it is removed once more."
        case events.Rechecked(target=target, round=number, finding=found):
            finding = _RECHECKED.get(found, found)
            return f"{names.of_target(target)} was looked for (check {number + 1}): {finding}."
        case events.Captured(sighting=sighting):
            return f"{names.of_copy(sighting).capitalize()} was sealed as evidence."
        case events.CaptureFailed(sighting=sighting, reason=reason):
            return f"{names.of_copy(sighting).capitalize()} could not be sealed as evidence: {reason}"
        case events.DeletionObserved(sighting=sighting):
            return f"{names.of_copy(sighting).capitalize()} is not there any more; we did not remove it."
        case events.HeartbeatRecorded(connector=connector, posts=posts):
            return f"{connector} was watched: {count(posts, 'post')}."
        case events.EvidenceAccessed(what=what, staff=staff, reason=reason):
            if reason == BY_RECEIPT:
                return f"The person concerned, by her receipt, asked for evidence ({what})."
            who = names.of_staff(staff) if staff is not None else "Somebody outside the console"
            if what == WORKING_COPY:
                return f"{who} took a reviewers' copy out, sealed: {LOOK_REASON.get(reason, reason).lower()}."
            return f"{who} took evidence out ({what}): {LOOK_REASON.get(reason, reason).lower()}."
        case events.EvidenceKept(recipients=recipients):
            return f"Evidence is kept from now on, sealed to {recipients}."
        case events.EvidenceGivenUp(reason=reason):
            return f"The operator gave up keeping evidence: {reason}"
        case events.InvestigationStarted(place=place, keeps=keeps):
            kept = "everything" if keeps is events.Keeps.EVERYTHING else "digests, and no picture,"
            return f"{place} was put under investigation: {kept} is captured there."
        case events.InvestigationEnded(place=place, how=how):
            return f"The investigation of {place} ended ({how.value})."
        case events.EvidenceErased():
            return "Sealed evidence was destroyed."
        case events.DossierWritten():
            return "An evidence package was written."
        case events.PosterReleased(staff=staff, reason=reason):
            released = f"{names.of_staff(staff)} let the person concerned be told which accounts posted"
            return f"{released}: {RELEASE_REASON.get(reason, reason)}."
        case events.Timestamped(authority=authority, size=size):
            return f"{authority} timestamped the log of {count(size, 'entry', 'entries')}."
        case events.LogSucceeded(origin=origin, lost=lost):
            return (
                f"A new log took the place of {origin}; {count(lost, 'entry', 'entries')} of that are lost."
            )
        case events.JobGaveUp(job=job, subject=subject, reason=reason):
            return f"Background work “{named(job)}” was given up ({subject}): {reason}"
        case events.BatchSetAside(connector=connector, pieces=pieces, error=error):
            many = count(pieces, "post of", "posts of")
            return f"{many} {connector} could not be processed ({error}), and are tried again one by one."
        case events.WatcherFailed(part=part, error=error):
            return f"A part of a watcher ({part}) failed unexpectedly ({error}), and was started again."
        case events.StaffInvited(staff=staff, role=role):
            return f"{names.of_staff(staff)} was invited as {role}."
        case events.StaffSignedIn(staff=staff, how=how):
            return f"{names.of_staff(staff)} signed in by {HOW.get(how, how)}."
        case events.StaffChanged(staff=staff, change=change, by=by):
            return f"{names.of_staff(staff)} {STAFF_CHANGE[change]} by {names.of_staff(by)}."
        case events.AccountChangeAsked(staff=staff, change=change, by=by):
            return f"{_who(by, names)} asked that {names.of_staff(staff)} {ACCOUNT_CHANGE[change]}."
        case events.AccountChangeApproved(staff=staff, change=change, by=by):
            return f"{_who(by, names)} agreed that {names.of_staff(staff)} {ACCOUNT_CHANGE[change]}."
        case events.AccountChangeRefused(staff=staff, change=change, by=by):
            return f"{_who(by, names)} stopped that {names.of_staff(staff)} {ACCOUNT_CHANGE[change]}."
        case events.ApiKeyChanged(change=change, by=by):
            return f"{_who(by, names)} {API_KEY_CHANGE[change]} an API key."


def _who(by: StaffId | None, names: Names) -> str:
    return names.of_staff(by) if by is not None else "The operator"


def _quoted(verdict: Verdict) -> str:
    return f"“{VERDICT[verdict]}”"


def utc(moment: datetime) -> str:
    """A time as it stands in the page before the browser makes it local."""
    return f"{moment:%d %b %H:%M}"
