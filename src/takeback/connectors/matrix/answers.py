"""Picks typed values out of JSON that strangers wrote.

An event's content is whatever its sender sent: a key may be missing or hold any type. What is not of the
expected shape reads as absent, never as an error, so that one crafted event cannot stop a watcher.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def at(value: object, *keys: str) -> object:
    """Return the value below the keys; None if there is none."""
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def text(value: object, *keys: str) -> str:
    """Return the text there, without NUL, which PostgreSQL does not store; empty if there is none."""
    found = at(value, *keys)
    if not isinstance(found, str):
        return ""
    # Half a surrogate pair is valid JSON and no valid text.
    return found.replace("\0", "").encode("utf-8", "replace").decode()


def number(value: object, *keys: str) -> int | None:
    """Return the whole number there."""
    found = at(value, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def objects(value: object, *keys: str) -> list[Mapping[str, object]]:
    """Return the objects in the list there."""
    found = at(value, *keys)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def members(value: object, *keys: str) -> Mapping[str, object]:
    """Return the object there; empty if there is none."""
    found = at(value, *keys)
    return found if isinstance(found, Mapping) else {}


def moment(value: object, *keys: str) -> datetime:
    """Return the milliseconds since 1970 there; 1970 itself for a time that no calendar has."""
    try:
        return NEVER + timedelta(milliseconds=number(value, *keys) or 0)
    except OverflowError:
        return NEVER
