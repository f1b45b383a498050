"""Let the right people in, and let them go: accounts, links, passwords with codes, sessions, API keys.

Whatever a browser or program keeps is 32 random bytes, of which only the SHA-256 is stored: looking one up
by its hash tells nothing by its timing. A password is answered in the same time whether the name exists or
not: the same work is done, and the page waits for a floor. An attempt is counted before it is looked at,
in a transaction of its own, so that a thousand at once are not each the first.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cache

import argon2

from takeback.errors import NotFound, Refused, TooManyAttempts
from takeback.events import ApiKeyChange, ApiKeyChanged, StaffSignedIn
from takeback.ids import StaffId
from takeback.infra.db.pool import Database, Tx
from takeback.infra.ledger.record import record
from takeback.staff import request_rules, requests, rules, store
from takeback.staff.model import NOWHERE, ApiKey, How, Member, Role, Session, SignedIn, Whence
from takeback.staff.secret import Secret

TOKEN_BYTES = 32
FLOOR = timedelta(milliseconds=400)
"""No wrong password is answered faster than this; several times what the hash takes."""
_TOUCH_EVERY = timedelta(seconds=30)
_hasher = argon2.PasswordHasher()  # RFC 9106, second recommended option: 64 MiB, 3 passes
_NO_CODE = "A" * 32


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


# --- accounts and links ----------------------------------------------------------------------------------


def invite(tx: Tx, name: str, role: Role, *, now: datetime) -> str:
    """The operator's link for a new member of staff, or for one who cannot get in any more.

    Returns:
        The link's token; the page is `/welcome/TOKEN` of the console. It works once, within an hour.

    Raises:
        Refused: the name cannot be used, or belongs to an account that is disabled or has another role.
    """
    return requests.invite(tx, name, role, by=None, now=now).link


def link_needs_code(tx: Tx, token: str, *, now: datetime) -> bool | None:
    """Return whether a one-time link needs a code that somebody else hands over; None: it does not work.

    Asking does not use it up: chat programs look at links too.
    """
    return store.link_waits(tx, _hash(token), now)


def use_link(tx: Tx, token: str, *, code: str = "", now: datetime) -> SignedIn | None:
    """Open a session by a one-time link; None if it is wrong, used or too old, or the code does not fit.

    The account's password and older sessions end here: who needs a link has lost the way in, or somebody else
    found it. Passkeys stay, since they cannot be found out.
    """
    hashed = _hash(token)
    owner = store.owner_of_link(tx, hashed)
    if owner is None:
        return None
    code_hash = request_rules.hash_code(owner, code)
    staff = store.use_link(tx, hashed, code_hash, request_rules.MOST_WRONG_CODES, now)
    if staff is None:
        return None
    store.set_password(tx, staff, None, None, 0)
    store.end_sessions(tx, staff)
    return open_session(tx, staff, How.LINK, now=now)


def team(tx: Tx) -> tuple[Member, ...]:
    """Everybody, by name."""
    return store.members(tx)


# --- password and code -----------------------------------------------------------------------------------


def sign_in(
    database: Database,
    secret: Secret,
    name: str,
    password: str,
    code: str,
    *,
    whence: Whence = NOWHERE,
    now: datetime,
) -> SignedIn | None:
    """Open a session by name, password and code; None if any of them is wrong, and never which.

    Raises:
        TooManyAttempts: too many failures of this name from there; the password was not looked at.
    """
    name = name.strip()
    whom = secret.whom(name)
    known = known_browser(secret, name, whence.browser, now=now)
    source = secret.source(known or f"network {whence.network}")
    with database.transaction() as tx:
        _count_attempt(tx, whom, source, now, is_known=known is not None)
    with database.transaction() as tx:
        found = _check(tx, secret, name, password, code, now)
        if found is None:
            return None
        store.forgive(tx, whom, source)
        store.remember_source(tx, whom, source, now, now - rules.KNOWN_FOR)
        return open_session(tx, found, How.PASSWORD, now=now)


def make_known(secret: Secret, name: str, *, now: datetime) -> str:
    """Return what makes a browser known to its owner's name; it says nothing to anybody else."""
    return secret.seal(f"{secret.whom(name.strip()).hex()} {secrets.token_urlsafe(TOKEN_BYTES)}", now)


def known_browser(secret: Secret, name: str, kept: str, *, now: datetime) -> str | None:
    """Return the mark of a browser from which this name came in; None if it is not of this name."""
    try:
        whom, _, browser = secret.open(kept, within=rules.KNOWN_FOR, now=now).partition(" ")
    except Refused:
        return None
    return f"browser {browser}" if whom == secret.whom(name.strip()).hex() else None


def _count_attempt(tx: Tx, whom: bytes, source: bytes, now: datetime, *, is_known: bool) -> None:
    since = now - rules.WINDOW
    store.lock_attempts(tx)
    wait = rules.wait(store.failures(tx, whom, source, since), now, rules.PER_NAME)
    if not is_known and not store.is_known_source(tx, whom, source, now - rules.KNOWN_FOR):
        strangers = store.failures_of_strangers(tx, whom, since)
        wait = max(wait, rules.wait(strangers, now, rules.OF_STRANGERS))
    if wait:
        raise TooManyAttempts(wait)
    store.add_attempt(tx, whom, source, now, since, rules.MOST_ATTEMPTS)


@cache
def _hash_of_nobody() -> str:
    """Return a password hash that no password has. It costs as much as a log-in, so no import makes it."""
    return _hasher.hash(secrets.token_urlsafe(TOKEN_BYTES))


def _check(tx: Tx, secret: Secret, name: str, password: str, code: str, now: datetime) -> StaffId | None:
    """All of the work, whether or not the name is known."""
    known = store.password_of(tx, name)
    staff, stored, sealed, used = known or (None, _hash_of_nobody(), None, 0)
    typed = rules.clean_password(password[: rules.MAX_PASSWORD + 1])
    try:
        right = _hasher.verify(stored, typed)
    except (argon2.exceptions.VerifyMismatchError, argon2.exceptions.VerificationError):
        right = False
    generator = secret.open(sealed, now=now) if sealed else _NO_CODE
    step = rules.step_of_code(generator, code, now, used)
    if staff is None or not right or step is None or not store.use_code(tx, staff, step):
        return None
    if _hasher.check_needs_rehash(stored):
        store.replace_password_hash(tx, staff, _hasher.hash(typed))
    return staff


def set_password(
    tx: Tx, secret: Secret, session: Session, password: str, generator: str, code: str, *, now: datetime
) -> None:
    """Set password and code generator together; the member's other sessions end.

    `generator` is the new generator's base32 secret; `code`, what the app shows for it, proves that it was
    set up. Raises Refused if the session is too old for this, or the password or the code is not good.
    """
    require_fresh(session, now)
    clean = rules.clean_password(password)
    fault = rules.fault_of_password(clean, session.member.name)
    if fault:
        raise Refused(fault)
    step = rules.step_of_code(generator, code, now, 0)
    if step is None:
        raise Refused(
            "The code does not fit. Wait for the next one, and check that your phone's clock is right."
        )
    store.set_password(tx, session.member.id, _hasher.hash(clean), secret.seal(generator, now), step)
    store.end_sessions(tx, session.member.id, but=session.token_hash)


def require_fresh(session: Session, now: datetime) -> None:
    """Raise Refused unless this session may change how its owner logs in."""
    if not rules.may_change_credentials(session, now):
        raise Refused("Log out and in again first: only a fresh session can change how you log in.")


# --- sessions --------------------------------------------------------------------------------------------


def open_session(tx: Tx, staff: StaffId, how: How, *, now: datetime) -> SignedIn:
    """Open a session for somebody who has shown who she is."""
    member = store.member(tx, staff)
    if member is None or member.disabled:
        raise Refused("this account is disabled")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    store.add_session(tx, _hash(token), staff, now, now + rules.LIFETIME)
    record(tx, StaffSignedIn(staff, how.value), at=now)
    return SignedIn(token, member)


def resume(tx: Tx, token: str, *, now: datetime, touch: bool = True) -> Session | None:
    """The open session that a browser's token stands for; None if it is wrong or has ended.

    `touch` is False for what a page asks by itself: only people keep a session awake.
    """
    session = store.session(tx, _hash(token))
    if session is None:
        return None
    if not rules.is_open(session, now):
        store.end_session(tx, session.token_hash)
        return None
    if touch and now - session.seen_at > _TOUCH_EVERY:
        store.touch_session(tx, session.token_hash, now)
    return session


def sign_out(tx: Tx, session: Session) -> None:
    """End this session."""
    store.end_session(tx, session.token_hash)


def end_others(tx: Tx, session: Session) -> None:
    """End the member's sessions on all other devices."""
    store.end_sessions(tx, session.member.id, but=session.token_hash)


def sessions(tx: Tx, member: Member, *, now: datetime) -> tuple[Session, ...]:
    """The member's open sessions, latest first."""
    return tuple(session for session in store.sessions(tx, member) if rules.is_open(session, now))


# --- API keys --------------------------------------------------------------------------------------------


def make_api_key(tx: Tx, name: str, *, by: StaffId | None, now: datetime) -> str:
    """Make a key for a program; `by` is None at the command line.

    Its text is returned here and never again. Raises Refused.
    """
    try:
        clean = rules.clean_name(name)
    except ValueError as error:
        raise Refused(str(error)) from error
    key = "tbk_" + secrets.token_urlsafe(TOKEN_BYTES)
    if not store.add_api_key(tx, _hash(key), clean, now):
        raise Refused(
            f"There is or was a key named {clean}. Choose another name, so that records stay clear."
        )
    record(tx, ApiKeyChanged(ApiKeyChange.MADE, by), at=now)
    return key


def revoke_api_key(tx: Tx, name: str, *, by: StaffId | None, now: datetime) -> None:
    """Stop a key at once; `by` is None at the command line. Raises NotFound."""
    if not store.revoke_api_key(tx, name, now):
        raise NotFound("there is no working key of that name")
    record(tx, ApiKeyChanged(ApiKeyChange.REVOKED, by), at=now)


def api_keys(tx: Tx) -> tuple[ApiKey, ...]:
    """All keys, also revoked ones, by name."""
    return store.api_keys(tx)


def api_key_name(tx: Tx, key: str) -> str | None:
    """The name of a working key; None for anything else."""
    return store.api_key_name(tx, _hash(key))
