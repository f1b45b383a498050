"""The public portal: questions one page at a time, a receipt, and how things stand.

It runs as a process of its own whose database role can add a sealed report, keep a sealed draft, and for one
receipt ask how it stands and take its package of evidence out, so whoever breaks in here can neither read,
decide nor act. Every form is answered by a redirection to a page that says nothing in its address (post,
redirect, get): what was typed is in no history, and in nothing that a browser writes down of a page (ADR
24). Processes keep nothing between requests, so any number of them can stand behind one address.
"""

from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from takeback.entrypoints.portal import answers as form
from takeback.entrypoints.portal.answering import trouble
from takeback.entrypoints.portal.by_link import ByLink
from takeback.entrypoints.portal.entrance import Entrance
from takeback.entrypoints.portal.guard import Guard
from takeback.entrypoints.portal.limits import LIMITS, VisitorLimit
from takeback.entrypoints.portal.links import links
from takeback.entrypoints.portal.lookup import Lookups
from takeback.entrypoints.portal.others import Others
from takeback.entrypoints.portal.pages import Pages
from takeback.entrypoints.portal.questions import Questions
from takeback.entrypoints.portal.words import ENGLISH
from takeback.entrypoints.portal.work import Work
from takeback.infra.assets import Assets
from takeback.infra.config import PortalSettings
from takeback.infra.db.pool import Database
from takeback.infra.http.checks import Checked, Refusal, hosts_of, plain_refusal
from takeback.infra.vault import seal
from takeback.submissions import receipt
from takeback.submissions.arrivals import Labels

STATIC = Path(__file__).parent / "static"


def create_app(settings: PortalSettings, database: Database) -> FastAPI:
    """Put the portal together.

    Raises:
        ConfigurationError: the portal's keys are missing or damaged, or its list of links or of addresses is.
    """
    assets = Assets(STATIC)
    followed = links(settings.portal_links)
    pages = Pages(settings, assets, ENGLISH, followed)
    pepper = receipt.load_pepper(settings.portal_keys)
    entrance = Entrance(
        settings.portal_onion,
        Work(pepper),
        Labels(database, pepper),
        {kind: VisitorLimit(*rates) for kind, rates in LIMITS.items()},
    )
    questions = Questions(
        database=database,
        recipient=seal.load_recipient(settings.portal_keys),
        pepper=pepper,
        pages=pages,
        links=followed,
        entrance=entrance,
    )
    lookups = Lookups(database=database, pepper=pepper, pages=pages, entrance=entrance)
    by_link = ByLink(database=database, pages=pages, entrance=entrance)
    others = Others(database=database, pages=pages, assets=assets, leave_url=settings.leave_url)
    app = FastAPI(title=settings.service_name, openapi_url=None, docs_url=None, redoc_url=None)
    for path, method, answer in (
        ("/", "GET", others.plain("start")),
        ("/steps", "GET", questions.first),
        ("/steps", "POST", questions.answer),
        ("/steps/stay", "POST", questions.stay),
        ("/steps/done", "GET", questions.receipt),
        ("/steps/{number}", "GET", questions.question),
        ("/status", "GET", lookups.status),
        ("/status", "POST", lookups.press),
        ("/with/{token}", "GET", by_link.shown),
        ("/with", "POST", by_link.taken),
        ("/busy", "GET", by_link.busy),
        ("/busy", "POST", by_link.worked),
        ("/help", "GET", others.plain("younger")),
        ("/privacy", "GET", others.plain("privacy")),
        ("/cookies", "GET", others.plain("cookies", 400)),
        ("/trouble/{status}", "GET", others.trouble),
        ("/leave", "GET", others.leave),
        ("/leave", "POST", others.leave_quietly),
        ("/weather", "GET", others.weather),
        ("/static/{version}/{name:path}", "GET", others.static),
    ):
        app.add_api_route(path, answer, methods=[method], response_model=None)
    app.add_exception_handler(HTTPException, others.known_trouble)
    app.add_exception_handler(RequestValidationError, others.known_trouble)
    hosts = hosts_of(settings.portal_origins, "TAKEBACK_PORTAL_ORIGINS")
    hosts |= hosts_of(settings.portal_onion, "TAKEBACK_PORTAL_ONION")
    app.add_middleware(Checked, hosts=hosts, refuse=_refuse(pages))
    app.add_middleware(Guard, limit=form.BODY_LIMIT, trouble=pages.trouble)
    return app


def _refuse(pages: Pages) -> Refusal:
    """A page, or after a form a redirection to it; only a wrong name is plain text, for the operator."""

    def refuse(scope: Scope, status: int, sentence: str) -> Response:
        if status == 421:  # noqa: PLR2004 - the status for another host (RFC 9110, 15.5.20)
            return plain_refusal(scope, status, f"{sentence} (setting TAKEBACK_PORTAL_ORIGINS)")
        return pages.trouble(status) if scope["method"] in {"GET", "HEAD"} else trouble(400)

    return refuse
