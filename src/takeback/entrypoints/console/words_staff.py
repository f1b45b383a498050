"""Words for requests about accounts. Pure."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from takeback.entrypoints.console.words import ACCOUNT_CHANGE
from takeback.events import AccountChange
from takeback.staff.model import Ended, Member, Request

_YOURS: Mapping[AccountChange, str] = {
    AccountChange.REVIEWER_INVITED: "for an invitation for you, as a reviewer",
    AccountChange.ADMINISTRATOR_INVITED: "for an invitation for you, as an administrator",
    AccountChange.NEW_WAY_IN: "for a new way into your account",
    AccountChange.MADE_REVIEWER: "that you become a reviewer",
    AccountChange.MADE_ADMINISTRATOR: "that you become an administrator",
    AccountChange.DISABLED: "that your account is closed",
    AccountChange.ENABLED: "that your account is opened again",
}


def names_of(team: Sequence[Member]) -> dict[UUID, str]:
    """Return the names of accounts."""
    return {member.id: member.name for member in team}


def who(staff: UUID | None, names: Mapping[UUID, str]) -> str:
    """Name a person; None is the operator."""
    return "The operator" if staff is None else names.get(staff, "A former member of staff")


def asked(request: Request, names: Mapping[UUID, str]) -> str:
    """A request in a list: "Ada asked that Bea gets a new way in"."""
    return f"{who(request.asked_by, names)} asked that {request.name} {ACCOUNT_CHANGE[request.change]}"


def asked_of_you(request: Request, names: Mapping[UUID, str]) -> str:
    """The same to the person concerned."""
    return f"{who(request.asked_by, names)} asked {_YOURS[request.change]}"


def ended(request: Request, names: Mapping[UUID, str], me: UUID, *, open_still: bool) -> str:
    """Describe the status of a request."""
    match request.ended:
        case None:
            return "waits for a second person" if open_still else "nobody agreed within three days"
        case Ended.ALONE:
            return "done at once"
        case Ended.APPROVED:
            return f"{_by(request, names, me)} agreed; it is done"
        case Ended.REFUSED:
            return f"{_by(request, names, me)} stopped it"


def _by(request: Request, names: Mapping[UUID, str], me: UUID) -> str:
    return "you" if request.ended_by == me else who(request.ended_by, names)
