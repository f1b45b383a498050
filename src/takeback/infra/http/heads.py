"""Refuse a request's head that two readers could read differently.

h11 refuses most of it. It accepts two equal lengths, a length beside chunks, folded lines and bare line
feeds, which a server may refuse (RFC 9112, sections 2.2, 5.2 and 6.3): behind a proxy that reads them in
another way, one visitor's bytes become another one's request. Browsers and proxies send none of these.
"""

import re

import h11
from typing_extensions import override

_END = re.compile(rb"\n\r?\n")
_LENGTH = b"content-length"
_CODING = b"transfer-encoding"
_DIGITS = re.compile(rb"[0-9]{1,18}")


def check_head(received: bytes, most_bytes: int) -> None:
    """Check what has arrived of a request, from its first byte on.

    Args:
        received: the bytes; the head may be incomplete, and a body may follow it.
        most_bytes: of a head.

    Raises:
        h11.RemoteProtocolError: the request must be answered with 400, and the connection closed.
    """
    end = _END.search(received)
    head = received[: end.end()] if end else received
    if len(head) > most_bytes:
        raise h11.RemoteProtocolError("the head is too long")
    if end is None:
        return
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    if any(b"\n" in line or b"\r" in line or line[:1] in {b" ", b"\t"} for line in (first, *lines)):
        raise h11.RemoteProtocolError("a line of the head is folded, or does not end as it should")
    fields = [line.partition(b":") for line in lines]
    framing = [
        (name.lower(), value.strip()) for name, _, value in fields if name.lower() in {_LENGTH, _CODING}
    ]
    if len(framing) > 1:
        raise h11.RemoteProtocolError("the head says the body's length twice")
    for name, value in framing:
        if name == _LENGTH and not _DIGITS.fullmatch(value):
            raise h11.RemoteProtocolError("the body's length is no number")
        if name == _CODING and not first.endswith(b"HTTP/1.1"):
            raise h11.RemoteProtocolError("chunks need HTTP/1.1")


class StrictConnection(h11.Connection):
    """A server's side of HTTP/1.1 that checks each head before it is parsed.

    Args:
        most_bytes: of a head.
    """

    def __init__(self, most_bytes: int) -> None:
        super().__init__(h11.SERVER, most_bytes)
        self._most_bytes = most_bytes

    @override
    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """Parse what has arrived. Raises h11.RemoteProtocolError."""
        if self.their_state is h11.IDLE:
            check_head(self.trailing_data[0], self._most_bytes)
        return super().next_event()
