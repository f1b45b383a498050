"""A visitor's draft, and the cookie that opens it.

The cookie is a session cookie that scripts cannot read and that no other site makes a browser send. It holds
a key and nothing else; the database holds what was typed, sealed under that key (see `submissions.draft`). So
neither a page, an address nor a history carries an answer.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from takeback.entrypoints.portal.answers import Answers
from takeback.infra.db.pool import Database
from takeback.infra.http import cookies
from takeback.submissions import draft
from takeback.submissions.draft import DraftKey, Kept

LIFE_MINUTES = 30
"""How long a draft stays after the last answer; migration 0019 enforces it."""
_NAME = "session"
_SECURE_NAME = "__Host-session"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """Answers that are not sent yet."""

    answers: Answers
    at: str = ""
    """The step that she was led to last."""
    then: str = ""
    """ "check" if she came there from the last page to change one answer."""
    checked: bool = False
    """What that step still needs is to be said."""
    sentence: str = ""
    """Key of a sentence about sending; empty if there is none."""
    wait: float = 0.0
    """Seconds to wait, for the sentence."""
    warned: tuple[str, ...] = ()
    """Lines of which she was warned that nobody here can look there."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A receipt that is looked up."""

    code: str = ""
    """A receipt with a right check digit; empty while there is none."""
    fresh: bool = False
    """It was given out a moment ago, and its page is still to be shown."""
    typed: str = ""
    """As she typed it, to be put right."""
    fault: str = ""
    """Key of what was wrong; empty if nothing was."""
    wait: float = 0.0
    """Seconds to wait, for that sentence."""


@dataclass(frozen=True, slots=True)
class Session:
    """All that is kept of a visit."""

    draft: Draft | None = None
    lookup: Lookup | None = None
    link: str = ""
    """Token of the link for many reports that she came by; it stays until she leaves."""


_SESSION: TypeAdapter[Session] = TypeAdapter(Session)


def load(database: Database, key: DraftKey | None) -> Session | None:
    """Return what is kept under a key; None if there is nothing, or nothing that this version can read."""
    try:
        data = None if key is None else draft.get(database, key)
        return None if data is None else _SESSION.validate_json(data, strict=True)
    except (ValidationError, ValueError) as error:
        _log.warning("a draft could not be read: %s", type(error).__name__)
        return None


def save(database: Database, key: DraftKey, session: Session, *, fresh: bool = False) -> Kept:
    """Keep a session in place of the one before; see `draft.put`. Raises Refused if it is too long."""
    return draft.put(database, key, _SESSION.dump_json(session), fresh=fresh)


def key_of(request: Request) -> DraftKey | None:
    """Return the key in the cookie; None if there is no cookie of ours."""
    return draft.read_key(request.cookies.get(_name(request), ""))


def give_key(request: Request, response: Response, key: DraftKey) -> None:
    """Set the cookie. It ends with the browser; `Secure` where the visitor came by https."""
    _set(request, response, draft.write_key(key), None)


def take_key(request: Request, response: Response) -> None:
    """Make the browser forget the cookie."""
    _set(request, response, "", timedelta())


def _set(request: Request, response: Response, value: str, lasts: timedelta | None) -> None:
    cookies.keep(response, _name(request), value, lasts, secure=_is_secure(request))


def _name(request: Request) -> str:
    return _SECURE_NAME if _is_secure(request) else _NAME


def _is_secure(request: Request) -> bool:
    """Return whether she came by https: the proxy in front says so in X-Forwarded-Proto."""
    return request.url.scheme == "https"
