"""An event's form on the wire: what the database keeps, and what a log entry commits to.

`parse(kind_of(e), body_of(e)) == e` for every event; whatever is not canonical is refused. What was stored is
never rewritten, because the log entry commits to it. So older events are upcast on reading, and a class that
is renamed keeps its kind.
"""

import dataclasses
import json
import re
from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from takeback.events import EVENTS, Event

Body = Mapping[str, object]


def kind_of(event: Event | type[Event]) -> str:
    """Return the name on the wire: the class's `kind`, else its name, such as "report_received"."""
    cls = event if isinstance(event, type) else type(event)
    said = getattr(cls, "kind", None)
    return said if isinstance(said, str) else re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


_BY_KIND: Mapping[str, type[Event]] = {kind_of(cls): cls for cls in EVENTS}
_ADAPTERS: Mapping[str, TypeAdapter[Event]] = {kind: TypeAdapter(cls) for kind, cls in _BY_KIND.items()}
_DEFAULTS: Mapping[str, Body] = {
    kind: {f.name: f.default for f in dataclasses.fields(cls) if f.default is not dataclasses.MISSING}
    for kind, cls in _BY_KIND.items()
}
_FIELDS: Mapping[str, frozenset[str]] = {
    kind: frozenset(f.name for f in dataclasses.fields(cls)) for kind, cls in _BY_KIND.items()
}


def body_of(event: Event) -> dict[str, str | int | None]:
    """Return the fields as plain JSON: ids as text, times as ISO 8601 in UTC, absent values as null."""
    return _ADAPTERS[kind_of(event)].dump_python(event, mode="json")


def upcast(kind: str, body: Body) -> Body:
    """Return the body as it would be written today: a field that was added since has its default.

    A change that no default can say gets a case here, by kind and by the fields that are there.
    """
    return {**_DEFAULTS[kind], **body}


def parse(kind: str, body: Body) -> Event:
    """Return the event that `kind_of` and `body_of` wrote, today or before. Raises ValueError for others."""
    if kind not in _BY_KIND:
        raise ValueError(f"unknown kind of event: {kind!r}")
    body = upcast(kind, body)
    if body.keys() != _FIELDS[kind]:
        raise ValueError(f"{kind}: fields {sorted(body)} are not {sorted(_FIELDS[kind])}")
    try:
        event = _ADAPTERS[kind].validate_json(json.dumps(body), strict=True)
    except TypeError as error:
        raise ValueError(f"{kind}: not JSON") from error
    except ValidationError as error:
        raise ValueError(f"{kind}: {error.error_count()} fields hold something else") from None
    if body_of(event) != body:
        raise ValueError(f"{kind}: not in canonical form")
    return event
