"""Is this picture known? For the platform's own use, with a key: nobody else may ask the bank.

Only entries that a reviewer saw are known. A seed, which anybody can make by reporting a picture, is answered
exactly as a picture that nobody reported.
What is asked leaves no trace: nothing of the hash, the picture or the answer is stored or logged.
"""

import threading
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError

from takeback.app import App
from takeback.bank import service as bank
from takeback.entrypoints.api.answers import Answer, Failed, HashQuestion, Problem
from takeback.entrypoints.api.bodies import read
from takeback.entrypoints.api.callers import HashCaller, Parts, PictureCaller
from takeback.errors import Deferred, Unreadable, WhyUnreadable
from takeback.signals.lanes import When
from takeback.signals.model import MIN_QUALITY, PictureSignals

router = APIRouter(prefix="/v1/check", tags=["check"])

_MAX_QUESTION = 1024
_SLOW = threading.BoundedSemaphore(4)
"""So many callers wait for the slow lane; the next is asked to come back, and cheap pictures never wait."""
_COME_BACK = timedelta(seconds=10)
_FAULTS: dict[int | str, dict[str, Any]] = {
    400: {"model": Failed, "description": "The body or its length is not understood."},
    401: {"model": Failed, "description": "No key, or one that does not work."},
    413: {"model": Failed, "description": "The body is too long; it was not read."},
    422: {"model": Failed, "description": "Not what was asked for; `code` says why."},
    429: {"model": Failed, "description": "Too many questions; Retry-After says when to come back."},
}


def _check(app: App, quality: int | None, *pdqs: bytes) -> Answer:
    with app.database.transaction() as tx:
        bank.refresh(tx, app.index)
    known = bank.check(app.index, *pdqs)
    return Answer(known=known, status="active" if known else None, quality=quality)


@router.post(
    "/hash",
    responses=_FAULTS,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": HashQuestion.model_json_schema()}},
        }
    },
)
def check_hash(request: Request, app: Parts, _: HashCaller) -> Answer:
    """Is a picture with this hash known?"""
    try:
        question = HashQuestion.model_validate_json(read(request, _MAX_QUESTION))
    except ValidationError as error:
        text = 'Send {"pdq": "..."} with 64 hexadecimal digits, and nothing else.'
        raise Problem(422, "not_a_hash", text) from error
    return _check(app, None, bytes.fromhex(question.pdq))


def _signals(app: App, data: bytes) -> PictureSignals:
    """Hash exactly: a fast hash decides nothing. Raises Unreadable, Problem."""
    try:
        return app.decoder.signals(data, exact=True, when=When.SOON)
    except Deferred as error:
        if not _SLOW.acquire(blocking=False):
            text = "This file takes long to read, and others like it wait already."
            raise Problem(429, "busy", text, _COME_BACK) from error
    try:
        return app.decoder.signals(data, exact=True)
    finally:
        _SLOW.release()


@router.post(
    "/picture",
    responses=_FAULTS,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def check_picture(request: Request, app: Parts, _: PictureCaller) -> Answer:
    """Is this picture, or one in it, known? The body is the file. It is decoded in a sandbox and dropped."""
    data = read(request, app.settings.max_media_bytes)
    try:
        signals = _signals(app, data)
    except Unreadable as error:
        status = 413 if error.why is WhyUnreadable.TOO_MANY_BYTES else 422
        words = error.why.value.replace("_", " ")
        raise Problem(
            status, error.why.value, f"The bytes could not be read as a picture: {words}."
        ) from error
    parts = (signals.whole, *(variant.pdq for variant in signals.variants))
    # A hash of too little detail means nothing: nothing such is banked.
    return _check(app, signals.whole.quality, *(pdq.hash for pdq in parts if pdq.quality >= MIN_QUALITY))
