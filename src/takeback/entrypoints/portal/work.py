"""A way past a used-up limit: the visitor's device does some sums, which a flood would do for each report.

Behind an onion address all visitors are one network, so one stranger can use up what all may do. Nobody there
can be told apart, but work has a price for everybody. A puzzle has `PARTS` parts; each asks for a number
whose PBKDF2-HMAC-SHA-256 (RFC 8018) begins with so many zero bits. Browsers have PBKDF2 in their own code, so
an attacker's program is not much faster than a page, and the page loads nothing. The more the way is used,
the harder the next puzzle is.

A puzzle is bound to a visitor's key and to a time, and is not stored; what was solved is remembered until
then, so that it counts once in each portal process.
"""

import hashlib
import hmac
import secrets
import threading
from datetime import datetime, timedelta

from takeback.infra.rate_limiter import Rate, RateLimiter
from takeback.submissions.draft import DraftKey, locator
from takeback.submissions.receipt import Pepper

PARTS = 16
ITERATIONS = 2000
"""Of PBKDF2 for one try: one or two milliseconds."""
EASIEST, HARDEST = 6, 11
"""Zero bits: a desktop computer takes one or two seconds, and one or two minutes."""
LIFE = timedelta(minutes=15)
WAY = Rate(burst=60, every=timedelta(seconds=1))
"""How many may come by work, whoever they are."""
_WAY = b"work"
_SLACK = 2
"""A puzzle may be so many bits easier than one that is made now: the load rose while it was solved."""
_PER_TRY = timedelta(milliseconds=2)
_NONCE_BYTES, _MAC_CHARACTERS = 8, 32
_LONGEST = 400


class Work:
    """Makes puzzles and counts what was solved. By `pepper` all portal processes know each other's."""

    def __init__(self, pepper: Pepper) -> None:
        self._secret = hmac.digest(pepper, b"puzzles", hashlib.sha256)
        self._lock = threading.Lock()
        self._way = RateLimiter()
        self._spent: dict[str, datetime] = {}

    def puzzle(self, key: DraftKey, now: datetime) -> str:
        """Return a puzzle for a visitor, as hard as the way is used now: BITS.UNTIL.NONCE.MAC."""
        return self._signed(
            key, f"{self.bits(now)}.{int((now + LIFE).timestamp())}.{secrets.token_hex(_NONCE_BYTES)}"
        )

    def bits(self, now: datetime) -> int:
        """Return how hard a puzzle is that is made now."""
        left = self._way.left(_WAY, WAY, now)
        return EASIEST + round((HARDEST - EASIEST) * (1 - left / WAY.burst))

    def spend(self, key: DraftKey, solved: str, now: datetime) -> bool:
        """Return whether a visitor's puzzle is solved and there is room; it counts once.

        `solved` is the puzzle, a colon, and the numbers with commas between them.
        """
        puzzle, _, numbers = solved.partition(":")
        stated, _, _ = puzzle.rpartition(".")
        if len(solved) > _LONGEST or not hmac.compare_digest(
            self._signed(key, stated).encode(), puzzle.encode()
        ):
            return False
        bits, until = (int(part) for part in stated.split(".")[:2])
        if until < now.timestamp() or bits < self.bits(now) - _SLACK:
            return False
        with self._lock:
            self._spent = {each: at for each, at in self._spent.items() if at > now}
            if puzzle in self._spent:
                return False
            self._spent[puzzle] = now + LIFE
        return solves(puzzle, bits, numbers) and not self._way.take({_WAY: WAY}, now)

    def _signed(self, key: DraftKey, stated: str) -> str:
        mac = hmac.digest(self._secret, locator(key) + stated.encode(), hashlib.sha256)
        return f"{stated}.{mac.hex()[:_MAC_CHARACTERS]}"


def solves(puzzle: str, bits: int, numbers: str) -> bool:
    """Return whether the numbers solve all parts of a puzzle."""
    tries = numbers.split(",")
    return (
        len(tries) == PARTS
        and all(number.isascii() and number.isdigit() for number in tries)
        and all(zero_bits(puzzle, part, number) >= bits for part, number in enumerate(tries))
    )


def zero_bits(puzzle: str, part: int, number: str) -> int:
    """Return how many zero bits a number gives for a part of a puzzle, 32 at most."""
    made = hashlib.pbkdf2_hmac("sha256", puzzle.encode(), f"{part}.{number}".encode(), ITERATIONS, 4)
    return 32 - int.from_bytes(made).bit_length()


def takes(puzzle: str) -> timedelta:
    """Return how long a desktop computer works on a puzzle, usually."""
    return _PER_TRY * PARTS * 2 ** int(puzzle.partition(".")[0])
