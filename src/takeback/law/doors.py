"""Where a person can turn to a platform herself, when nothing here can look there.

Rows are data (`doors.toml`): each with its source and the date on which it was read. Not legal advice; a row
whose source was not read says less, not more.
"""

import tomllib
from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Any

STOPNCII = "https://stopncii.org/"
"""Where adults have a number of their picture given to large platforms (read in stored copies,
2026-11-22)."""


@dataclass(frozen=True, slots=True)
class Door:
    """One platform's own way in for a report."""

    name: str
    """Of the platform, as people say it."""
    hosts: tuple[str, ...]
    """Host names in links to it; their subdomains count too."""
    address: str
    """Of the page that says how to report there; empty if no source for one was read."""
    in_app: bool
    """There is a report inside the app or beside each post."""
    stopncii: bool
    """It is named among the companies that work with StopNCII.org."""
    source: str
    checked: date


@dataclass(frozen=True, slots=True)
class Helper:
    """People who help adults with this."""

    place: str
    """Country or territory, in English."""
    name: str
    how: str
    """How they are reached, as one line."""
    source: str
    checked: date


def load_doors() -> tuple[Door, ...]:
    """Read the platforms' doors. Raises KeyError or TypeError if a row lacks something or has more."""
    return tuple(Door(hosts=tuple(row.pop("hosts")), **row) for row in _rows("door"))


def load_helpers() -> tuple[Helper, ...]:
    """Read who helps where. Raises KeyError or TypeError if a row lacks something or has more."""
    return tuple(Helper(**row) for row in _rows("helper"))


def _rows(kind: str) -> list[dict[str, Any]]:
    text = (resources.files("takeback.law") / "doors.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)[kind]
