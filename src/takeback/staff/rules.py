"""Pure decisions about what makes a log-in good enough.

Numbers follow OWASP ASVS 5.0 (sessions, throttling) and NIST SP 800-63B-4 (passwords: length over
composition, compared with known bad ones). Failures make the waits grow, for a name and for where they came
from, but never lock an account for good: strangers can delay a name's password where it never came in before,
and nowhere else (OWASP, "device cookies"); a passkey passes by all of it.
"""

import hmac
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp

from takeback.staff.model import Failures, Session

IDLE = timedelta(minutes=30)
"""A session ends when nothing was done for this long."""
LIFETIME = timedelta(hours=12)
"""A session ends after this, whatever is done."""
FRESH = timedelta(minutes=15)
"""A session younger than this may change how its owner logs in."""
LINK_LIFETIME = timedelta(hours=1)
CEREMONY_LIFETIME = timedelta(minutes=5)
"""How long a browser may take to answer a passkey challenge."""
SETUP_LIFETIME = timedelta(minutes=15)
"""How long the QR code of a new code generator can be confirmed."""
WINDOW = timedelta(hours=1)
"""Failures older than this are forgotten."""
CODE_STEP = 30
"""Seconds that a code is shown (RFC 6238, section 5.2)."""
MIN_PASSWORD = 12
MAX_PASSWORD = 256
_MIN_DISTINCT = 5
_NAME = re.compile(r"[\w][\w .@+'-]{0,62}[\w]")
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "0123456789",
)
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """
        password passwort passwordpassword letmein letmeinplease welcome welcomewelcome admin
        administrator changeme changemenow iloveyou iloveyouforever sunshine princess football baseball
        superman trustno monkey dragon master secret secretsecret default access login mypassword
        thisismypassword takeback takebacktakeback correcthorsebatterystaple whatever starwars computer
        internet hello helloworld
        """,
    )
)
"""What is left of the most used passwords when digits and signs are taken off."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The limits on failed log-ins."""

    free: int
    """Failures within the window that cost no wait."""
    longest: timedelta
    """The wait doubles with each failure more, up to this."""


PER_NAME = Limit(free=5, longest=timedelta(minutes=15))
"""For one name from one source: a browser that is known, else a network."""
OF_STRANGERS = Limit(free=100, longest=timedelta(minutes=15))
"""For one name from everywhere it never came in: else a thousand networks could try a thousand times as often
(NIST SP 800-63B-4, 3.2.2). Who came in before does not wait for them."""
KNOWN_FOR = timedelta(days=90)
"""How long a browser or network is known from which a name came in."""
MOST_ATTEMPTS = 20_000
"""Failures that are remembered, of all names together."""


def wait(failures: Failures, now: datetime, limit: Limit) -> timedelta:
    """Return the time until the next attempt is looked at; zero when it may be now."""
    excess = failures.count - limit.free
    if excess < 0 or failures.last is None:
        return timedelta(0)
    doublings = min(excess, 30)  # beyond it every limit is reached; larger powers overflow
    pause = min(timedelta(seconds=2**doublings), limit.longest)
    return max(failures.last + pause - now, timedelta(0))


def is_open(session: Session, now: datetime) -> bool:
    """Return whether a session still counts."""
    return now < session.ends_at and now - session.seen_at < IDLE


def may_change_credentials(session: Session, now: datetime) -> bool:
    """Return whether this session may add or remove ways to log in.

    Somebody who finds an unlocked screen must not be able to stay: the session is young, or the account has
    no way in yet and the one-time link opened it.
    """
    return not session.member.can_return or now - session.opened_at < FRESH


def clean_name(text: str) -> str:
    """A name as it is stored: NFKC, single spaces. Raises ValueError with a sentence for staff."""
    name = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()
    if not _NAME.fullmatch(name):
        raise ValueError(
            "A name has 2 to 64 letters, digits, spaces or . @ + ' - and begins and ends with a letter "
            "or digit."
        )
    return name


def clean_password(text: str) -> str:
    """A password as it is hashed: NFKC, so that all keyboards give the same bytes (800-63B-4, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", text)


def fault_of_password(password: str, name: str) -> str | None:
    """Return what is wrong with a new password, as a sentence that says what to do; None if nothing is."""
    folded = password.casefold()
    letters = re.sub(r"[\W\d_]", "", folded)
    digits_off = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded)
    if len(password) < MIN_PASSWORD:
        return f"Use at least {MIN_PASSWORD} characters. A few words that do not belong together are good."
    if len(password) > MAX_PASSWORD:
        return f"Use at most {MAX_PASSWORD} characters."
    if any(part in folded for part in re.split(r"\W+", name.casefold()) if len(part) >= 4):  # noqa: PLR2004 -- shorter parts are in every other word
        return "Leave your name out of it."
    if len(set(folded)) < _MIN_DISTINCT:
        return f"Use at least {_MIN_DISTINCT} different characters."
    if (
        letters in _COMMON
        or digits_off in _COMMON
        or any(folded in run * 4 or folded[::-1] in run * 4 for run in _RUNS)
    ):
        return "This is one of the first that somebody would try. Choose another."
    return None


def step_of_code(secret: str, code: str, now: datetime, used: int) -> int | None:
    """The time step that a code belongs to, if it is right and newer than the last that was used.

    Args:
        secret: base32, as the authenticator app has it.
        code: six digits as typed; spaces are forgiven.
        now: the present; one step earlier and later are accepted too (RFC 6238, section 6).
        used: the last step that was accepted: each code works once (section 5.2).
    """
    typed = re.sub(r"\s", "", code)
    present = int(now.timestamp()) // CODE_STEP
    generator = pyotp.HOTP(secret)
    found = None
    for step in (present - 1, present, present + 1):  # all three, so that the time taken says nothing
        right = hmac.compare_digest(generator.at(step).encode(), typed.encode())
        if right and step > used:
            found = step
    return found
