"""Limits on how often one network, and everybody together, may send and ask.

Receipts could be guessed and the intake could be flooded; both are slowed, neither is watched. A network
is known only by a hash under a salt that lives in this process's memory and is thrown away each day, so
nothing here can say who came. How many reports come from one network is counted exactly in the database
(`cases/floods.py`).

A request counts for all networks that its address lies in (`networks`), and passes if each has room: a wider
one has twice the budget of the next narrower. The bound for all together is asked only once a network
has used some of its budget. So whoever floods from however many networks does not shut out somebody who
comes from another one.
"""

import hashlib
import hmac
import secrets
import threading
from datetime import date, datetime, timedelta

from takeback.entrypoints.portal.networks import Visitor
from takeback.errors import TooManyAttempts
from takeback.infra.rate_limiter import MOST_BUCKETS, Rate, RateLimiter

FREE = 3
"""Requests of a network, of its widest kind, that the bound for all together does not hold up."""
_WIDER = 2
"""Each wider network may do so many times as much."""
_TOGETHER = b"together"
LIMITS = {
    # New drafts, and new sessions in which a receipt is looked up: both are a row. At most some 3,900 in
    # thirty minutes by one process; the database holds 8,000.
    "begin": (Rate(60, timedelta(seconds=10)), Rate(300, timedelta(seconds=0.5))),
    "send": (Rate(12, timedelta(minutes=1)), Rate(120, timedelta(seconds=1))),
    "ask": (Rate(20, timedelta(seconds=10)), Rate(300, timedelta(seconds=0.1))),
    "take": (Rate(6, timedelta(minutes=5)), Rate(30, timedelta(seconds=2))),
}
"""For each kind of request: what one network may do, and all together."""


class VisitorLimit:
    """Lets one kind of request through as often as it may come.

    Args:
        per_network: for the narrowest network of an address.
        together: for all; protects the database when many networks come at once. A crowd has as much.
        most: networks that are remembered.
    """

    def __init__(self, per_network: Rate, together: Rate, most: int = MOST_BUCKETS) -> None:
        self._per_network = per_network
        self._together = together
        self._most = most
        self._lock = threading.Lock()
        self._salt = b""
        self._day: date | None = None
        self._limiter = RateLimiter(most)

    def enter(self, visitor: Visitor, now: datetime) -> None:
        """Count one request.

        Args:
            visitor: whom it counts for.
            now: the present.

        Raises:
            TooManyAttempts: come back later; the request must not be looked at, and was not counted.
        """
        with self._lock:
            if now.date() != self._day:
                self._day, self._salt = now.date(), secrets.token_bytes(32)
                self._limiter = RateLimiter(self._most)
            rates = {
                hmac.digest(self._salt, network.encode(), hashlib.sha256): (
                    self._together if visitor.crowd else self._per_network.times(_WIDER**width)
                )
                for width, network in enumerate(visitor.networks)
            }
            widest, rate = list(rates.items())[-1]
            if not visitor.crowd and self._limiter.left(widest, rate, now) <= rate.burst - FREE:
                rates[_TOGETHER] = self._together
            wait = self._limiter.take(rates, now)
        if wait:
            raise TooManyAttempts(wait)
