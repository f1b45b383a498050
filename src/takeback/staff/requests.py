"""Changes of an account: asked by one person, done when a second one agrees, told to the person concerned.

`request_rules` says who may. A one-time link is shown to whoever approves, and works only with a code that
was shown to whoever asked: neither of the two can come in as the person alone.
"""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from takeback.errors import NotFound, Refused
from takeback.events import (
    AccountChange,
    AccountChangeApproved,
    AccountChangeAsked,
    AccountChangeRefused,
    StaffChange,
    StaffChanged,
    StaffInvited,
)
from takeback.ids import StaffId
from takeback.infra.db.pool import Tx
from takeback.infra.ledger.record import record
from takeback.staff import request_rules as rules
from takeback.staff import requests_store, store
from takeback.staff.model import Asked, Ended, Member, Request, Role
from takeback.staff.rules import LINK_LIFETIME, clean_name

TOKEN_BYTES = 32
_MOST = 50
_MOST_WAITING = 20
"""Of one asker, so that nobody's list is filled until nobody reads it."""


# --- asking ------------------------------------------------------------------------------------------------


def invite(tx: Tx, name: str, role: Role, *, by: StaffId | None, now: datetime) -> Asked:
    """Ask for a one-time link for a new member of staff, or for one who cannot get in any more.

    The operator (`by` is None) needs nobody. An administrator needs nobody to invite a new reviewer.

    Raises:
        Refused: the name cannot be used, belongs to an account that is disabled or has another role, or the
            asker may not do this.
    """
    try:
        clean = clean_name(name)
    except ValueError as error:
        raise Refused(str(error)) from error
    store.lock_accounts(tx)
    _require_administrator(tx, by)
    found = store.member_by_name(tx, clean)
    if found is None:
        admin = role is Role.ADMINISTRATOR
        change = AccountChange.ADMINISTRATOR_INVITED if admin else AccountChange.REVIEWER_INVITED
        return _ask(tx, StaffId(uuid4()), clean, change, by, now)
    if found.disabled:
        raise Refused(f"{found.name} is disabled. Enable the account first.")
    if found.role != role:
        raise Refused(f"{found.name} exists with the role {found.role}. Change the role first.")
    if by == found.id:
        raise Refused("Another administrator must change your own account, so that one is always left.")
    fresh = not found.used and role is Role.REVIEWER
    change = AccountChange.REVIEWER_INVITED if fresh else AccountChange.NEW_WAY_IN
    return _ask(tx, found.id, found.name, change, by, now)


def change_role(tx: Tx, staff: StaffId, role: Role, *, by: StaffId, now: datetime) -> Asked:
    """Ask that somebody may do more or less. Raises Refused, NotFound."""
    found = _concerned(tx, staff, by)
    if found.disabled:
        raise Refused(f"{found.name} is disabled. Enable the account first.")
    if found.role is role:
        raise Refused(f"{found.name} has this role already.")
    admin = role is Role.ADMINISTRATOR
    change = AccountChange.MADE_ADMINISTRATOR if admin else AccountChange.MADE_REVIEWER
    return _ask(tx, found.id, found.name, change, by, now)


def disable(tx: Tx, staff: StaffId, *, by: StaffId, now: datetime) -> None:
    """Close an account at once; its sessions and links end. Nothing happens if it is closed.

    Raises Refused, NotFound. An administrator is always left: nobody closes her own account.
    """
    found = _concerned(tx, staff, by)
    if not found.disabled:
        _ask(tx, found.id, found.name, AccountChange.DISABLED, by, now)


def enable(tx: Tx, staff: StaffId, *, by: StaffId | None, now: datetime) -> Asked:
    """Ask that a closed account is opened again. The operator needs nobody. Raises Refused, NotFound."""
    found = _concerned(tx, staff, by)
    if not found.disabled:
        raise Refused(f"{found.name} is not disabled.")
    return _ask(tx, found.id, found.name, AccountChange.ENABLED, by, now)


def _ask(
    tx: Tx, staff: StaffId, name: str, change: AccountChange, by: StaffId | None, now: datetime
) -> Asked:
    alone = by is None or change in rules.ALONE
    waiting = requests_store.waiting(tx, now - rules.LAPSES)
    if not alone and any(rules.same_request(each, staff, name, change) for each in waiting):
        raise Refused("This was asked already, and waits for a second administrator.")
    if not alone and sum(each.asked_by == by for each in waiting) >= _MOST_WAITING:
        raise Refused("Too many of your requests wait. Let them be answered first.")
    code = rules.new_code() if not alone and change in rules.BY_LINK else ""
    code_hash = rules.hash_code(staff, code) if code else None
    request = Request(uuid4(), staff, name, change, by, now, code_hash=code_hash)
    if alone:
        request = replace(request, ended=Ended.ALONE, ended_by=by, ended_at=now)
    requests_store.add(tx, request)
    record(tx, AccountChangeAsked(request.id, staff, change, by), at=now)
    return Asked(request, code, _carry_out(tx, request, now) if alone else "")


# --- answering ---------------------------------------------------------------------------------------------


def approve(tx: Tx, request: UUID, *, by: StaffId | None, now: datetime) -> tuple[Request, str]:
    """Agree to what somebody else asked; it takes effect.

    Returns:
        the request, and the token of its one-time link; empty if there is none.

    Raises:
        Refused: this person may not, or it cannot be done any more.
        NotFound: there is no such request.
    """
    store.lock_accounts(tx)
    found = _known(tx, request)
    fault = rules.approval_fault(found, store.members(tx), by, now)
    if fault is not None:
        raise Refused(fault)
    ended = replace(found, ended=Ended.APPROVED, ended_by=by, ended_at=now)
    requests_store.end(tx, found.id, Ended.APPROVED, by, now)
    record(tx, AccountChangeApproved(found.id, found.staff, found.change, by), at=now)
    return ended, _carry_out(tx, ended, now)


def refuse(tx: Tx, request: UUID, *, by: StaffId | None, now: datetime) -> None:
    """Take back, refuse or object to what waits. Raises Refused, NotFound."""
    store.lock_accounts(tx)
    found = _known(tx, request)
    if not rules.may_refuse(found, store.members(tx), by):
        raise NotFound("there is no such request")
    if not rules.is_open(found, now):
        raise Refused("This request was answered already, or is older than three days.")
    requests_store.end(tx, found.id, Ended.REFUSED, by, now)
    record(tx, AccountChangeRefused(found.id, found.staff, found.change, by), at=now)


def _carry_out(tx: Tx, request: Request, now: datetime) -> str:
    """Do it; the token of a one-time link, if there is one. Raises Refused if it cannot be done any more."""
    staff, change = request.staff, request.change
    found = store.member(tx, staff)
    match change:
        case AccountChange.REVIEWER_INVITED | AccountChange.ADMINISTRATOR_INVITED:
            role = rules.role_of(change)
            if found is None:
                if store.member_by_name(tx, request.name) is not None:
                    raise Refused(f"There is an account named {request.name} by now.")
                store.add_account(tx, staff, request.name, role, now)
            return _link(tx, request, role, now)
        case AccountChange.NEW_WAY_IN:
            open_account = _still(found, disabled=False)
            return _link(tx, request, open_account.role, now)
        case AccountChange.MADE_REVIEWER | AccountChange.MADE_ADMINISTRATOR:
            _still(found, disabled=False)
            store.set_role(tx, staff, rules.role_of(change), now)
            store.end_sessions(tx, staff)
            store.drop_links(tx, staff)
        case AccountChange.DISABLED | AccountChange.ENABLED:
            disabled = change is AccountChange.DISABLED
            _still(found, disabled=not disabled)
            store.set_disabled(tx, staff, disabled=disabled)
            store.end_sessions(tx, staff)
            store.drop_links(tx, staff)
    if request.asked_by is not None:
        record(tx, StaffChanged(staff, StaffChange(change.value), request.asked_by), at=now)
    return ""


def _still(found: Member | None, *, disabled: bool) -> Member:
    if found is None:
        raise NotFound("there is no such account")
    if found.disabled is not disabled:
        raise Refused(f"{found.name} is {'disabled' if found.disabled else 'not disabled'} by now.")
    return found


def _link(tx: Tx, request: Request, role: Role, now: datetime) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    hashed = hashlib.sha256(token.encode()).digest()
    store.add_link(tx, hashed, request.staff, now + LINK_LIFETIME, request.code_hash)
    record(tx, StaffInvited(request.staff, role.value), at=now)
    return token


# --- told --------------------------------------------------------------------------------------------------


def waiting(tx: Tx, *, now: datetime) -> tuple[Request, ...]:
    """Return what waits for a second person, oldest first."""
    return requests_store.waiting(tx, now - rules.LAPSES)


def recent(tx: Tx, *, now: datetime) -> tuple[Request, ...]:
    """Return what was asked lately and waits no more, latest first."""
    asked = requests_store.recent(tx, now - rules.KEPT_IN_VIEW, _MOST)
    return tuple(each for each in asked if not rules.is_open(each, now))


def about(tx: Tx, staff: StaffId, *, now: datetime) -> tuple[Request, ...]:
    """Return what was asked lately for one person, latest first."""
    return requests_store.about(tx, staff, now - rules.KEPT_IN_VIEW, _MOST)


def seconds(tx: Tx, request: Request, *, now: datetime) -> tuple[Member, ...]:
    """Return who can approve it; nobody: the operator can."""
    return tuple(rules.seconds(store.members(tx), request.asked_by, request.staff, now))


def answerable(tx: Tx, member: Member, *, now: datetime) -> int:
    """Count the requests that wait for an answer of this member."""
    if member.role is not Role.ADMINISTRATOR:
        return 0
    return sum(rules.can_answer(member, each.asked_by, each.staff, now) for each in waiting(tx, now=now))


def _known(tx: Tx, request: UUID) -> Request:
    found = requests_store.get(tx, request)
    if found is None:
        raise NotFound("there is no such request")
    return found


def _require_administrator(tx: Tx, by: StaffId | None) -> None:
    actor = None if by is None else store.member(tx, by)
    if by is not None and (actor is None or actor.disabled or actor.role is not Role.ADMINISTRATOR):
        raise Refused("Only an administrator can do this.")


def _concerned(tx: Tx, staff: StaffId, by: StaffId | None) -> Member:
    """The account, locked, if `by` may ask for a change of it. Raises Refused, NotFound."""
    store.lock_accounts(tx)  # two administrators who disable each other at once: the second is refused
    if staff == by:
        raise Refused("Another administrator must change your own account, so that one is always left.")
    _require_administrator(tx, by)
    found = store.member(tx, staff)
    if found is None:
        raise NotFound("there is no such account")
    return found
