"""`takeback review`: a working copy, opened on a reviewer's own computer and shown as the console shows it.

The picture is opened in memory, decoded in the same confined child as for the console, and shown by a browser
on this computer, once: what is seen is a new JPEG, and nothing of it is written to a disk unless a file is
named. The file as it was posted comes out by `age -d` alone; nobody has to see it to decide.
"""

import secrets
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from typing_extensions import override

from takeback.entrypoints.cli.keys_on_paper import read_identity
from takeback.errors import ConfigurationError, Unreadable
from takeback.infra.config import Settings
from takeback.infra.vault.keys import write_secret
from takeback.infra.vault.sealing import open_stream
from takeback.signals.parts.names import is_view
from takeback.signals.sandbox import Decoder

BLURRED, CLEAR = 320, 1600
"""Pixels of the longer side, as in the console."""
PATIENCE = 300.0
"""Seconds in which the address must be opened."""


def review(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The sealed copy, as the console gave it out.")
    ],
    key: Annotated[Path, typer.Option(metavar="KEY", help="File with the reviewers' private key.")],
    reveal: Annotated[bool, typer.Option("--reveal", help="Show it clearly, in its colours.")] = False,
    view: Annotated[
        str, typer.Option(metavar="NAME", help="What the file shows: the view that the console names.")
    ] = "",
    at_ms: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Of a clip: the moment, in milliseconds.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write what would be shown to this new file, in place of showing it."
        ),
    ] = None,
) -> None:
    """Look at a working copy on your own computer: grey and blurred, unless you ask for more.

    It is shown once, by a browser on this computer, at an address that nobody else knows; then this ends.
    Nothing is written to the disk. You need not look alone, and not for long.

    Exit code: 2 if the key does not open the file, or it holds no picture that can be shown.
    """
    settings = Settings()
    if not is_view(view):
        raise ConfigurationError(f"{view!r} is no name of a view")
    shown = _picture(file, key, settings, reveal=reveal, view=view, at_ms=at_ms)
    if out is not None:
        write_secret(out, shown)
        print(f"Written to {out}. Delete it when you have decided.")
        return
    _show(shown)


def _picture(
    file: Path, key: Path, settings: Settings, *, reveal: bool, view: str, at_ms: int | None
) -> bytes:
    """A JPEG of what is in a sealed copy. Raises ConfigurationError."""
    identity = read_identity(key)
    try:
        opened = open_stream([identity], file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error}") from error
    except ValueError as error:
        raise ConfigurationError(f"{file} is not sealed to this key, or is damaged") from error
    side = CLEAR if reveal else BLURRED
    with Decoder(seconds=settings.decode_seconds, max_bytes=settings.max_media_bytes) as decoder:
        try:
            return decoder.preview(
                opened, max_side=side, blur=not reveal, grey=not reveal, view=view, at_ms=at_ms
            )
        except Unreadable as error:
            why = error.why.value.replace("_", " ")
            raise ConfigurationError(f"this picture cannot be shown ({why})") from error


def _show(picture: bytes) -> None:
    """Hand a picture to one browser on this computer, once. Raises ConfigurationError if none came."""
    address = f"/{secrets.token_urlsafe(32)}.jpg"
    left = [picture]

    class Once(BaseHTTPRequestHandler):
        """Answers the one address, once; a browser may ask for an icon meanwhile."""

        timeout = 10

        def do_GET(self) -> None:
            found = left.pop() if left and secrets.compare_digest(self.path, address) else None
            self.send_response(404 if found is None else 200)
            self.send_header("content-type", "image/jpeg")
            self.send_header("content-length", str(len(found or b"")))
            self.send_header("cache-control", "no-store")
            self.send_header("x-content-type-options", "nosniff")
            self.end_headers()
            self.wfile.write(found or b"")

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Nothing is told of who looked."""

    with HTTPServer(("127.0.0.1", 0), Once) as server:
        print(f"Open once, within five minutes: http://127.0.0.1:{server.server_port}{address}", flush=True)
        until = monotonic() + PATIENCE
        while left and (rest := until - monotonic()) > 0:
            server.timeout = rest
            server.handle_request()
    if left:
        raise ConfigurationError("nobody opened the address; nothing was shown")
