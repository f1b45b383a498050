"""Limits on how often one network, and everybody together, may send and ask.

Receipts could be guessed and the intake could be flooded; both are slowed, neither is watched. A network
is known only by a hash under a salt that lives in this process's memory and is thrown away each day, so
nothing here can say who came, and a restart forgets everything. The trade-off: each portal process counts
for itself. What must be counted exactly, how many reports come from one network, is counted in the database
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
from takeback.infra.http.rates import Bucket, Rate, take

FREE = 3
"""Requests of a network, of its widest kind, that the bound for all together does not hold up."""
_WIDER = 2
"""Each wider network may do so many times as much."""
LIMITS = {
    # New drafts, and new sessions in which a receipt is looked up: both are a row. At most some 3,900 in
    # thirty minutes by one process; the database holds 8,000.
    "begin": (Rate(60, timedelta(seconds=10)), Rate(300, timedelta(seconds=0.5))),
    "send": (Rate(12, timedelta(minutes=1)), Rate(120, timedelta(seconds=1))),
    "ask": (Rate(20, timedelta(seconds=10)), Rate(300, timedelta(seconds=0.1))),
    "take": (Rate(6, timedelta(minutes=5)), Rate(30, timedelta(seconds=2))),
}
"""For each kind of request: what one network may do, and all together."""
_MOST_NETWORKS = 60_000
"""Some 20 MB. The one that was silent for longest is forgotten, which refuses nobody."""


class RateLimiter:
    """Lets one kind of request through as often as it may come.

    `together` protects the database when many networks come at once. A crowd has as much.
    """

    def __init__(self, per_network: Rate, together: Rate) -> None:
        self._per_network = per_network
        self._together = together
        self._lock = threading.Lock()
        self._salt = secrets.token_bytes(32)
        self._day: date | None = None
        self._networks: dict[bytes, Bucket] = {}
        self._all: Bucket | None = None

    def enter(self, visitor: Visitor, now: datetime) -> None:
        """Count one request.

        Raises:
            TooManyAttempts: come back later; the request must not be looked at, and was not counted.
        """
        with self._lock:
            if now.date() != self._day:
                self._day, self._salt = now.date(), secrets.token_bytes(32)
                self._networks.clear()
            taken, wait = dict[bytes, Bucket](), timedelta()
            rate, bucket = self._together, None
            for width, network in enumerate(visitor.networks):
                rate = self._together if visitor.crowd else self._per_network.times(_WIDER**width)
                name = hmac.digest(self._salt, network.encode(), hashlib.sha256)
                bucket, longer = take(rate, self._networks.get(name), now)
                wait, taken[name] = max(wait, longer), bucket
            if not wait and bucket is not None and bucket.tokens < rate.burst - FREE and not visitor.crowd:
                self._all, wait = take(self._together, self._all, now)
            if not wait:
                self._remember(taken)
        if wait:
            raise TooManyAttempts(wait)

    def _remember(self, taken: dict[bytes, Bucket]) -> None:
        """Write down what was taken, at the end: the first is the one that was silent for longest."""
        for name, bucket in taken.items():
            self._networks.pop(name, None)
            self._networks[name] = bucket
        while len(self._networks) > _MOST_NETWORKS:
            del self._networks[next(iter(self._networks))]
