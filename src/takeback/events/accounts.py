"""Accounts of staff, keys of programs, and who agreed to a change."""

from dataclasses import dataclass
from uuid import UUID

from takeback.events.choices import AccountChange, ApiKeyChange, StaffChange
from takeback.ids import StaffId


@dataclass(frozen=True, slots=True)
class StaffInvited:
    """An administrator made a one-time link for a new or returning member of staff."""

    staff: StaffId
    role: str


@dataclass(frozen=True, slots=True)
class StaffSignedIn:
    """A member of staff opened a session."""

    staff: StaffId
    how: str


@dataclass(frozen=True, slots=True)
class StaffChanged:
    """An administrator changed what somebody may do, or closed an account or opened it again."""

    staff: StaffId
    change: StaffChange
    by: StaffId


@dataclass(frozen=True, slots=True)
class ApiKeyChanged:
    """A key of a program was made or revoked, at the very time that the list of keys shows for it."""

    change: ApiKeyChange
    by: StaffId | None
    """None: the operator, at the command line."""


@dataclass(frozen=True, slots=True)
class AccountChangeAsked:
    """Somebody asked for an account's way in, role, closing or opening. It may need a second person."""

    request: UUID
    staff: StaffId
    change: AccountChange
    by: StaffId | None
    """None: the operator, at the command line."""


@dataclass(frozen=True, slots=True)
class AccountChangeApproved:
    """A second person agreed to what was asked, and it took effect."""

    request: UUID
    staff: StaffId
    change: AccountChange
    by: StaffId | None
    """None: the operator, at the command line."""


@dataclass(frozen=True, slots=True)
class AccountChangeRefused:
    """What was asked does not happen: it was taken back, refused, or the person concerned objected."""

    request: UUID
    staff: StaffId
    change: AccountChange
    by: StaffId | None
    """None: the operator, at the command line."""
