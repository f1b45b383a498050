"""The chat room as its members see it, on a page of the demo: where one watches a picture go.

It is the demo's own window and no part of the service: Synapse ships no page of its own.
"""

import html
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from typing_extensions import override

from takeback.errors import PlatformError
from takeback_dev.demo.member_view import MemberView, Shown

_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="2"><title>Harbour pictures</title>
<link rel="icon" href="data:,"><style>
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
ol{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:1rem}
img,.gone{width:100%;aspect-ratio:3/2;object-fit:cover;border-radius:6px;display:grid;place-items:center}
.gone{background:color-mix(in srgb,currentColor 8%,transparent);font-size:.9rem;text-align:center}
small{opacity:.75}button{font:inherit;padding:.6rem 1rem}
</style>"""


def page(shown: tuple[Shown, ...]) -> str:
    """The room as HTML."""
    tiles = "".join(_tile(each) for each in shown)
    left = sum(each.media is not None for each in shown)
    return (
        f"{_HEAD}<h1>Harbour pictures</h1><p>The public chat room of the demo, as an ordinary member sees "
        f"it: {left} of {len(shown)} pictures are there. The page looks again every two seconds.</p>"
        "<form method='post' action='/copy'><button>Post another copy of the picture</button></form>"
        f"<ol>{tiles}</ol></html>"
    )


def _tile(shown: Shown) -> str:
    who = html.escape(shown.sender.removeprefix("@").partition(":")[0])
    if shown.media is None:
        return f"<li><div class='gone'>This message was removed.</div><small>{who}</small></li>"
    source = html.escape(shown.media.removeprefix("mxc://"), quote=True)
    return f"<li><img src='/picture/{source}' alt='a picture that {who} posted'><small>{who}</small></li>"


@contextmanager
def serve(member_view: MemberView, room: str, port: int, post_copy: Callable[[], object]) -> Iterator[str]:
    """Show the room on loopback; its address.

    Args:
        member_view: who looks.
        room: which room.
        port: on 127.0.0.1.
        post_copy: called when somebody presses the button.
    """

    class Window(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            where = urlsplit(self.path).path
            if where == "/":
                self._answer(200, "text/html; charset=utf-8", page(member_view.room(room)).encode())
                return
            data = None
            if where.startswith("/picture/"):
                data = member_view.picture("mxc://" + unquote(where.removeprefix("/picture/")))
            if data is None:
                self._answer(404, "text/plain", b"not there")
            else:
                self._answer(200, "application/octet-stream", data)

        def do_POST(self) -> None:
            post_copy()
            self.send_response(303)
            self.send_header("Location", "/")
            self.end_headers()

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def handle(self) -> None:
            try:
                super().handle()
            except (PlatformError, ConnectionError):
                self.close_connection = True

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Keep the terminal for the demo's own words."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Window)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="room", daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
