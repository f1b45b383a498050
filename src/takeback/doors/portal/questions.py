"""The questions: each press of a button changes the sealed draft and leads to a page.

A draft exists from the first answer on, if that was "yes": of whoever was younger than 18 nothing is stored.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated

from fastapi import Body, Request
from starlette.responses import Response

from takeback.doors.portal import answering, session, steps
from takeback.doors.portal import answers as form
from takeback.doors.portal.answering import see
from takeback.doors.portal.entrance import Entrance
from takeback.doors.portal.limits import Rate
from takeback.doors.portal.links import Links
from takeback.doors.portal.pages import Pages
from takeback.doors.portal.session import Draft, Lookup, Session
from takeback.errors import LinkEnded, Refused, TooManyAttempts
from takeback.ground.db.pool import Database
from takeback.ground.vault.seal import Recipient
from takeback.intake import draft as drafts
from takeback.intake import submit
from takeback.intake.draft import DraftKey
from takeback.intake.model import Report
from takeback.intake.receipt import Pepper, ReceiptCode

BEGIN_PER_NETWORK = Rate(burst=60, every=timedelta(seconds=10))
"""New drafts, and new sessions in which a receipt is looked up: both are a row."""
BEGIN_TOGETHER = Rate(burst=300, every=timedelta(seconds=0.5))
"""At most some 3,900 in thirty minutes by one process; the database holds 8,000."""
SEND_PER_NETWORK = Rate(burst=12, every=timedelta(minutes=1))
SEND_TOGETHER = Rate(burst=120, every=timedelta(seconds=1))

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
        draft = _draft(self._load(key))
        if key is None or draft is None:
            return self.pages.gone()
        sheet = self._sheet(step, draft)
        held_up = any(fault.text == "check.limited" for fault in sheet.faults)
        return self.pages.question(sheet, draft, self.entrance.puzzle(key) if held_up else "")

    def receipt(self, request: Request) -> Response:
        """The receipt of what was sent a moment ago."""
        kept = self._load(session.key_of(request))
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
            kept = self._load(key)
            draft = _draft(kept)
            if draft is None and at is not steps.Step.AGE:
                return see(_page(at))  # which says that the answers are gone
            before = draft or Draft(form.Answers())
            following = steps.turn(pressed, before.answers, self.links, before.told)
        except ValueError:
            return answering.trouble(400)
        return self._follow(request, key, kept, before, following, pressed.work)

    def stay(self, request: Request) -> Response:
        """Begin the thirty minutes anew: the page's script asks while somebody is typing."""
        key = session.key_of(request)
        kept = self._load(key)
        if key is not None and kept is not None:
            session.save(self.database, key, kept)
        return Response(status_code=204)

    def _follow(
        self,
        request: Request,
        key: DraftKey,
        kept: Session | None,
        before: Draft,
        following: steps.Sheet | steps.Leave,
        solved: str,
    ) -> Response:
        match following:
            case steps.Sheet(step=steps.Step.AGE, faults=[_, *_]):
                return see("/steps/1")
            case steps.Sheet():
                return self._lead(request, key, kept, before, following)
            case steps.Leave(to=steps.End.SEND, answers=given):
                return self._send(key, kept or Session(), replace(before, answers=given), request, solved)
            case steps.Leave(to=steps.End.YOUNGER):
                drafts.wipe(self.database, key)
                away = see(answering.HELP)
                session.take_key(request, away)
                return away
            case steps.Leave():
                return see("/")

    def _lead(
        self, request: Request, key: DraftKey, kept: Session | None, before: Draft, sheet: steps.Sheet
    ) -> Response:
        draft = replace(
            before,
            answers=sheet.answers,
            at=sheet.step.value,
            then=sheet.then,
            checked=bool(sheet.faults),
            said=next((fault.text for fault in sheet.faults if fault.field == "send"), ""),
            wait=0.0,
            told=sheet.told,
        )
        if draft.answers.age != "yes":
            return see(answering.FIRST)  # nothing is kept of anybody who did not say so
        if kept is None:
            try:
                self.entrance.enter(request, ["begin"], key)
            except TooManyAttempts:
                return see(answering.BUSY)
        here = replace(kept or Session(), draft=draft)
        return self._keep(key, here, _page(sheet.step), fresh=kept is None)

    def _keep(self, key: DraftKey, here: Session, to: str, *, fresh: bool = False) -> Response:
        try:
            done = session.save(self.database, key, here, fresh=fresh)
        except Refused:
            return answering.trouble(413)
        return answering.not_kept(done, gone=to) or see(to)

    def _send(self, key: DraftKey, kept: Session, draft: Draft, request: Request, solved: str) -> Response:
        check = replace(draft, at=steps.Step.CHECK.value, then="", checked=True, wait=0.0)
        here = replace(check, said="check.failed")
        try:
            told = form.report(draft.answers, self.pages.words.code)
            code = self._by_link(key, kept.link, told) if kept.link else None
            if code is None:
                self.entrance.enter(request, ["send"], key, solved=solved)
                code = self._submit(key, told, groups=self.entrance.groups(request))
        except TooManyAttempts as error:
            here = replace(check, said="check.limited", wait=error.wait.total_seconds())
        except Exception as error:  # noqa: BLE001 (whatever it was, it is recorded, and she keeps what she wrote)
            # Its kind only: the message may quote her.
            _log.error("a report could not be stored: %s", type(error).__name__)
        else:
            sent = Session(None, Lookup(code, fresh=True), kept.link)
            return self._keep(key, sent, answering.DONE)
        return self._keep(key, replace(kept, draft=here), _page(steps.Step.CHECK))

    def _by_link(self, key: DraftKey, link: str, told: Report) -> ReceiptCode | None:
        """Hand a report in by a link for many; None if that counts no further one."""
        try:
            return self._submit(key, told, link=submit.link_hash(link))
        except LinkEnded:
            return None

    def _submit(
        self, key: DraftKey, told: Report, *, groups: Sequence[bytes] = (), link: bytes | None = None
    ) -> ReceiptCode:
        attempt = drafts.attempt(key)
        return submit.submit(
            self.database, self.recipient, self.pepper, told, attempt, groups=groups, link=link
        )

    def _age(self, request: Request, *, unanswered: bool) -> Response:
        key = session.key_of(request)
        if key is None and answering.from_elsewhere(request):
            return see("/")  # from there on the browser shows the cookie that it may have
        draft = _draft(self._load(key)) or Draft(form.Answers())
        missing = (steps.Fault("age", "age.missing"),) if unanswered else ()
        then = draft.then if draft.at == steps.Step.AGE.value else ""
        page = self.pages.question(steps.Sheet(steps.Step.AGE, draft.answers, then, missing), draft)
        if key is None:
            session.give_key(request, page, drafts.new_key())
        return page

    def _sheet(self, step: steps.Step, draft: Draft) -> steps.Sheet:
        """The page as it was left: what it still needs is said only where she was led to it for that."""
        if draft.at != step.value:
            return steps.Sheet(step, draft.answers, told=draft.told)
        found = steps.faults(step, draft.answers, self.links) if draft.checked else ()
        said = (steps.Fault("send", draft.said),) if draft.said else ()
        return steps.Sheet(step, draft.answers, draft.then, (*found, *said), draft.told)

    def _load(self, key: DraftKey | None) -> Session | None:
        return None if key is None else session.load(self.database, key)


def _draft(kept: Session | None) -> Draft | None:
    return None if kept is None else kept.draft


def _page(step: steps.Step) -> str:
    number = steps.number(step)
    return answering.FIRST if number == 1 else f"{answering.FIRST}/{number}"
