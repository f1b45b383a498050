"""Cookies as all our pages set them: for the whole site, out of reach of scripts and of other sites."""

from datetime import timedelta

from starlette.responses import Response


def keep(response: Response, name: str, value: str, lasts: timedelta | None, *, secure: bool) -> None:
    """Set a cookie; None: until the browser ends, and no time at all takes it away."""
    age = None if lasts is None else int(lasts.total_seconds())
    response.set_cookie(name, value, age, path="/", secure=secure, httponly=True, samesite="strict")
