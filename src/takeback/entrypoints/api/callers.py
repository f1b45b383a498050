"""Callers: a program with a key, and not too often. Checked before anything of the body is read."""

import threading
from datetime import timedelta
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from takeback.app import App
from takeback.entrypoints.api.answers import Problem
from takeback.infra import clock
from takeback.infra.http.rates import Bucket, Rate, take
from takeback.staff import service

RATE = Rate(500, timedelta(seconds=0.01))
"""Of one key: 100 questions about a hash a second, and 500 saved up for bursts."""
HASH_COST = 1.0
PICTURE_COST = 10.0
_bearer = HTTPBearer(
    auto_error=False, scheme_name="key", description="A key that an administrator made in the console."
)


class Buckets:
    """The rest that each key has left, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    def pay(self, key: str, cost: float) -> None:
        """Pay for a question. Raises Problem 429."""
        with self._lock:
            self._buckets[key], wait = take(RATE, self._buckets.get(key), clock.now(), cost)
        if wait:
            raise Problem(
                429, "too_many_requests", "This key asks too often. Retry-After says when to come back.", wait
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
    """A caller who pays for a hash."""
    cast("Buckets", request.app.state.buckets).pay(name, HASH_COST)
    return name


def picture_caller(request: Request, name: Annotated[str, Depends(caller)]) -> str:
    """A caller who pays for a picture."""
    cast("Buckets", request.app.state.buckets).pay(name, PICTURE_COST)
    return name


Parts = Annotated[App, Depends(app_of)]
HashCaller = Annotated[str, Depends(hash_caller)]
PictureCaller = Annotated[str, Depends(picture_caller)]
