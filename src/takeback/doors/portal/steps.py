"""The order of the questions, and what each must have before the next: pure, so that it reads as a table.

Only three things are ever insisted on, because the law does: that she was an adult, something to look
for, and a signed statement. Each insistence is asked on its own page; sending checks all of them again,
since hidden fields can be lost or forged on the way.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from takeback.doors.portal.answers import Answers, Turn, locations, read_pictures
from takeback.intake.model import (
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
    """Where the questions lead out of themselves."""

    START = "start"
    YOUNGER = "younger"
    SEND = "send"


ORDER = tuple(Step)
_ASKED_ON = {
    Step.AGE: ("age",),
    Step.PICTURE: ("pictures",),
    Step.WHERE: ("where",),
    Step.ACCOUNT: ("account",),
    Step.STATEMENTS: ("nonconsent", "good_faith", "signature"),
    Step.CONTACT: ("contact",),
    Step.CHECK: (),
}
_SKIPPABLE = {Step.PICTURE: "pictures", Step.WHERE: "where", Step.ACCOUNT: "account", Step.CONTACT: "contact"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to put right, said beside its field."""

    field: str
    """Id of the field on the page."""
    text: str
    """Its key in the catalogue."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The page to show next."""

    step: Step
    answers: Answers
    then: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Leave:
    """The questions end here."""

    to: End
    answers: Answers


def asked_on(step: Step) -> tuple[str, ...]:
    """The fields that this page shows; all others it carries."""
    return _ASKED_ON[step]


def number(step: Step) -> int:
    """From 1."""
    return ORDER.index(step) + 1


def turn(pressed: Turn) -> Sheet | Leave:
    """What follows a press of a button.

    Raises:
        ValueError: our pages have no such button.
    """
    at, answers = Step(pressed.at), pressed.answers
    then = "check" if pressed.then == "check" else ""
    verb, _, which = pressed.go.partition(":")
    match verb:
        case "back":
            back = number(at) - 2
            return Leave(End.START, answers) if back < 0 else Sheet(ORDER[back], answers)
        case "change":
            return Sheet(Step(which), answers, "" if Step(which) is Step.CHECK else "check")
        case "send":
            return _send(pressed)
        case "skip" if at in _SKIPPABLE:
            return _onward(at, replace(answers, **{_SKIPPABLE[at]: ""}), then)
        case "next":
            return _onward(at, answers, then)
        case _:
            raise ValueError("no such button")


def faults(step: Step, answers: Answers) -> tuple[Fault, ...]:
    """What this page still needs."""
    match step:
        case Step.AGE:
            return () if answers.age in {"yes", "no", "unsure"} else (Fault("age", "age.missing"),)
        case Step.WHERE:
            return _where_faults(answers)
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


def _onward(at: Step, answers: Answers, then: str) -> Sheet | Leave:
    found = faults(at, answers)
    if found:
        return Sheet(at, answers, then, found)
    if at is Step.AGE and answers.age != "yes":
        return Leave(End.YOUNGER, Answers())
    # Whoever takes the last picture away while changing answers must be asked for a link.
    if then and not faults(Step.WHERE, answers):
        return Sheet(Step.CHECK, answers)
    return Sheet(ORDER[min(number(at), len(ORDER) - 1)], answers, then)


def _send(pressed: Turn) -> Sheet | Leave:
    answers = pressed.answers
    if answers.age in {"no", "unsure"}:
        return Leave(End.YOUNGER, Answers())
    for step in ORDER:
        found = faults(step, answers)
        if found:
            return Sheet(step, answers, "check", found)
    if pressed.trap:
        return Sheet(Step.CHECK, answers, faults=(Fault("send", "check.trap"),))
    return Leave(End.SEND, answers)


def _picture_faults(answers: Answers) -> tuple[Fault, ...]:
    agree = all(map(could_be_picture, read_pictures(answers.pictures)))
    return () if agree else (Fault("file", "picture.numbers"),)


def _where_faults(answers: Answers) -> tuple[Fault, ...]:
    lines = locations(answers.where)
    if not lines and not answers.pictures.strip():
        return (Fault("where", "where.missing"),)
    if len(lines) > MAX_LOCATIONS:
        return (Fault("where", "where.too_many"),)
    return _too_long(answers.where, LONGEST_WHERE, "where")


def _too_long(text: str, longest: int, field: str) -> tuple[Fault, ...]:
    return (Fault(field, f"{field}.too_long"),) if units(text) > longest else ()
