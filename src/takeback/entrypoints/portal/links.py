"""Links that somebody types: which can be followed here, and what else can be done about the others.

The portal knows no platform: it is given one regular expression, which `connectors` made and `takeback
serve` put into its environment. A contract test holds that what it calls followable is what a connector
recognises. What is known of other platforms' own doors is data (`law/doors.toml`).
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from takeback.errors import ConfigurationError
from takeback.law.doors import Door

_SCHEMELESS = re.compile(r"[A-Za-z0-9.-]+\.[A-Za-z]{2,}(?:[/?#:].*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Links:
    """The links that the connected platforms follow."""

    pattern: re.Pattern[str] | None
    """Fits a whole line that can be followed; None: it is not known here, so nothing is said of any line."""

    def unfollowed(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the lines that no connected platform can follow, in their order."""
        if self.pattern is None:
            return ()
        return tuple(line for line in lines if not self.pattern.fullmatch(line))


def links(text: str | None) -> Links:
    """Read the setting: one regular expression; empty: no platform is connected; None: not known.

    Raises:
        ConfigurationError: it is not a regular expression.
    """
    if text is None:
        return Links(None)
    try:
        return Links(re.compile(text or r"(?!)"))
    except re.error as error:
        raise ConfigurationError(
            f"TAKEBACK_PORTAL_LINKS is not what `takeback links` prints: {error}"
        ) from error


def door_of(line: str, doors: tuple[Door, ...]) -> Door | None:
    """The door of the platform that a line is on; None if it is no link, or the platform is not known."""
    host = _host(line)
    return next(
        (door for door in doors for own in door.hosts if host == own or host.endswith(f".{own}")), None
    )


def _host(line: str) -> str:
    written = f"https://{line}" if _SCHEMELESS.fullmatch(line) else line
    try:
        return (urlsplit(written).hostname or "").lower()
    except ValueError:
        return ""
