"""The only HTTP client of the project, so that what may leave the machine is decided in one file.

A client is bound to one configured origin and asks nothing else: paths are given, never URLs, so an address
that comes from outside (a link in a report, a redirect, a proxy from the environment) cannot steer it.
Bodies are read up to a bound and requests end by a deadline, because the other side may be hostile, slow or
broken.

The trade-off: a whole body is held in memory, so the bound is also the memory that a call may take.
"""

import _ssl  # for a constant that `ssl` does not give on: how a certificate is spelt out
import json
import logging
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

import certifi
import httpx2

from takeback.errors import ConfigurationError, Unavailable
from takeback.infra import clock
from takeback.infra.asking import ask_outside

MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""Longest answer unless the caller says otherwise."""
TOO_MANY_REQUESTS = 429
SERVER_ERRORS = 500
MAX_ORIGIN_PORT = 65535
MAX_WAIT = 366 * 86_400.0
"""Seconds: a longer wait that the other side asks for is told as this one."""
REDACTED = "(redacted)"
_SECRET = "authorization"  # noqa: S105 - the header that must not be kept

# httpx2 logs every URL at INFO. Ours carry no secret, but they carry room and message ids: whose case it is.
logging.getLogger("httpx2").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the other side, below 500 and not "too many requests"."""

    status: int
    content_type: str
    """Without parameters, in lower case; empty if there was none."""
    body: bytes = field(repr=False)
    whole: bool = True
    """False when the body was longer than asked for and was cut."""

    def json(self) -> object:
        """The body as JSON. Raises Unavailable if it is not, or was cut: something on the way is broken."""
        if not self.whole:
            raise Unavailable("the answer was longer than it may be")
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Unavailable(f"the answer ({self.status}) was not JSON") from error


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer, as they went over the wire, for evidence: see `OutboundClient.exchange`."""

    at: datetime
    """When it was asked, in UTC."""
    method: str
    url: str
    asked: tuple[tuple[str, str], ...]
    """Headers of the request; in place of the token stands `REDACTED`."""
    reason: str
    """The words beside the answer's status."""
    said: tuple[tuple[str, str], ...]
    """Headers of the answer, in their order and spelling."""
    answer: Answer
    chain: tuple[bytes, ...] | None = field(repr=False)
    """Certificates that the other side showed, leaf first, as DER; None over plain HTTP."""
    peer: str
    """Address and port of the other side; empty if the connection does not tell."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that a request may take."""

    connect: float = 5.0
    silence: float = 10.0
    """Without a byte."""
    total: float = 30.0
    """From asking to the last byte of the body."""


def path(*segments: str, **query: str) -> str:
    """A request path from raw segments, each percent-encoded whole, with a query.

    A leading segment may name a fixed prefix with slashes of its own.
    """
    prefix, *rest = segments
    # A segment of dots would be read as a step up the tree by proxies on the way.
    encoded = [
        quote(segment, safe="").replace(".", "%2E") if set(segment) == {"."} else quote(segment, safe="")
        for segment in rest
    ]
    asked = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query.items())
    return "/".join([prefix, *encoded]) + (f"?{asked}" if asked else "")


@cache
def trusted() -> ssl.SSLContext:
    """Return the authorities that are trusted: Mozilla's list, as the lock file pins it."""
    return ssl.create_default_context(cafile=certifi.where())


class OutboundClient:
    """Asks one origin. Safe to share between threads.

    Args:
        origin: scheme, host and port, from the configuration: "https://chat.example:8448".
        token: sent as a bearer token with each request; kept out of every text that this class makes.
        timeouts: of each request that does not bring its own.

    Raises:
        ConfigurationError: the origin is not one, or the token cannot be sent.
    """

    def __init__(self, origin: str, *, token: str | None = None, timeouts: Timeouts | None = None) -> None:
        self.origin = checked_origin(origin)
        self._timeouts = timeouts or Timeouts()
        headers = {"User-Agent": "takeback", "Accept-Encoding": "identity"}
        if token is not None:
            if not (token.isascii() and token.isprintable() and " " not in token):
                raise ConfigurationError("an access token has characters that no token has; copy it again")
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx2.Client(
            base_url=self.origin,
            headers=headers,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
            verify=trusted(),
        )

    def __repr__(self) -> str:
        """Never with the token."""
        return f"OutboundClient({self.origin!r})"

    def __enter__(self) -> Self:
        """For a block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the connections."""
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def get(
        self, path: str, *, max_bytes: int = MAX_ANSWER_BYTES, timeouts: Timeouts | None = None
    ) -> Answer:
        """`send` with GET."""
        return self.send("GET", path, max_bytes=max_bytes, timeouts=timeouts)

    def send(
        self,
        method: str,
        path: str,
        *,
        document: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
        timeouts: Timeouts | None = None,
    ) -> Answer:
        """Ask once, and read at most `max_bytes` of the answer.

        Args:
            method: the HTTP method.
            path: from the root of the origin, percent-encoded: see `path`.
            document: sent as JSON.
            content: sent as it is, in place of a document.
            headers: besides the client's own.
            max_bytes: where the body is cut.
            timeouts: in place of the client's.

        Raises:
            Unavailable: no answer in time, a broken one, 429 or 5xx; with the wait that was asked for.
        """
        return self._ask(method, path, document, content, headers, max_bytes, timeouts).answer

    def exchange(
        self, path: str, *, max_bytes: int = MAX_ANSWER_BYTES, timeouts: Timeouts | None = None
    ) -> Exchange:
        """`get`, with everything that was said on the way: headers, certificates, address.

        Raises Unavailable. The access token is not in it. Certificates are those that the TLS handshake
        brought, so a server behind a proxy shows the proxy's.
        """
        return self._ask("GET", path, None, None, None, max_bytes, timeouts)

    def _ask(
        self,
        method: str,
        path: str,
        document: object,
        content: bytes | None,
        headers: Mapping[str, str] | None,
        max_bytes: int,
        timeouts: Timeouts | None,
    ) -> Exchange:
        ask_outside(self.origin)
        if not path.startswith("/") or path.startswith("//"):
            raise ValueError(f"not a path from the root: {path!r}")
        limits = timeouts or self._timeouts
        sent = dict(headers or {})
        body = content
        if document is not None:
            body = json.dumps(document).encode()
            sent["Content-Type"] = "application/json"
        request = self._client.build_request(
            method,
            path,
            content=body,
            headers=sent,
            timeout=httpx2.Timeout(limits.silence, connect=limits.connect),
        )
        try:
            made = self._read(request, max_bytes, timedelta(seconds=limits.total))
        # InvalidURL and StreamError are not HTTPErrors; LookupError is an unknown charset in a header.
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, LookupError) as error:
            # The error's own text and trace may quote the request; its kind says enough.
            raise Unavailable(f"no answer from {self.origin}: {type(error).__name__}") from None
        answer = made.answer
        if answer.status == TOO_MANY_REQUESTS or answer.status >= SERVER_ERRORS:
            said = {name.lower(): value.strip() for name, value in made.said}
            wait = max(_seconds(said.get("retry-after"), said.get("date")) or 0, _asked_wait(answer) or 0)
            raise Unavailable(f"{self.origin} answered {answer.status}", wait or None)
        return made

    def _read(self, request: httpx2.Request, max_bytes: int, total: timedelta) -> Exchange:
        began = clock.now()
        deadline = began + total
        response = self._client.send(request, stream=True)
        try:
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise Unavailable(f"{self.origin} answered in an encoding that was not asked for")
            chain, peer = _other_side(response)
            body, whole = bytearray(), True
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > max_bytes:
                    whole = False
                    break
                if clock.now() > deadline:
                    raise Unavailable(f"{self.origin} took longer than {total.total_seconds():g} s to answer")
        finally:
            response.close()
        answer = Answer(
            status=response.status_code,
            content_type=response.headers.get("content-type", "").partition(";")[0].strip().lower(),
            body=bytes(body[:max_bytes]),
            whole=whole,
        )
        asked = _as_sent(request.headers.raw)
        shown = tuple((name, REDACTED if name.lower() == _SECRET else value) for name, value in asked)
        url, said = str(request.url), _as_sent(response.headers.raw)
        return Exchange(began, request.method, url, shown, response.reason_phrase, said, answer, chain, peer)


def _as_sent(raw: Sequence[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    """Headers as text, byte for byte (RFC 9110, 5.5: octets are read as ISO 8859-1)."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)


def _other_side(response: httpx2.Response) -> tuple[tuple[bytes, ...] | None, str]:
    """(certificates, address) of an open connection."""
    stream = response.extensions.get("network_stream")
    if stream is None:
        return None, ""
    address = stream.get_extra_info("server_addr")
    peer = f"{address[0]}:{address[1]}" if isinstance(address, tuple) and len(address) > 1 else ""
    secured = stream.get_extra_info("ssl_object")
    return (None if secured is None else _chain(secured)), peer


def _chain(secured: object) -> tuple[bytes, ...]:
    """The certificates that the other side sent, leaf first, as DER; they were verified by the handshake.

    What the transport gives for this is CPython's own object of the connection (`ssl.SSLSocket` wraps it, and
    passes the chain on from Python 3.13 only).
    """
    ask = getattr(secured, "get_unverified_chain", None)
    found = () if ask is None else ask() or ()
    return tuple(each if isinstance(each, bytes) else each.public_bytes(_ssl.ENCODING_DER) for each in found)


def checked_origin(origin: str) -> str:
    """The origin in its plain form, without a trailing slash. Raises ConfigurationError if it is not one."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        raise ConfigurationError(
            "not an address: give scheme, host and port only, as https://chat.example"
        ) from None
    wrong = (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.username is not None
        or parts.path not in {"", "/"}
        or parts.query
        or parts.fragment
        or port == 0
    )
    if wrong:
        raise ConfigurationError(
            "not an origin: give scheme, host and port only, as https://chat.example:8448"
        )
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")


def _asked_wait(answer: Answer) -> float | None:
    """Matrix says how long to wait in the body (client-server API, "Rate limiting")."""
    try:
        said = answer.json()
    except Unavailable:
        return None
    wait = said.get("retry_after_ms") if isinstance(said, dict) else None
    number = isinstance(wait, int | float) and not isinstance(wait, bool) and wait >= 0
    return min(wait, MAX_WAIT * 1000) / 1000 if number else None


def _seconds(header: str | None, date: str | None) -> float | None:
    """Retry-After, in seconds or as a date (RFC 9110, 10.2.3).

    A date counts from the answer's own `Date`, so that it does not matter whose clock is right.
    """
    if header is None:
        return None
    if header.isascii() and header.isdigit():
        return min(float(header), MAX_WAIT)
    try:
        until = parsedate_to_datetime(header)
        wait = (until - (parsedate_to_datetime(date) if date else clock.now())).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(wait, MAX_WAIT) if wait > 0 else None
