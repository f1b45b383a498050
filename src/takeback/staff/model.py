"""Accounts, sessions and keys, as frozen values without a secret in them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID

from takeback.events import AccountChange
from takeback.ids import StaffId


class Role(StrEnum):
    """The rights of an account."""

    REVIEWER = "reviewer"
    """Opens cases and decides."""
    ADMINISTRATOR = "administrator"
    """All that, and invites, disables and makes API keys."""


class How(StrEnum):
    """The way in which a session was opened; the value is in the event `StaffSignedIn`."""

    LINK = "link"
    PASSKEY = "passkey"
    PASSWORD = "password"  # noqa: S105 -- the word, not one


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff."""

    id: StaffId
    name: str
    role: Role
    disabled: bool
    has_password: bool
    """With its code generator: the two are set together."""
    passkeys: int
    made_at: datetime
    administrator_since: datetime | None = None
    """None: since the account was made, or she is none."""
    used: bool = True
    """Somebody has come in to this account; False: it was only invited."""

    @property
    def can_return(self) -> bool:
        """There is a way in that is not a one-time link."""
        return self.has_password or self.passkeys > 0


class Ended(StrEnum):
    """The ways in which a request ends."""

    ALONE = "alone"
    """It needed no second person, and took effect at once."""
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Request:
    """A change of an account that somebody asked for."""

    id: UUID
    staff: StaffId
    """The person concerned."""
    name: str
    """Hers, when it was asked."""
    change: AccountChange
    asked_by: StaffId | None
    """None: the operator."""
    asked_at: datetime
    ended: Ended | None = None
    """None: it waits, or has lapsed."""
    ended_by: StaffId | None = None
    """None where it ended: the operator."""
    ended_at: datetime | None = None
    code_hash: bytes | None = field(default=None, repr=False)
    """Of what the asker hands over beside the approver's link."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was made."""

    request: Request
    code: str = field(default="", repr=False)
    """For the asker to hand over; empty if there is no link to come."""
    link: str = field(default="", repr=False)
    """The token of a one-time link, where nobody else is needed."""


@dataclass(frozen=True, slots=True)
class Session:
    """An open session."""

    token_hash: bytes
    member: Member
    opened_at: datetime
    seen_at: datetime
    ends_at: datetime
    """At the latest; it ends earlier when nothing is done."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was opened just now."""

    token: str
    """What the browser keeps; the database has its SHA-256 only."""
    member: Member


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey, as its owner sees it."""

    credential_id: bytes
    made_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of a program; its text was shown once."""

    name: str
    made_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed log-ins within the window that counts."""

    count: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Whence:
    """The network and the browser of somebody who wants to come in."""

    network: str
    browser: str = field(default="", repr=False)
    """What the browser kept of an earlier log-in; empty if nothing."""


NOWHERE = Whence("")


@dataclass(frozen=True, slots=True)
class Site:
    """The console as a browser knows it; passkeys are bound to it (WebAuthn: origin and RP ID)."""

    origin: str
    """Scheme, host and port, as http://localhost:8181."""
    name: str
    """What the browser shows when it asks for a passkey."""

    @property
    def host(self) -> str:
        """The host name alone: the RP ID."""
        return urlsplit(self.origin).hostname or ""

    @property
    def netloc(self) -> str:
        """Host and port, as the Host header has it."""
        return urlsplit(self.origin).netloc

    @property
    def is_https(self) -> bool:
        """Cookies can be marked Secure."""
        return urlsplit(self.origin).scheme == "https"
