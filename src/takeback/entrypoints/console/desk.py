"""The parts that every page of the console works with, and the person who uses it.

A visit is a request with an open session. Every form carries a token that only this session's pages know,
beside the SameSite cookie and the Origin check of `guard`: three fences, for a forged decision removes posts.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, cast
from urllib.parse import quote

from fastapi import Depends, Form
from fastapi import Request as HttpRequest
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from takeback.app import App, keys_folder
from takeback.entrypoints.console import breaker_words, chips, deciding_words, words, words_staff
from takeback.entrypoints.console.lanes import Lane
from takeback.entrypoints.console.previews import Previews, Tickets
from takeback.entrypoints.console.theme import Theme, chosen
from takeback.errors import ConfigurationError, Refused
from takeback.infra import clock
from takeback.infra.assets import Assets
from takeback.infra.config import Settings
from takeback.infra.http import cookies
from takeback.staff import request_rules, requests, rules, service
from takeback.staff.model import Member, Request, Role, Session, SignedIn, Site
from takeback.staff.secret import Secret, load_secret

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


NEWS_COOKIE = "takeback-told"
"""Cookie of one browser: up to when its reader has heard what was asked for her account. Whoever came in as
somebody else on another browser cannot hide it from her."""


class NotSignedIn(Exception):
    """There is no open session; pages lead to the log-in."""


class NotAdministrator(Exception):
    """The page is for administrators."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The person who uses the console."""

    session: Session
    csrf: str
    """What every form of this session carries."""
    news: tuple[Request, ...] = ()
    """What was asked for her account, of which this browser has not heard."""
    waiting: int = 0
    """Requests of others that she can answer."""

    @property
    def member(self) -> Member:
        """The member of staff."""
        return self.session.member


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts that every page works with."""

    app: App
    site: Site
    secret: Secret
    previews: Previews
    tickets: Tickets
    pages: Environment
    assets: Assets
    strangers: Lane
    """For passwords from browsers that are not known."""
    known: Lane
    """For passwords from those that are."""
    theme: Theme = Theme.DARK
    """What the browser that asks has chosen."""

    @property
    def cookie(self) -> str:
        """The session cookie's name; `__Host-` binds it to this host, and works over https only."""
        return "__Host-takeback" if self.site.is_https else "takeback"

    @property
    def known_cookie(self) -> str:
        """The cookie by which a browser is known to a name."""
        return f"{self.cookie}-known"

    @property
    def ceremony_cookie(self) -> str:
        """The cookie that binds a passkey challenge to a browser."""
        return f"{self.cookie}-passkey"

    def page(
        self,
        template: str,
        visit: Visit | None = None,
        *,
        status: int = 200,
        now: datetime | None = None,
        **values: object,
    ) -> HTMLResponse:
        """Render a page."""
        text = self.pages.get_template(template).render(
            visit=visit,
            member=visit.member if visit else None,
            now=now or clock.now(),
            asset=self.assets.url,
            site=self.site,
            words=words,
            staff_words=words_staff,
            time_left=chips.time_left,
            answer_left=chips.answer_left,
            breaker_words=breaker_words,
            deciding_words=deciding_words,
            roles=tuple(Role),
            theme=self.theme,
            themes=tuple(Theme),
            **values,
        )
        return HTMLResponse(text, status)

    def enter(self, into: SignedIn, to: str) -> Response:
        """Hand the session to the browser and lead on."""
        response = RedirectResponse(to, 303)
        self._keep(response, self.cookie, into.token, rules.LIFETIME)
        return response

    def knows(self, response: Response, name: str) -> Response:
        """Make this browser known to a name: strangers' failures elsewhere do not hold it up."""
        self._keep(
            response,
            self.known_cookie,
            service.make_known(self.secret, name, now=clock.now()),
            rules.KNOWN_FOR,
        )
        return response

    def asks(self, response: Response, browser: str) -> Response:
        """Give the browser what binds passkey challenges to it."""
        self._keep(response, self.ceremony_cookie, browser, rules.CEREMONY_LIFETIME)
        return response

    def _keep(self, response: Response, name: str, value: str, lasts: timedelta) -> None:
        cookies.keep(response, name, value, lasts, secure=self.site.is_https)


def site_of(settings: Settings) -> Site:
    """Return the console's origin. Raises ConfigurationError if cookies would not be safe there."""
    site = Site(settings.console_url, settings.service_name)
    if not site.host or not (site.is_https or site.host in _LOOPBACK):
        raise ConfigurationError(
            f"TAKEBACK_CONSOLE_ORIGIN is {site.origin}; it must be https://HOST, "
            "or http://localhost:PORT on one machine"
        )
    return site


def make_desk(app: App) -> Desk:
    """Put the desk together once, at start."""
    assets = Assets(Path(__file__).parent / "static")
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    site = site_of(app.settings)
    secret = load_secret(keys_folder(app.settings))
    previews = Previews(app.connectors, app.decoder, app.settings.max_media_bytes)
    tickets = Tickets(timedelta(seconds=30))
    lanes = Lane(at_once=2, waiting=16), Lane(at_once=2, waiting=16)
    return Desk(app, site, secret, previews, tickets, pages, assets, *lanes)


def read_until(kept: Mapping[str, str]) -> datetime | None:
    """Return the time in the cookie; None if it says nothing that is understood."""
    try:
        at = datetime.fromisoformat(kept.get(NEWS_COOKIE, ""))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


# --- what endpoints ask for ------------------------------------------------------------------------------


def desk_of(request: HttpRequest) -> Desk:
    """The desk that `create_app` put up, as this browser wants to see it."""
    return replace(cast("Desk", request.app.state.desk), theme=chosen(request.cookies))


AtDesk = Annotated[Desk, Depends(desk_of)]


def _visit(request: HttpRequest, desk: Desk, *, touch: bool) -> Visit:
    token = request.cookies.get(desk.cookie, "")
    with desk.app.database.transaction() as tx:
        now = clock.now()
        session = service.resume(tx, token, now=now, touch=touch) if token else None
        if session is None:
            raise NotSignedIn
        about = requests.about(tx, session.member.id, now=now)
        waiting = requests.answerable(tx, session.member, now=now)
    read = read_until(request.cookies)
    news = tuple(each for each in about if request_rules.is_news(each, read, now))
    csrf = hmac.digest(token.encode(), b"takeback console form", hashlib.sha256).hex()
    return Visit(session, csrf, news, waiting)


def visit(request: HttpRequest, desk: AtDesk) -> Visit:
    """Somebody who is signed in."""
    return _visit(request, desk, touch=True)


def glance(request: HttpRequest, desk: AtDesk) -> Visit:
    """The same for what a page asks by itself: it keeps nobody's session awake."""
    return _visit(request, desk, touch=False)


Visiting = Annotated[Visit, Depends(visit)]
Glancing = Annotated[Visit, Depends(glance)]


def posted(visit: Visiting, csrf: Annotated[str, Form()] = "") -> Visit:
    """Somebody who is signed in and sent one of our own forms."""
    if not hmac.compare_digest(visit.csrf.encode(), csrf.encode()):
        raise Refused(
            "This form is from an earlier session. Go back, load the page again and send it once more."
        )
    return visit


Posting = Annotated[Visit, Depends(posted)]


def administrator(visit: Visiting) -> Visit:
    """An administrator."""
    if visit.member.role is not Role.ADMINISTRATOR:
        raise NotAdministrator
    return visit


def administrator_posted(visit: Posting) -> Visit:
    """An administrator who sent one of our own forms."""
    return administrator(visit)


Administering = Annotated[Visit, Depends(administrator)]
AdministratorPosting = Annotated[Visit, Depends(administrator_posted)]


def login_address(path: str) -> str:
    """The log-in page, which leads back to `path` afterwards."""
    return "/login" if path == "/" else f"/login?next={quote(path, safe='/')}"


def own_path(path: str) -> str:
    """A path of this console, or its start: what is handed back by a browser leads nowhere else."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
