"""How the console looks: dark for everyone, until somebody chooses otherwise.

The choice is a cookie of the browser, not a column of the account: the same reviewer may sit in a dim room
and in a bright one. It stands on the page as the server renders it, so none is first shown in the other.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from starlette.responses import Response

COOKIE = "takeback-theme"
KEPT = timedelta(days=365)


class Theme(StrEnum):
    """What one can choose; the value stands in the cookie and on `<html>`."""

    DARK = "dark"
    LIGHT = "light"
    SYSTEM = "system"


def chosen(cookies: Mapping[str, str]) -> Theme:
    """What a browser's cookies ask for; dark if it says nothing, or nothing that is known."""
    value = cookies.get(COOKIE)
    return Theme(value) if value in list(Theme) else Theme.DARK


def keep(response: Response, theme: Theme, *, secure: bool) -> None:
    """Have the browser remember a choice."""
    response.set_cookie(
        COOKIE,
        theme.value,
        max_age=int(KEPT.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )
