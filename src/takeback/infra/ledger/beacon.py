"""Public randomness in the checkpoint: it was signed after this was known, so not before (a lower bound).

Off by default. A checkpoint's text then has a line `beacon <source> <round> <hex>`. Its signatures and
timestamps cover it; whether the round is right is for a verifier to look up at the source, as it was then.
The sequencer never waits for a beacon: it takes the newest value that came, and none if that is old.
"""

import hashlib
import logging
import re
import threading
from datetime import datetime, timedelta
from typing import Protocol

from takeback.errors import ConfigurationError, Unavailable
from takeback.infra import clock
from takeback.infra.ledger.witnesses import split_address
from takeback.infra.outbound import OutboundClient, Timeouts

READ_EVERY = 30.0
"""Seconds between two readings; the period of drand's oldest network."""
FRESH = timedelta(minutes=5)
"""A value that came longer ago bounds too little to be worth a line."""

_CHAIN = re.compile(r"/([0-9a-f]{64})\Z", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SIGNATURE = re.compile(r"(?:[0-9a-f]{2}){48,96}", re.ASCII)
_OK = 200

log = logging.getLogger(__name__)


class Beacon(Protocol):
    """A source of randomness that nobody knows before its time, and everybody can look up afterwards."""

    def read(self) -> str:
        """The newest value as a checkpoint's line. Raises Unavailable."""
        ...


class Drand:
    """A network of drand, asked over HTTP.

    Args:
        url: of one chain, ending with the chain's hash: https://api.drand.sh/8990e7a9...

    Raises:
        ConfigurationError: the address is none, or names no chain.
    """

    def __init__(self, url: str) -> None:
        origin, self._path = split_address(url)
        chain = _CHAIN.search(self._path)
        if chain is None:
            raise ConfigurationError("TAKEBACK_BEACON must end with the hash of a chain, 64 digits")
        self._source = f"drand/{chain[1]}"
        self._client = OutboundClient(origin, timeouts=Timeouts(connect=3, silence=5, total=10))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def read(self) -> str:
        """The newest round. That the value is the signature's hash is checked, not whose signature it is."""
        answer = self._client.get(f"{self._path}/public/latest", max_bytes=10_000)
        round_ = answer.json() if answer.status == _OK else None
        if not isinstance(round_, dict):
            raise Unavailable(f"the beacon answered {answer.status} without a round")
        number, value, signature = round_.get("round"), round_.get("randomness"), round_.get("signature")
        if type(number) is not int or number < 1:
            raise Unavailable("the beacon's round is no number")
        if not (isinstance(value, str) and _HASH.fullmatch(value)):
            raise Unavailable("the beacon's randomness is not 64 hexadecimal digits")
        if not (isinstance(signature, str) and _SIGNATURE.fullmatch(signature)):
            raise Unavailable("the beacon's signature is none")
        if hashlib.sha256(bytes.fromhex(signature)).hexdigest() != value:
            raise Unavailable("the beacon's randomness is not the hash of its signature")
        return f"beacon {self._source} {number} {value}"


class Newest:
    """The newest value of a beacon, read in a thread of its own.

    Args:
        beacon: the source; None: there never is a value.
    """

    def __init__(self, beacon: Beacon | None) -> None:
        self._beacon = beacon
        self._value: tuple[str, datetime] | None = None

    def run(self, stop: threading.Event) -> None:
        """Read on until `stop` is set."""
        while self._beacon is not None and not stop.is_set():
            self.read_once()
            stop.wait(READ_EVERY)

    def read_once(self) -> None:
        """Read the newest value; one that cannot be read is round_, and the last one grows old."""
        if self._beacon is None:
            return
        try:
            self._value = self._beacon.read(), clock.now()
        except Unavailable as error:
            log.warning("the beacon gives nothing: %s", error)

    def lines(self, now: datetime) -> tuple[str, ...]:
        """The line for a checkpoint that is signed now; none without a fresh value."""
        value = self._value
        return (value[0],) if value is not None and now - value[1] <= FRESH else ()
