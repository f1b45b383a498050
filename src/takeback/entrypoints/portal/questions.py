"""The questions: each press of a button changes the sealed draft and leads to a page.

A draft exists from the first answer on, if that was "yes": of whoever was younger than 18 nothing is stored.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Body, Request
from starlette.responses import Response

from takeback.entrypoints.portal import answering, session, steps
from takeback.entrypoints.portal import answers as form
from takeback.entrypoints.portal.answering import see
from takeback.entrypoints.portal.entrance import Entrance
from takeback.entrypoints.portal.links import Links
from takeback.entrypoints.portal.pages import Pages
from takeback.entrypoints.portal.session import Draft, Lookup, Session
from takeback.errors import LinkEnded, Refused, TooManyAttempts
from takeback.infra.db.pool import Database
from takeback.infra.vault.seal import Recipient
from takeback.submissions import draft as drafts
from takeback.submissions import submit
from takeback.submissions.draft import DraftKey
from takeback.submissions.model import Report
from takeback.submissions.receipt import Pepper, ReceiptCode

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Questions:
    """The addresses below /steps."""

    database: Database
    recipient: Recipient
    pepper: Pepper
    pages: Pages
    links: Links
    entrance: Entrance

    def first(self, request: Request) -> Response:
        """The first question; gives the cookie that the draft will be kept under."""
        return self._age(request, unanswered=False)

    def question(self, request: Request, number: str) -> Response:
        """One question with what was answered; /steps/1 is the first one when it was not answered."""
        step = steps.at_number(int(number)) if number.isascii() and number.isdigit() else None
        if step is None:
            return self.pages.trouble(404)
        if step is steps.Step.AGE:
            return self._age(request, unanswered=True)
        key = session.key_of(request)
        draft = _draft(session.load(self.database, key))
        if key is None or draft is None:
            return self.pages.gone()
        shown_page = self._sheet(step, draft)
        held_up = any(fault.text == "check.limited" for fault in shown_page.faults)
        return self.pages.question(shown_page, draft, self.entrance.puzzle(key) if held_up else "")

    def receipt(self, request: Request) -> Response:
        """The receipt of what was sent a moment ago."""
        kept = session.load(self.database, session.key_of(request))
        if kept is None or kept.lookup is None:
            return self.pages.gone()
        if not kept.lookup.fresh:
            return see(answering.STATUS)
        return self.pages.sent(ReceiptCode(kept.lookup.code))

    def answer(self, request: Request, body: Annotated[bytes, Body()] = b"") -> Response:
        """Take one page's answers, and lead to the page that follows."""
        key = session.key_of(request)
        if key is None:
            return see(answering.COOKIES)
        try:
            pressed = form.parse(body)
            at = steps.Step(pressed.at)
            kept = session.load(self.database, key)
            draft = _draft(kept)
            if draft is None and at is not steps.Step.AGE:
                return see(_page(at))  # which says that the answers are gone
            before = draft or Draft(form.Answers())
            following = steps.turn(pressed, before.answers, self.links, before.warned)
        except ValueError:
            return answering.trouble(400)
        return self._follow(request, key, kept, before, following, pressed.work)

    def stay(self, request: Request) -> Response:
        """Begin the thirty minutes anew: the page's script asks while somebody is typing."""
        key = session.key_of(request)
        kept = session.load(self.database, key)
        if key is not None and kept is not None:
            session.save(self.database, key, kept)
        return Response(status_code=204)

    def _follow(
        self,
        request: Request,
        key: DraftKey,
        kept: Session | None,
        before: Draft,
        following: steps.Page | steps.Exit,
        solved: str,
    ) -> Response:
        match following:
            case steps.Page(step=steps.Step.AGE, faults=[_, *_]):
                return see("/steps/1")
            case steps.Page():
                return self._lead(request, key, kept, before, following)
            case steps.Exit(to=steps.End.SEND, answers=given):
                return self._send(key, kept or Session(), replace(before, answers=given), request, solved)
            case steps.Exit(to=steps.End.YOUNGER):
                drafts.wipe(self.database, key)
                away = see(answering.HELP)
                session.take_key(request, away)
                return away
            case steps.Exit():
                return see("/")

    def _lead(
        self, request: Request, key: DraftKey, kept: Session | None, before: Draft, shown_page: steps.Page
    ) -> Response:
        draft = replace(
            before,
            answers=shown_page.answers,
            at=shown_page.step.value,
            then=shown_page.then,
            checked=bool(shown_page.faults),
            sentence=next((fault.text for fault in shown_page.faults if fault.field == "send"), ""),
            wait=0.0,
            warned=shown_page.warned,
        )
        if draft.answers.age != "yes":
            return see(answering.FIRST)  # nothing is kept of anybody who did not say so
        if kept is None:
            try:
                self.entrance.enter(request, ["begin"], key)
            except TooManyAttempts:
                return see(answering.BUSY)
        here = replace(kept or Session(), draft=draft)
        return self._keep(key, here, _page(shown_page.step), fresh=kept is None)

    def _keep(self, key: DraftKey, here: Session, to: str, *, fresh: bool = False) -> Response:
        try:
            done = session.save(self.database, key, here, fresh=fresh)
        except Refused:
            return answering.trouble(413)
        return answering.not_kept(done, gone=to) or see(to)

    def _send(self, key: DraftKey, kept: Session, draft: Draft, request: Request, solved: str) -> Response:
        check = replace(draft, at=steps.Step.CHECK.value, then="", checked=True, wait=0.0)
        here = replace(check, sentence="check.failed")
        try:
            report = form.report(draft.answers, self.pages.words.code)
            code = self._by_link(key, kept.link, report) if kept.link else None
            if code is None:
                self.entrance.enter(request, ["send"], key, solved=solved)
                code = self._submit(key, report, groups=self.entrance.groups(request))
        except TooManyAttempts as error:
            here = replace(check, sentence="check.limited", wait=error.wait.total_seconds())
        except Exception as error:  # noqa: BLE001 (whatever it was, it is recorded, and she keeps what she wrote)
            # Its kind only: the message may quote her.
            _log.error("a report could not be stored: %s", type(error).__name__)
        else:
            sent = Session(None, Lookup(code, fresh=True), kept.link)
            return self._keep(key, sent, answering.DONE)
        return self._keep(key, replace(kept, draft=here), _page(steps.Step.CHECK))

    def _by_link(self, key: DraftKey, link: str, report: Report) -> ReceiptCode | None:
        """Hand a report in by a link for many; None if that counts no further one."""
        try:
            return self._submit(key, report, link=submit.link_hash(link))
        except LinkEnded:
            return None

    def _submit(
        self, key: DraftKey, report: Report, *, groups: Sequence[bytes] = (), link: bytes | None = None
    ) -> ReceiptCode:
        attempt = drafts.attempt(key)
        return submit.submit(
            self.database, self.recipient, self.pepper, report, attempt, groups=groups, link=link
        )

    def _age(self, request: Request, *, unanswered: bool) -> Response:
        key = session.key_of(request)
        if key is None and answering.from_elsewhere(request):
            return see("/")  # from there on the browser shows the cookie that it may have
        draft = _draft(session.load(self.database, key)) or Draft(form.Answers())
        missing = (steps.Fault("age", "age.missing"),) if unanswered else ()
        then = draft.then if draft.at == steps.Step.AGE.value else ""
        page = self.pages.question(steps.Page(steps.Step.AGE, draft.answers, then, missing), draft)
        if key is None:
            session.give_key(request, page, drafts.new_key())
        return page

    def _sheet(self, step: steps.Step, draft: Draft) -> steps.Page:
        """The page as it was left: what it still needs is said only where she was led to it for that."""
        if draft.at != step.value:
            return steps.Page(step, draft.answers, warned=draft.warned)
        found = steps.faults(step, draft.answers, self.links) if draft.checked else ()
        sentence = (steps.Fault("send", draft.sentence),) if draft.sentence else ()
        return steps.Page(step, draft.answers, draft.then, (*found, *sentence), draft.warned)


def _draft(kept: Session | None) -> Draft | None:
    return None if kept is None else kept.draft


def _page(step: steps.Step) -> str:
    number = steps.number(step)
    return answering.FIRST if number == 1 else f"{answering.FIRST}/{number}"
