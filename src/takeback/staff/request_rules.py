"""Pure decisions about who may ask for a change of an account, and who may agree.

An account's decisions are its owner's. So whoever could come in as somebody else, or have a say twice, needs
a second person: an administrator who neither asked nor is concerned, and has been one for a day. Where there
is none, it is the operator at the command line. Closing an account takes power away and gives none, so one
administrator does it at once.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from takeback.events import AccountChange
from takeback.ids import StaffId
from takeback.staff.model import Member, Request, Role

LAPSES = timedelta(days=3)
"""A request that nobody answered is no more."""
MATURE = timedelta(days=1)
"""An administrator who has been one for less cannot approve: others have had time to see her come."""
NEWS_FOR = timedelta(days=7)
"""For so long the person concerned is told on every page of a browser that has not heard of it."""
KEPT_IN_VIEW = timedelta(days=90)
MOST_WRONG_CODES = 5
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_CODE_LETTERS = 10
ALONE = frozenset({AccountChange.REVIEWER_INVITED, AccountChange.DISABLED})
"""What one administrator does at once."""
BY_LINK = frozenset({AccountChange.ADMINISTRATOR_INVITED, AccountChange.NEW_WAY_IN})
"""What ends in a one-time link that needs a code beside it."""


def new_code() -> str:
    """Ten letters (about 49 bits) in two groups, for the asker to hand over."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LETTERS))
    return f"{letters[:5]}-{letters[5:]}"


def hash_code(staff: StaffId, code: str) -> bytes:
    """Return the hash that is kept of a code; spaces, dashes and small letters are forgiven."""
    typed = re.sub(r"[^A-Z0-9]", "", code.upper()[:40])
    return hashlib.sha256(f"{staff} {typed}".encode()).digest()


def is_open(request: Request, now: datetime) -> bool:
    """Return whether a request can still be answered."""
    return request.ended is None and now < request.asked_at + LAPSES


def can_answer(member: Member, asked_by: StaffId | None, staff: StaffId, now: datetime) -> bool:
    """Return whether this member is the second person that a request needs."""
    since = member.administrator_since or member.made_at
    return (
        member.role is Role.ADMINISTRATOR
        and not member.disabled
        and member.can_return
        and now >= since + MATURE
        and member.id not in {asked_by, staff}
    )


def seconds(team: Sequence[Member], asked_by: StaffId | None, staff: StaffId, now: datetime) -> list[Member]:
    """Those who can approve what `asked_by` asks for `staff`; none: the operator does."""
    return [member for member in team if can_answer(member, asked_by, staff, now)]


def approval_fault(request: Request, team: Sequence[Member], by: StaffId | None, now: datetime) -> str | None:
    """Return why this person cannot approve a request, in a sentence for her; None if she can."""
    if not is_open(request, now):
        return "This request was answered already, or is older than three days."
    asker = next((member for member in team if member.id == request.asked_by), None)
    if asker is None or asker.disabled or asker.role is not Role.ADMINISTRATOR:
        return "Who asked is no administrator any more."
    able = seconds(team, request.asked_by, request.staff, now)
    if by is None:
        names = ", ".join(member.name for member in able)
        return f"An administrator can approve this in the console: {names}." if able else None
    return None if by in {member.id for member in able} else _not_the_second(request, by)


def _not_the_second(request: Request, by: StaffId) -> str:
    if by == request.asked_by:
        return "Somebody else must approve what you asked."
    if by == request.staff:
        return "Nobody approves a change of her own account."
    return "Only somebody who has been an administrator for a day, and has a way in, can approve this."


def may_refuse(request: Request, team: Sequence[Member], by: StaffId | None) -> bool:
    """Return whether this person asked, is concerned, or is an administrator or the operator."""
    if by is None or by in {request.asked_by, request.staff}:
        return True
    return any(
        member.id == by and member.role is Role.ADMINISTRATOR and not member.disabled for member in team
    )


def is_news(request: Request, since: datetime | None, now: datetime) -> bool:
    """Return whether a browser that heard of all up to `since` tells the person concerned of a request.

    Nobody is told of her own invitation.
    """
    at = request.ended_at or request.asked_at
    invited = request.change in {AccountChange.REVIEWER_INVITED, AccountChange.ADMINISTRATOR_INVITED}
    if invited or (request.ended is None and not is_open(request, now)):
        return False
    return now < at + NEWS_FOR and (since is None or at > since)


def same_request(request: Request, staff: StaffId, name: str, change: AccountChange) -> bool:
    """Return whether two ask for the same."""
    same = request.staff == staff or request.name.casefold() == name.casefold()
    return same and request.change is change


def role_of(change: AccountChange) -> Role:
    """The role of an invitation or of a change of role. Raises KeyError for any other change."""
    return {
        AccountChange.REVIEWER_INVITED: Role.REVIEWER,
        AccountChange.MADE_REVIEWER: Role.REVIEWER,
        AccountChange.ADMINISTRATOR_INVITED: Role.ADMINISTRATOR,
        AccountChange.MADE_ADMINISTRATOR: Role.ADMINISTRATOR,
    }[change]
