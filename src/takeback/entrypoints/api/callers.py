"""Callers: a program with a key, and not too often. Checked before anything of the body is read."""

from datetime import timedelta
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from takeback.app import App
from takeback.entrypoints.api.answers import Problem
from takeback.infra import clock
from takeback.infra.rate_limiter import Rate, RateLimiter
from takeback.staff import service

HASH_COST = 1.0
PICTURE_COST = 10.0
RATE = Rate(burst=500, every=timedelta(milliseconds=10))
"""Questions about a hash that one key may ask; a picture costs as much as ten."""
_bearer = HTTPBearer(
    auto_error=False, scheme_name="key", description="A key that an administrator made in the console."
)


def app_of(request: Request) -> App:
    """The parts that `create_app` was given."""
    return cast("App", request.app.state.parts)


def caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> str:
    """The name of the key. Raises Problem 401."""
    name = None
    if credentials is not None:
        with app_of(request).database.transaction() as tx:
            name = service.api_key_name(tx, credentials.credentials)
    if name is None:
        raise Problem(
            401,
            "no_key",
            "Send a working key: Authorization: Bearer KEY. Administrators make keys in the console.",
        )
    return name


def hash_caller(request: Request, name: Annotated[str, Depends(caller)]) -> str:
    """A caller who pays for a hash. Raises Problem 429."""
    return _paid(request, name, HASH_COST)


def picture_caller(request: Request, name: Annotated[str, Depends(caller)]) -> str:
    """A caller who pays for a picture. Raises Problem 429."""
    return _paid(request, name, PICTURE_COST)


def _paid(request: Request, name: str, cost: float) -> str:
    limiter = cast("RateLimiter", request.app.state.limiter)
    if wait := limiter.take({name.encode(): RATE}, clock.now(), cost):
        raise Problem(
            429, "too_many_requests", "This key asks too often. Retry-After says when to come back.", wait
        )
    return name


Parts = Annotated[App, Depends(app_of)]
HashCaller = Annotated[str, Depends(hash_caller)]
PictureCaller = Annotated[str, Depends(picture_caller)]
