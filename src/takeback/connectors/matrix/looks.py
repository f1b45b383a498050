"""Looks whether a picture is still to be seen, as the people see it who could see it before.

What counts as gone, and what does not:

- message: ABSENT when the server shows it redacted and no longer with the picture's address (some fields of
  some state events outlive a redaction), or has no such event for an administrator. A 404 or 403
  to an ordinary member proves nothing by itself (newcomers may simply not be shown what was said before
  they came), so it counts only where the administrator's look found the message gone.
- media, thumbnail: ABSENT on 404 with M_NOT_FOUND, which is what quarantine and deletion give. A thumbnail
  made before the quarantine is refused too (tests/contract/test_matrix.py proves it).
- anonymous: most servers show nothing to people without an account. A 401 M_MISSING_TOKEN is then the truth
  about what anonymous visitors see, and counts as ABSENT, but only with a positive control: the same
  visitor must reach the homeserver itself. Where the server lets guests in, a guest looks as well, and
  media that is served to everybody (uploaded before Matrix 1.11) is asked for at its old address too.
- everything else (5xx, 429, time-outs, pages of a proxy, redirects) is UNDETERMINED.

Synapse keeps the original of a redacted message for seven days; an administrator who asks the database API
for it by id can read it. That is a store for disputes, not a place where the picture is shown, and is not
looked at here.
"""

from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from typing import ParamSpec

from takeback.connectors.api import Look, State, Surface, Target, Vantage
from takeback.connectors.matrix.addresses import media_path
from takeback.connectors.matrix.answers import at, members, text
from takeback.connectors.matrix.calls import (
    ADMIN,
    CLIENT,
    MEDIA,
    MEDIA_BEFORE_ACCOUNTS,
    OK,
    Caller,
    error_code,
)
from takeback.connectors.matrix.posts import redacted_by
from takeback.connectors.matrix.removal import media_of
from takeback.connectors.matrix.walk import walk
from takeback.errors import PlatformError, Unavailable
from takeback.infra import clock
from takeback.infra.outbound import Answer, OutboundClient, path

Refusals = frozenset[tuple[int, str]]
"""Status and Matrix error code."""
GONE: Refusals = frozenset({(404, "M_NOT_FOUND")})
HIDDEN: Refusals = GONE | {(403, "M_FORBIDDEN"), (403, "M_GUEST_ACCESS_FORBIDDEN")}
"""The server's ways to say: not to you, or not at all."""
CLOSED: Refusals = HIDDEN | {(401, "M_MISSING_TOKEN")}
"""And what it says to people without an account; of anybody else, it would be a fault on the way."""
P = ParamSpec("P")
GUESTS_ASKED_EVERY = timedelta(minutes=10)
ENOUGH = 4096
"""Bytes of a picture that prove it is served."""

Seen = tuple[State, str]
"""A state, and what was answered."""


class Visitor:
    """Somebody without an account; where the server lets guests in, also a guest.

    Args:
        connect: makes a client with the given token.
    """

    def __init__(self, connect: Callable[[str | None], OutboundClient]) -> None:
        self._connect = connect
        self._nobody = connect(None)
        self._guest: OutboundClient | None = None
        self._no_guests_until = clock.now()
        self._turn = Lock()

    def eyes(self) -> list[OutboundClient]:
        """As whom to look. Raises Unavailable, also where the positive control fails."""
        versions = self._nobody.get("/_matrix/client/versions")
        if versions.status != OK or not isinstance(at(versions.json(), "versions"), list):
            raise Unavailable("a visitor without an account does not reach the homeserver")
        with self._turn:
            if self._guest is None and clock.now() >= self._no_guests_until:
                self._become_guest()
            return [self._nobody, self._guest] if self._guest else [self._nobody]

    def forget_guest(self) -> None:
        """The server no longer knows our guest; the next look makes another."""
        with self._turn:
            guest, self._guest = self._guest, None
        if guest is not None:
            guest.close()

    def close(self) -> None:
        """Let go of the connections."""
        self.forget_guest()
        self._nobody.close()

    def _become_guest(self) -> None:
        answer = self._nobody.send("POST", path(CLIENT, "register", kind="guest"), document={})
        if answer.status == OK and (token := text(answer.json(), "access_token")):
            self._guest = self._connect(token)
        elif error_code(answer):
            self._no_guests_until = clock.now() + GUESTS_ASKED_EVERY
        else:
            raise Unavailable(f"{answer.status} in place of an answer about guests")


def look_everywhere(visitor: Visitor, member: Caller | None, admin: Caller, target: Target) -> list[Look]:
    """Each surface from each vantage. Never raises PlatformError: a look that fails is UNDETERMINED."""
    as_admin = _tried(_message_as_admin, admin, target)
    seen, callers = {(Surface.MESSAGE, Vantage.ADMIN): as_admin}, {Vantage.ADMIN: admin}
    if member is not None:
        callers[Vantage.MEMBER] = member
        seen[Surface.MESSAGE, Vantage.MEMBER] = _tried(_message_as_member, member, target, as_admin)
    for vantage, caller in callers.items():
        for surface in (Surface.MEDIA, Surface.THUMBNAIL):
            seen[surface, vantage] = _tried(_media, caller.client, surface, target)
    for surface, what in _anonymous(visitor, target).items():
        seen[surface, Vantage.ANONYMOUS] = what
    return [Look(surface, vantage, state, said) for (surface, vantage), (state, said) in seen.items()]


def _tried(look: Callable[P, Seen], *args: P.args, **kwargs: P.kwargs) -> Seen:
    try:
        return look(*args, **kwargs)
    except PlatformError as error:
        return State.UNDETERMINED, str(error)


def _message_as_admin(admin: Caller, target: Target) -> Seen:
    """Through the admin API, because our account need not be in the room."""
    answer = admin.client.get(path(ADMIN, "rooms", target.place, "context", target.message, limit="0"))
    if _says(answer, GONE):
        return State.ABSENT, _said(answer)
    return _event(answer, target, "event")


def _message_as_member(member: Caller, target: Target, as_admin: Seen) -> Seen:
    where = path(CLIENT, "rooms", target.place, "event", target.message)
    answer = member.client.get(where)
    if not _says(answer, HIDDEN):
        return _event(answer, target)
    joined = member.client.send("POST", path(CLIENT, "join", target.place), document={})
    if joined.status == OK:
        answer = member.client.get(where)
        if not _says(answer, HIDDEN):
            return _event(answer, target)
    if as_admin[0] is State.ABSENT:
        return State.ABSENT, f"{_said(answer)}; gone for an administrator"
    return State.UNDETERMINED, f"{_said(answer)}; may be shown to other members"


def _anonymous(visitor: Visitor, target: Target) -> dict[Surface, Seen]:
    try:
        eyes = visitor.eyes()
    except PlatformError as error:
        return dict.fromkeys(Surface, (State.UNDETERMINED, str(error)))
    seen = {surface: _worst(eyes, surface, target) for surface in Surface}
    if any("M_UNKNOWN_TOKEN" in said for _, said in seen.values()):
        visitor.forget_guest()
    return seen


def _worst(eyes: list[OutboundClient], surface: Surface, target: Target) -> Seen:
    """Seen by one is seen; unclear to one is unclear; else gone."""
    looks: list[Seen] = []
    for eye in eyes:
        if surface is Surface.MESSAGE:
            looks.append(_tried(_message_as_visitor, eye, target))
        else:
            looks.append(_tried(_media, eye, surface, target, MEDIA, CLOSED))
            # A server that has given up the old address shows nothing there.
            closed = CLOSED | {(404, "M_UNRECOGNIZED")}
            looks.append(_tried(_media, eye, surface, target, MEDIA_BEFORE_ACCOUNTS, closed))
    states = {state for state, _ in looks}
    worst = next(state for state in (State.PRESENT, State.UNDETERMINED, State.ABSENT) if state in states)
    return worst, "; ".join(said for state, said in looks if state is worst)


def _message_as_visitor(eye: OutboundClient, target: Target) -> Seen:
    answer = eye.get(path(CLIENT, "rooms", target.place, "event", target.message))
    if _says(answer, CLOSED):
        return State.ABSENT, _said(answer)
    return _event(answer, target)


def _event(answer: Answer, target: Target, *inside: str) -> Seen:
    if answer.status != OK:
        return State.UNDETERMINED, _said(answer)
    event = members(answer.json(), *inside)
    if text(event, "event_id") != target.message:
        return State.UNDETERMINED, "200 with something else"
    by = redacted_by(event)
    if by is None:
        return State.PRESENT, "200"
    if media_of(target.media) in {media_path(address) for address in walk(at(event, "content")).media}:
        return State.PRESENT, f"200 redacted by {by}, and still with the address"
    return State.ABSENT, f"200 redacted by {by}"


def _media(
    eye: OutboundClient, surface: Surface, target: Target, root: str = MEDIA, gone: Refusals = GONE
) -> Seen:
    server, media = media_of(target.media)
    if surface is Surface.THUMBNAIL:
        where = path(root, "thumbnail", server, media, width="96", height="96", method="scale")
    else:
        where = path(root, "download", server, media)
    answer = eye.get(where, max_bytes=ENOUGH)
    if answer.status == OK:
        # A log-in page of a network on the way says 200 to everything.
        shown = answer.content_type not in {"text/html", "application/xhtml+xml"}
        return (State.PRESENT if shown else State.UNDETERMINED), f"200 {answer.content_type}"
    return (State.ABSENT if _says(answer, gone) else State.UNDETERMINED), _said(answer)


def _says(answer: Answer, refusals: Refusals) -> bool:
    return (answer.status, error_code(answer)) in refusals


def _said(answer: Answer) -> str:
    """For the record: codes only."""
    return f"{answer.status} {error_code(answer) or answer.content_type}".rstrip()
