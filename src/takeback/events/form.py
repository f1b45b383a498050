"""An event's one form on the wire: what the database keeps, and what a log entry commits to.

`kind` is the class name in snake case, or the first name of a renamed class. `parse` and `body_of` are
inverse; whatever is not in canonical form is refused. An event of an older edition lacks fields that were
added since; those have a default. A stored event is never rewritten: the log entry commits to it as it was.
"""

import dataclasses
import json
import re
from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from takeback.events import EVENTS, Event

_FIRST_NAMES = {"MediaRevealed": "looked", "HeartbeatRecorded": "watched"}
"""Kinds of classes that had another name once. A kind is written for ever."""


def kind_of(event: Event | type[Event]) -> str:
    """The event's name on the wire, such as "report_received"."""
    cls = event if isinstance(event, type) else type(event)
    return _FIRST_NAMES.get(cls.__name__) or re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


_BY_KIND: Mapping[str, TypeAdapter[Event]] = {kind_of(cls): TypeAdapter(cls) for cls in EVENTS}
_FIELDS: Mapping[str, frozenset[str]] = {
    kind_of(cls): frozenset(f.name for f in dataclasses.fields(cls)) for cls in EVENTS
}
_NEEDED: Mapping[str, frozenset[str]] = {
    kind_of(cls): frozenset(f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING)
    for cls in EVENTS
}
"""Fields without a default. A field that was added later has one, so that older events can still be read."""


def body_of(event: Event) -> dict[str, str | int | None]:
    """The event's fields as plain JSON: ids as text, times as ISO 8601 in UTC, absent values as null."""
    return _BY_KIND[kind_of(event)].dump_python(event, mode="json")


def parse(kind: str, body: Mapping[str, object]) -> Event:
    """The event that `kind_of` and `body_of` wrote. Raises ValueError for anything else."""
    if kind not in _BY_KIND:
        raise ValueError(f"unknown kind of event: {kind!r}")
    if not _NEEDED[kind] <= body.keys() <= _FIELDS[kind]:
        raise ValueError(f"{kind}: fields {sorted(body)} are not {sorted(_FIELDS[kind])}")
    try:
        event = _BY_KIND[kind].validate_json(json.dumps(body), strict=True)
    except TypeError as error:
        raise ValueError(f"{kind}: not JSON") from error
    except ValidationError as error:
        raise ValueError(f"{kind}: {error.error_count()} fields hold something else") from None
    written = body_of(event)
    if {name: written[name] for name in body} != body:
        raise ValueError(f"{kind}: not in canonical form")
    return event
