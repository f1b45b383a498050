"""The witness's HTTP interface: POST /add-checkpoint (C2SP tlog-witness), and its public keys."""

import logging

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from takeback.entrypoints.witness.folder import Folder
from takeback.entrypoints.witness.rules import Refusal, decide, parse_request
from takeback.errors import ConfigurationError
from takeback.infra import clock
from takeback.infra.http.checks import Checked
from takeback_verify.core.cosignature import format_cosigner_key
from takeback_verify.core.errors import Malformed
from takeback_verify.core.note import format_signature

MAX_BODY = 65_536
"""Longest request: a proof of 63 hashes and a note with some signatures, of ML-DSA-44 too."""
_SIZE_TYPE = "text/x.tlog.size"

log = logging.getLogger(__name__)


def create_app(folder: Folder) -> FastAPI:
    """The application for one witness."""
    app = FastAPI(title="Takeback witness", openapi_url=None, docs_url=None, redoc_url=None)
    app.add_exception_handler(ClientDisconnect, lambda _, __: PlainTextResponse("not sent whole\n", 400))
    # Its name is its address without https://.
    app.add_middleware(Checked, hosts={key.name.partition("/")[0].lower() for key in folder.public})

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return PlainTextResponse("too long\n", status_code=413)
        return await run_in_threadpool(add, folder, bytes(body))

    @app.get("/")
    def keys() -> Response:
        return PlainTextResponse("".join(f"{format_cosigner_key(key)}\n" for key in folder.public))

    return app


def add(folder: Folder, body: bytes) -> Response:
    """Answer one request. The checkpoint is on disk before its cosignatures exist."""
    try:
        request = parse_request(body)
    except Malformed as error:
        return PlainTextResponse(f"{error}\n", status_code=400)
    origin = request.checkpoint.origin
    try:
        with folder.alone():
            keys = folder.keys_of(origin)
            refusal = decide(request, keys, folder.last(origin) if keys else None)
            if refusal is not None:
                return _refused(origin, refusal)
            folder.keep(origin, request.note)
    except (OSError, ConfigurationError) as error:
        log.exception("cannot witness %s", origin)
        return PlainTextResponse(f"the witness cannot keep what it sees: {error}\n", status_code=500)
    seconds = int(clock.now().timestamp())
    lines = (format_signature(key.cosign(request.note.text, seconds)) for key in folder.keys)
    return PlainTextResponse("".join(lines))


def _refused(origin: str, refusal: Refusal) -> Response:
    if refusal.contradicts:
        log.error("%s contradicts itself: %s", origin, refusal.reason)
    if refusal.size is not None:
        size = f"{refusal.size}\n"
        return Response(size, status_code=refusal.status, headers={"content-type": _SIZE_TYPE})
    return PlainTextResponse(f"{refusal.reason}\n", status_code=refusal.status)
