"""Picks typed values out of JSON that strangers wrote.

An event's content is whatever its sender sent: a key may be missing or hold any type. What is not of the
expected shape reads as absent, never as an error, so that one crafted event cannot stop a watcher.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def at(value: object, *keys: str) -> object:
    """What is found by going down the keys; None if the way ends."""
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def text(value: object, *keys: str) -> str:
    """The text there, without NUL, which PostgreSQL does not store; empty if there is none."""
    found = at(value, *keys)
    if not isinstance(found, str):
        return ""
    # Half a surrogate pair is valid JSON and no valid text.
    return found.replace("\0", "").encode("utf-8", "replace").decode()


def number(value: object, *keys: str) -> int | None:
    """The whole number there."""
    found = at(value, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def objects(value: object, *keys: str) -> list[Mapping[str, object]]:
    """The objects in the list there."""
    found = at(value, *keys)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def members(value: object, *keys: str) -> Mapping[str, object]:
    """The object there, as a mapping."""
    found = at(value, *keys)
    return found if isinstance(found, Mapping) else {}


def moment(value: object, *keys: str) -> datetime:
    """The milliseconds since 1970 there; 1970 itself if a sender claimed a time that no calendar has."""
    try:
        return NEVER + timedelta(milliseconds=number(value, *keys) or 0)
    except OverflowError:
        return NEVER
