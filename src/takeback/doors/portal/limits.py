"""How often one network, and everybody together, may send and ask.

Receipts could be guessed and the intake could be flooded; both are slowed, neither is watched. A network
is known only by a hash under a salt that lives in this process's memory and is thrown away each day, so
nothing here can say who came, and a restart forgets everything. The trade-off: each portal process counts
for itself.

Whole networks are counted, not addresses (IPv4 /24, IPv6 /56): phones of one street share one address
anyway, and a private person owns a /56 of the new ones. The numbers are wide enough for a shelter with
one line.
"""

import hashlib
import hmac
import ipaddress
import secrets
import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from takeback.errors import TooManyAttempts

_MOST_NETWORKS = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: so many at once, then one more each so often."""

    burst: int
    every: timedelta


@dataclass(frozen=True, slots=True)
class Bucket:
    """How full one bucket was when it was last looked at."""

    tokens: float
    at: datetime


def take(rate: Rate, bucket: Bucket | None, now: datetime) -> tuple[Bucket, timedelta]:
    """Take one token if there is one.

    Returns:
        The bucket afterwards, and how long to wait until there is one: nothing if it was taken.
    """
    if bucket is None:
        return Bucket(rate.burst - 1, now), timedelta()
    gained = max(timedelta(), now - bucket.at) / rate.every
    tokens = min(float(rate.burst), bucket.tokens + gained)
    if tokens >= 1:
        return Bucket(tokens - 1, now), timedelta()
    return Bucket(tokens, now), (1 - tokens) * rate.every


class Gate:
    """Lets one kind of request through as often as it may come.

    Args:
        per_network: for each network.
        together: for all of them; protects the database when many networks come at once.
    """

    def __init__(self, per_network: Rate, together: Rate) -> None:
        self._per_network = per_network
        self._together = together
        self._lock = threading.Lock()
        self._salt = secrets.token_bytes(32)
        self._day: date | None = None
        self._networks: dict[bytes, Bucket] = {}
        self._all: Bucket | None = None

    def enter(self, address: str, now: datetime) -> None:
        """Count one request.

        Args:
            address: the peer's, as the server names it.
            now: the present.

        Raises:
            TooManyAttempts: come back later; the request must not be looked at.
        """
        with self._lock:
            if now.date() != self._day:
                self._day, self._salt = now.date(), secrets.token_bytes(32)
                self._networks.clear()
            name = hmac.digest(self._salt, network(address).encode(), hashlib.sha256)
            bucket, wait = take(self._per_network, self._networks.pop(name, None), now)
            self._networks[name] = (
                bucket  # again at the end: the first is the one that was silent for longest
            )
            if len(self._networks) > _MOST_NETWORKS:
                del self._networks[next(iter(self._networks))]
            if not wait:
                self._all, wait = take(self._together, self._all, now)
        if wait:
            raise TooManyAttempts(wait)


def network(address: str) -> str:
    """The network that an address belongs to; whatever is no address counts as one network."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if ip.version == 6 and ip.ipv4_mapped is not None:  # noqa: PLR2004 (the protocol's number)
        ip = ip.ipv4_mapped
    prefix = 24 if ip.version == 4 else 56  # noqa: PLR2004 (the protocol's number)
    return str(ipaddress.ip_network((ip, prefix), strict=False))
