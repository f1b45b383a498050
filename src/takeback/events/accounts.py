"""What people ask for others' accounts, and who agreed. `events` hands it on; read that first."""

from dataclasses import dataclass
from uuid import UUID

from takeback.events.choices import AccountChange
from takeback.ids import StaffId


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
