"""Time zones by their names, and a local time beside the one in UTC.

Everything is kept and compared in UTC. Whoever reads a paper lives somewhere else, so it prints both.
"""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NAME = "UTC"
"""The zone of who names none."""


def zone_of(name: str) -> tzinfo:
    """The zone of a name such as "Asia/Seoul" (IANA). Raises ValueError for what is none."""
    if name == NAME:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone, such as Europe/Berlin or Asia/Seoul") from error


def beside(at: datetime, zone: tzinfo, form: str = "%Y-%m-%d %H:%M") -> str:
    """The local time in brackets, as in " (2026-03-03 21:05 UTC+09:00)"; empty where the zone is UTC."""
    if zone is UTC:
        return ""
    there = at.astimezone(zone)
    return f" ({there:{form}} {offset(there)})"


def offset(at: datetime) -> str:
    """How far a local time is ahead, as in "UTC+09:00"."""
    sign = f"{at:%z}"
    return f"UTC{sign[:3]}:{sign[3:5]}"
