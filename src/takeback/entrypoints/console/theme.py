"""The console's colours: dark for everyone, until somebody chooses otherwise.

The choice is a cookie of the browser, not a column of the account: the same reviewer may sit in a dim room
and in a bright one. It stands on the page as the server renders it, so none is first shown in the other.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from starlette.responses import Response

from takeback.infra.http import cookies

COOKIE = "takeback-theme"
KEPT = timedelta(days=365)


class Theme(StrEnum):
    """The choices; the value is in the cookie and on `<html>`."""

    DARK = "dark"
    LIGHT = "light"
    SYSTEM = "system"


def chosen(kept: Mapping[str, str]) -> Theme:
    """Return the theme in a browser's cookies; dark if there is none, or none that is known."""
    value = kept.get(COOKIE)
    return Theme(value) if value in list(Theme) else Theme.DARK


def keep(response: Response, theme: Theme, *, secure: bool) -> None:
    """Have the browser remember a choice."""
    cookies.keep(response, COOKIE, theme.value, KEPT, secure=secure)
