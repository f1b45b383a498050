"""The order of the questions, and what each must have before the next: pure, so that it reads as a table.

Only three things are ever insisted on, because the law does: that she was an adult, something to look
for, and a signed statement. Each insistence is asked on its own page; sending checks all of them again,
since a draft can be changed in another tab.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from takeback.entrypoints.portal.answers import Answers, FormPost, locations, read_pictures
from takeback.entrypoints.portal.links import Links
from takeback.submissions.model import (
    LONGEST_ACCOUNT,
    LONGEST_CONTACT,
    LONGEST_SIGNATURE,
    LONGEST_WHERE,
    MAX_LOCATIONS,
    could_be_picture,
    units,
)


class Step(StrEnum):
    """One question, one page."""

    AGE = "age"
    PICTURE = "picture"
    WHERE = "where"
    ACCOUNT = "account"
    STATEMENTS = "statements"
    CONTACT = "contact"
    CHECK = "check"


class End(StrEnum):
    """The ends of the questions."""

    START = "start"
    YOUNGER = "younger"
    SEND = "send"


ORDER = tuple(Step)
ASKED_ON = {
    Step.AGE: ("age",),
    Step.PICTURE: ("pictures",),
    Step.WHERE: ("where",),
    Step.ACCOUNT: ("account",),
    Step.STATEMENTS: ("nonconsent", "good_faith", "signature"),
    Step.CONTACT: ("contact",),
    Step.CHECK: (),
}
"""The fields that each page shows; all others it carries."""
_SKIPPABLE = {Step.PICTURE: "pictures", Step.WHERE: "where", Step.ACCOUNT: "account", Step.CONTACT: "contact"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to put right, said beside its field."""

    field: str
    """Id of the field on the page."""
    text: str
    """Its key in the catalogue."""


@dataclass(frozen=True, slots=True)
class Page:
    """The page to show next."""

    step: Step
    answers: Answers
    then: str = ""
    faults: tuple[Fault, ...] = ()
    warned: tuple[str, ...] = ()
    """Lines of which she was warned that nobody here can look there."""


@dataclass(frozen=True, slots=True)
class Exit:
    """The questions end here."""

    to: End
    answers: Answers


def number(step: Step) -> int:
    """Return the number of a step, from 1."""
    return ORDER.index(step) + 1


def at_number(number: int) -> Step | None:
    """The step with this number; None if there is none."""
    return ORDER[number - 1] if 1 <= number <= len(ORDER) else None


def turn(pressed: FormPost, before: Answers, links: Links, warned: tuple[str, ...] = ()) -> Page | Exit:
    """Return what follows a press of a button. Raises ValueError: our pages have no such button."""
    at = Step(pressed.at)
    answers = pressed.answered(before, ASKED_ON[at])
    then = "check" if pressed.then == "check" else ""
    verb, _, which = pressed.go.partition(":")
    match verb:
        case "back":
            back = number(at) - 2
            return Exit(End.START, answers) if back < 0 else Page(ORDER[back], answers, warned=warned)
        case "change":
            return Page(Step(which), answers, "" if Step(which) is Step.CHECK else "check", warned=warned)
        case "send":
            return _send(pressed, answers, links, warned)
        case "skip" if at in _SKIPPABLE:
            return _onward(Page(at, replace(answers, **{_SKIPPABLE[at]: ""}), then, warned=warned), links)
        case "next":
            return _onward(Page(at, answers, then, warned=warned), links)
        case _:
            raise ValueError("no such button")


def faults(step: Step, answers: Answers, links: Links) -> tuple[Fault, ...]:
    """Return what this page still needs."""
    match step:
        case Step.AGE:
            return () if answers.age in {"yes", "no", "unsure"} else (Fault("age", "age.missing"),)
        case Step.WHERE:
            return _where_faults(answers, links)
        case Step.ACCOUNT:
            return _too_long(answers.account, LONGEST_ACCOUNT, "account")
        case Step.STATEMENTS:
            ticks = (
                Fault(field, f"statements.{field}.missing")
                for field, value in (("nonconsent", answers.nonconsent), ("good_faith", answers.good_faith))
                if value != "yes"
            )
            unsigned = () if answers.signature.strip() else (Fault("signature", "signature.missing"),)
            return (*ticks, *unsigned, *_too_long(answers.signature, LONGEST_SIGNATURE, "signature"))
        case Step.CONTACT:
            return _too_long(answers.contact, LONGEST_CONTACT, "contact")
        case Step.PICTURE | Step.CHECK:
            return _picture_faults(answers) if step is Step.PICTURE else ()


def _onward(here: Page, links: Links) -> Page | Exit:
    at, answers, then = here.step, here.answers, here.then
    found = faults(at, answers, links)
    if at is Step.WHERE:
        unfollowed = links.unfollowed(locations(answers.where))
        unknown = [line for line in unfollowed if line not in here.warned]
        here = replace(here, warned=unfollowed)
        if unknown and not found:
            return here  # the same page, which says so now; pressing once more goes on
    if found:
        return replace(here, faults=found)
    if at is Step.AGE and answers.age != "yes":
        return Exit(End.YOUNGER, Answers())
    # Whoever takes the last picture away while changing answers must be asked for a link.
    if then and not faults(Step.WHERE, answers, links):
        return replace(here, step=Step.CHECK, then="")
    return replace(here, step=ORDER[min(number(at), len(ORDER) - 1)])


def _send(pressed: FormPost, answers: Answers, links: Links, warned: tuple[str, ...]) -> Page | Exit:
    if answers.age in {"no", "unsure"}:
        return Exit(End.YOUNGER, Answers())
    for step in ORDER:
        found = faults(step, answers, links)
        if found:
            return Page(step, answers, "check", found, warned)
    if pressed.trap:
        return Page(Step.CHECK, answers, faults=(Fault("send", "check.trap"),), warned=warned)
    return Exit(End.SEND, answers)


def _picture_faults(answers: Answers) -> tuple[Fault, ...]:
    agree = all(map(could_be_picture, read_pictures(answers.pictures)))
    return () if agree else (Fault("file", "picture.numbers"),)


def _where_faults(answers: Answers, links: Links) -> tuple[Fault, ...]:
    lines = locations(answers.where)
    if not lines and not answers.pictures.strip():
        return (Fault("where", "where.missing"),)
    if len(lines) > MAX_LOCATIONS:
        return (Fault("where", "where.too_many"),)
    if not answers.pictures.strip() and links.unfollowed(lines) == lines:
        return (Fault("where", "where.nobody"), *_too_long(answers.where, LONGEST_WHERE, "where"))
    return _too_long(answers.where, LONGEST_WHERE, "where")


def _too_long(text: str, longest: int, field: str) -> tuple[Fault, ...]:
    return (Fault(field, f"{field}.too_long"),) if units(text) > longest else ()
