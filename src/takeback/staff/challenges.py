"""Passkey challenges that nobody has to store, so that strangers who ask for them fill nothing.

A challenge says until when it holds, and is signed together with what binds it to the browser that asked: a
cookie, or an open session. It comes back inside what the authenticator signs. Only one that let somebody in
is remembered, until its time is over: so each works once (WebAuthn Level 3, section 13.4.3).

    nonce (16 bytes) | seconds since 1970 until which it holds (8 bytes) | HMAC-SHA256 (32 bytes)
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from takeback.staff import rules
from takeback.staff.secret import Secret

_NONCE = 16
_SIGNED = _NONCE + 8
_WHOLE = _SIGNED + 32


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge of ours that still holds."""

    id: UUID
    ends_at: datetime


def make(secret: Secret, bound_to: str, now: datetime) -> bytes:
    """Return a new challenge for the browser that `bound_to` stands for."""
    ends = int((now + rules.CEREMONY_LIFETIME).timestamp())
    signed = secrets.token_bytes(_NONCE) + ends.to_bytes(8)
    return signed + secret.sign(_text(signed, bound_to))


def check(secret: Secret, challenge: bytes, bound_to: str, now: datetime) -> Challenge | None:
    """Return what a challenge says; None if it is not ours, not of this browser, or too old."""
    signed, signature = challenge[:_SIGNED], challenge[_SIGNED:]
    if len(challenge) != _WHOLE or not hmac.compare_digest(signature, secret.sign(_text(signed, bound_to))):
        return None
    ends_at = datetime.fromtimestamp(int.from_bytes(signed[_NONCE:]), UTC)
    return Challenge(UUID(bytes=signed[:_NONCE]), ends_at) if now < ends_at else None


def _text(signed: bytes, bound_to: str) -> bytes:
    return b"passkey challenge\0" + signed + bound_to.encode()
