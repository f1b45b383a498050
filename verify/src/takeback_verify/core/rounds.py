"""`data/rounds/<hash>.json`: one round of looks at a removed copy, and what follows from it.

The service says of a round that the copy is there, gone, or that nothing is certain. Nobody has to believe
that: the document holds every look, its control and its vantage, so the finding is computed again here, by
the rule of docs/spec/round.md. "Gone" is the one word that must never be said by mistake. A first version of
the document does not say what had to be looked at; such a round is read, and never counts as gone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from takeback_verify.core.canonical import Record, Value, moment, read, record, write
from takeback_verify.core.errors import Malformed, NotProven

_FIRST = frozenset({"at", "control", "looks", "round", "target", "v"})
_SECOND = _FIRST | {"required", "shut_out"}
_LOOK = frozenset({"seen", "state", "surface", "vantage"})
_CONTROL = _LOOK | {"when"}
_NEWEST = 2


class Surface(StrEnum):
    """A place where a copy can be seen."""

    MEDIA = "media"
    MESSAGE = "message"
    THUMBNAIL = "thumbnail"


class Vantage(StrEnum):
    """The account that looks."""

    ADMIN = "admin"
    ANONYMOUS = "anonymous"
    MEMBER = "member"


class State(StrEnum):
    """The result of a look."""

    ABSENT = "absent"
    PRESENT = "present"
    UNDETERMINED = "undetermined"


class When(StrEnum):
    """Time of a look at the control: right before the copy, or right after it."""

    AFTER = "after"
    BEFORE = "before"


class Finding(StrEnum):
    """The result of a whole round."""

    GONE = "gone"
    THERE = "there"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Look:
    """The answer at one surface from one vantage."""

    seen: str
    """The platform's answer, in its own words."""
    state: State
    surface: Surface
    vantage: Vantage
    when: When | None = None
    """Of a look at the control; None: at the copy."""


@dataclass(frozen=True, slots=True)
class RoundDocument:
    """One round: all looks at the copy, and all looks at the control beside it."""

    at: datetime
    control: tuple[Look, ...]
    looks: tuple[Look, ...]
    required: frozenset[Surface] | None
    """Surfaces that must be proven absent; None: a first version, which does not say."""
    round: int
    """0 is the one right after the removal."""
    shut_out: frozenset[Vantage]
    """To whom the platform may show nothing at all."""
    target: str
    """The removal, a UUID."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A round as it may be told."""

    document: RoundDocument
    finding: Finding | None
    """None: the service says that the copy was gone, and the document does not prove it."""
    why_not: str
    """Why not, in words; empty if the finding is proven."""


def parse_round(data: bytes, what: str) -> RoundDocument:
    """The document behind canonical bytes; `what` names it in messages.

    Raises Malformed: another field, a word that is not of the schema, rows out of order, or another spelling.
    """
    # 1. The fields of one of the two versions.
    values = read(data, what)
    version = values.get("v") if isinstance(values, dict) else None
    whole = record(values, what, _SECOND if version == _NEWEST else _FIRST)
    if whole.count("v") not in {1, _NEWEST}:
        raise Malformed(f"{what}: version {version}; only 1 and {_NEWEST} are known")
    # 2. Looks and control, each in its order.
    looks = tuple(_look(row, what, _LOOK) for row in whole.rows("looks"))
    control = tuple(_look(row, what, _CONTROL) for row in whole.rows("control"))
    if list(looks) != sorted(looks, key=_order) or list(control) != sorted(control, key=_order):
        raise Malformed(f"{what} does not list its looks in order")
    # 3. What had to be proven.
    old = version != _NEWEST
    return RoundDocument(
        whole.time("at"),
        control,
        looks,
        None if old else frozenset(_words(whole, "required", Surface)),
        whole.count("round"),
        frozenset() if old else frozenset(_words(whole, "shut_out", Vantage)),
        whole.uuid("target"),
    )


def format_round(document: RoundDocument) -> bytes:
    """The document's bytes. Raises Malformed for what `parse_round` would not give back."""
    fields: dict[str, Value] = {
        "at": moment(document.at),
        "control": [_row(look) for look in sorted(document.control, key=_order)],
        "looks": [_row(look) for look in sorted(document.looks, key=_order)],
        "round": document.round,
        "target": document.target,
        "v": 1,
    }
    if document.required is not None:
        required: list[Value] = [*sorted(each.value for each in document.required)]
        shut_out: list[Value] = [*sorted(each.value for each in document.shut_out)]
        fields |= {"required": required, "shut_out": shut_out, "v": _NEWEST}
    data = write(fields)
    parse_round(data, "a round")
    return data


def proven(document: RoundDocument) -> tuple[Look, ...]:
    """The looks that prove an absence: the copy was not there, and the control was, before and after."""
    return tuple(
        look
        for look in document.looks
        if _states(document.control, look, State.PRESENT)
        and all(twin.state is State.ABSENT for twin in document.looks if _pair(twin) == _pair(look))
    )


def shut(document: RoundDocument) -> tuple[Look, ...]:
    """The looks that say nothing and do no harm: who looks there may be shown nothing at all.

    The control, the copy and the control again got one and the same answer, and the same surface is proven
    from another vantage.
    """
    surfaces = {look.surface for look in proven(document)}
    return tuple(
        look
        for look in document.looks
        if look.surface in surfaces
        and look.vantage in document.shut_out
        and look.state is State.ABSENT
        and _states(document.control, look, State.ABSENT)
        and {row.seen for row in document.control if _pair(row) == _pair(look)} == {look.seen}
    )


def finding(document: RoundDocument) -> Finding:
    """Return the result of a round. A first version, which does not say what was required, is never gone."""
    if any(look.state is State.PRESENT for look in document.looks):
        return Finding.THERE
    sure = proven(document)
    certain = {*sure, *shut(document)}.issuperset(document.looks)
    if document.required and document.looks and certain:
        return Finding.GONE if document.required <= {look.surface for look in sure} else Finding.UNCLEAR
    return Finding.UNCLEAR


def judge(document: RoundDocument, said: str) -> Judged:
    """A round beside what the log says of it. Raises NotProven if the two contradict."""
    found = finding(document)
    if said == found.value:
        return Judged(document, found, "")
    if document.required is None and found is Finding.UNCLEAR and said == Finding.GONE.value:
        why = "its record does not say what had to be looked at" if document.control else "no control"
        return Judged(document, None, why)
    raise NotProven(f'the log says "{said}", and its looks say "{found}"')


def _states(control: Iterable[Look], look: Look, state: State) -> bool:
    """Return whether the control was in this state, at the look's place, before and after."""
    rows = [row for row in control if _pair(row) == _pair(look)]
    return {row.when for row in rows} == {*When} and {row.state for row in rows} == {state}


def _look(row: Value, what: str, fields: frozenset[str]) -> Look:
    found = record(row, f"{what}: a look", fields)
    seen = found.values["seen"]
    if not isinstance(seen, str):
        raise Malformed(f"{what}: seen is not text")
    when = _word(found.values["when"], When, what) if "when" in fields else None
    return Look(
        seen,
        _word(found.values["state"], State, what),
        _word(found.values["surface"], Surface, what),
        _word(found.values["vantage"], Vantage, what),
        when,
    )


_Word = TypeVar("_Word", bound=StrEnum)


def _word(value: Value, kind: type[_Word], what: str) -> _Word:
    for each in kind:
        if value == each.value:
            return each
    raise Malformed(f"{what}: {value!r} is no {kind.__name__.lower()}")


def _words(whole: Record, name: str, kind: type[_Word]) -> Sequence[_Word]:
    words = [_word(each, kind, whole.what) for each in whole.rows(name)]
    if words != sorted(set(words)):
        raise Malformed(f"{whole.what} does not list {name} in order, each once")
    return words


def _row(look: Look) -> dict[str, Value]:
    row: dict[str, Value] = {
        "seen": look.seen,
        "state": look.state.value,
        "surface": look.surface.value,
        "vantage": look.vantage.value,
    }
    return row if look.when is None else row | {"when": look.when.value}


def _pair(look: Look) -> tuple[Surface, Vantage]:
    return look.surface, look.vantage


def _order(look: Look) -> tuple[bool, str, str, str, str]:
    """Before, then after; then by rising surface, vantage, state and answer."""
    after = look.when is When.AFTER
    return after, look.surface.value, look.vantage.value, look.state.value, look.seen
