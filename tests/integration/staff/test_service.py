import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar
from uuid import uuid4

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soaking import fewer_examples
from takeback.errors import NotFound, Refused, TooManyAttempts
from takeback.events import ApiKeyChange, ApiKeyChanged, Event, StaffChange, StaffChanged
from takeback.ids import StaffId
from takeback.infra import clock
from takeback.infra.db.pool import Database
from takeback.infra.ledger import store as ledger
from takeback.infra.ledger.store import RecordedEvent
from takeback.staff import requests, rules, service, store
from takeback.staff.model import NOWHERE, Role, Session, SignedIn, Whence
from takeback.staff.secret import Secret

T = TypeVar("T")
SECRET = Secret(b"k" * 32)
PASSWORD = "violet anchor 93 soup"
GENERATOR = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOW = clock.now()
LATER = NOW + timedelta(minutes=2)


def opened(database: Database, name: str = "Ada", role: Role = Role.ADMINISTRATOR) -> Session:
    """Somebody who came in by a one-time link."""
    with database.transaction() as tx:
        into = service.use_link(tx, service.invite(tx, name, role, now=NOW), now=NOW)
        assert into is not None
        return resume(tx, into)


def resume(tx, into: SignedIn) -> Session:
    session = service.resume(tx, into.token, now=NOW)
    assert session is not None
    return session


def with_password(database: Database, name: str = "Ada") -> Session:
    session = opened(database, name)
    with database.transaction() as tx:
        service.set_password(tx, SECRET, session, PASSWORD, GENERATOR, pyotp.TOTP(GENERATOR).at(NOW), now=NOW)
    return session


def at_once(count: int, work: Callable[[], T]) -> list[T]:
    gate = threading.Barrier(count)

    def run(_: int) -> T:
        gate.wait()
        return work()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


# --- links -----------------------------------------------------------------------------------------------


def test_a_link_opens_one_session_even_for_two_at_the_same_time(database: Database):
    with database.transaction() as tx:
        token = service.invite(tx, "Ada", Role.REVIEWER, now=NOW)

    def use() -> SignedIn | None:
        with database.transaction() as tx:
            return service.use_link(tx, token, now=NOW)

    assert [into.member.name for into in at_once(6, use) if into] == ["Ada"]


def test_looking_at_a_link_does_not_use_it_up(database: Database):
    with database.transaction() as tx:
        token = service.invite(tx, "Ada", Role.REVIEWER, now=NOW)
        assert service.link_needs_code(tx, token, now=NOW) is False
        assert service.link_needs_code(tx, token, now=NOW) is False
        assert service.use_link(tx, token, now=NOW)
        assert service.link_needs_code(tx, token, now=NOW) is None


def test_a_link_ends_after_an_hour_and_when_a_newer_one_is_made(database: Database):
    with database.transaction() as tx:
        first = service.invite(tx, "Ada", Role.REVIEWER, now=NOW)
        second = service.invite(tx, "ada", Role.REVIEWER, now=NOW)
        assert service.use_link(tx, first, now=NOW) is None
        assert service.use_link(tx, second, now=NOW + rules.LINK_LIFETIME) is None
        assert service.use_link(tx, second, now=NOW) is not None


def test_a_link_for_somebody_who_lost_the_way_in_ends_the_old_one(database: Database):
    old = with_password(database)
    with database.transaction() as tx:
        into = service.use_link(tx, service.invite(tx, "Ada", Role.ADMINISTRATOR, now=NOW), now=NOW)
        assert into is not None
        assert not into.member.has_password
        assert store.session(tx, old.token_hash) is None


def test_an_invitation_is_refused_for_a_disabled_account_and_for_another_role(database: Database):
    boss, other = opened(database), opened(database, "Bea", Role.REVIEWER)
    with database.transaction() as tx:
        with pytest.raises(Refused, match="exists with the role reviewer"):
            service.invite(tx, "bea", Role.ADMINISTRATOR, now=NOW)
        requests.disable(tx, other.member.id, by=boss.member.id, now=NOW)
        with pytest.raises(Refused, match="disabled"):
            service.invite(tx, "bea", Role.REVIEWER, now=NOW)


# --- password and code -----------------------------------------------------------------------------------


def test_password_and_code_open_a_session_and_the_code_is_good_once(database: Database):
    with_password(database)
    code = pyotp.TOTP(GENERATOR).at(LATER)
    into = service.sign_in(database, SECRET, " ADA ", PASSWORD, code, now=LATER)
    assert into is not None
    assert into.member.name == "Ada"
    assert service.sign_in(database, SECRET, "Ada", PASSWORD, code, now=LATER) is None


def test_of_two_who_use_a_code_at_the_same_time_one_gets_in(database: Database):
    with_password(database)
    code = pyotp.TOTP(GENERATOR).at(LATER)
    answers = at_once(3, lambda: service.sign_in(database, SECRET, "Ada", PASSWORD, code, now=LATER))
    assert len([into for into in answers if into]) == 1


def test_the_code_that_set_the_generator_up_is_used_up(database: Database):
    with_password(database)
    code = pyotp.TOTP(GENERATOR).at(NOW)
    assert service.sign_in(database, SECRET, "Ada", PASSWORD, code, now=NOW) is None


def test_the_generator_is_not_readable_from_the_database(database: Database):
    with_password(database)
    with database.transaction() as tx:
        row = tx.execute("select password_hash, totp_secret from staff_account").fetchone()
    assert row is not None
    assert row[0].startswith("$argon2id$")
    assert GENERATOR not in row[1]


def test_failures_make_the_wait_grow_for_a_name_that_exists_and_for_one_that_does_not(
    database: Database,
):
    with_password(database)
    for name in ("Ada", "Nobody"):
        for _ in range(rules.PER_NAME.free):
            assert service.sign_in(database, SECRET, name, "wrong wrong wrong", "000000", now=LATER) is None
        with pytest.raises(TooManyAttempts) as refused:
            service.sign_in(database, SECRET, name, PASSWORD, pyotp.TOTP(GENERATOR).at(LATER), now=LATER)
        assert refused.value.wait == timedelta(seconds=1)
    much_later = LATER + rules.WINDOW
    code = pyotp.TOTP(GENERATOR).at(much_later)
    assert service.sign_in(database, SECRET, "Ada", PASSWORD, code, now=much_later) is not None


def test_many_attempts_at_once_are_not_each_the_first(database: Database):

    def attempt() -> str:
        try:
            service.sign_in(database, SECRET, "Ada", "wrong wrong wrong", "000000", now=LATER)
        except TooManyAttempts:
            return "wait"
        return "looked at"

    assert at_once(12, attempt).count("looked at") == rules.PER_NAME.free


def test_getting_in_forgives_earlier_failures(database: Database):
    with_password(database)
    for _ in range(rules.PER_NAME.free - 1):
        service.sign_in(database, SECRET, "Ada", "wrong wrong wrong", "000000", now=LATER)
    assert service.sign_in(database, SECRET, "Ada", PASSWORD, pyotp.TOTP(GENERATOR).at(LATER), now=LATER)
    with database.transaction() as tx:
        assert store.failures(tx, SECRET.whom("Ada"), SECRET.source("network "), NOW).count == 0


@pytest.fixture
def nobody_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every password is wrong, and costs nothing."""
    monkeypatch.setattr(service, "_check", lambda *_: None)


def fails(database: Database, name: str, whence: Whence, times: int = 1) -> int:
    """How many of these attempts were looked at."""
    looked_at = 0
    for _ in range(times):
        with suppress(TooManyAttempts):
            service.sign_in(database, SECRET, name, "wrong", "000000", whence=whence, now=LATER)
            looked_at += 1
    return looked_at


@fewer_examples
@given(
    attempts=st.lists(
        st.tuples(st.sampled_from(["Bea", "Nobody", "x" * 200, "Ada"]), st.integers(0, 3)), max_size=40
    )
)
@pytest.mark.usefixtures("nobody_is_looked_at")
def test_s4_who_fails_elsewhere_or_with_another_name_holds_nobody_up(
    database: Database, attempts: list[tuple[str, int]]
):
    """S4: a name waits for what was tried with this name from this network, whatever else was tried."""
    hers = Whence("192.0.2.77")
    for name, network in attempts:
        fails(database, name, Whence(f"192.0.2.{network}"), times=2)
    try:
        assert fails(database, "Ada", hers, rules.PER_NAME.free + 3) == rules.PER_NAME.free
    finally:
        with database.transaction() as tx:
            tx.execute("delete from staff_attempt")


def test_s4_hundreds_of_invented_names_make_nobody_wait(database: Database, monkeypatch):
    """S4: from her own network, too, and whatever the names are."""
    with_password(database)
    with monkeypatch.context() as cheap:
        cheap.setattr(service, "_check", lambda *_: None)
        assert sum(fails(database, f"nobody {n}", NOWHERE) for n in range(300)) == 300
    code = pyotp.TOTP(GENERATOR).at(LATER)
    assert service.sign_in(database, SECRET, "Ada", PASSWORD, code, now=LATER) is not None


def test_s4_beside_strangers_who_try_her_name_she_comes_in_from_where_she_is_known(
    database: Database, monkeypatch
):
    """S4: by her browser in the strangers' own network, and from her own network without a cookie."""
    with_password(database)
    home = Whence("192.0.2.77")
    cookie = service.make_known(SECRET, "Ada", now=NOW)
    codes = iter(pyotp.TOTP(GENERATOR).at(LATER + timedelta(seconds=n)) for n in (-30, 0, 30))
    assert service.sign_in(database, SECRET, "Ada", PASSWORD, next(codes), whence=home, now=LATER)
    with monkeypatch.context() as cheap:
        cheap.setattr(service, "_check", lambda *_: None)
        looked_at = sum(fails(database, "Ada", Whence(f"198.51.100.{n}"), 6) for n in range(40))
    assert looked_at == rules.OF_STRANGERS.free, "all networks together are bounded, too"
    elsewhere = Whence("203.0.113.5")
    with pytest.raises(TooManyAttempts):
        service.sign_in(database, SECRET, "Ada", PASSWORD, "000000", whence=elsewhere, now=LATER)
    for whence in (home, Whence("198.51.100.1", cookie)):
        assert service.sign_in(database, SECRET, "Ada", PASSWORD, next(codes), whence=whence, now=LATER)


def test_s4_a_browser_that_is_known_waits_for_its_own_failures_and_is_known_to_one_name(database: Database):
    """S4: a stolen cookie helps nobody to guess."""
    whence = Whence("192.0.2.77", service.make_known(SECRET, "Ada", now=NOW))
    assert fails(database, "Ada", whence, 8) == rules.PER_NAME.free
    assert service.known_browser(SECRET, "Bea", whence.browser, now=NOW) is None
    assert service.known_browser(SECRET, "Ada", whence.browser[1:], now=NOW) is None
    assert service.known_browser(SECRET, " ADA", whence.browser, now=NOW) is not None
    assert service.known_browser(SECRET, "Ada", whence.browser, now=NOW + 2 * rules.KNOWN_FOR) is None


@pytest.mark.usefixtures("nobody_is_looked_at")
def test_s4_what_is_remembered_of_failures_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch):
    """S4: however many names strangers invent."""
    monkeypatch.setattr(rules, "MOST_ATTEMPTS", 10)
    assert sum(fails(database, f"nobody {n}", NOWHERE) for n in range(30)) == 30
    with database.transaction() as tx:
        assert tx.execute("select count(*) <= 10 from staff_attempt").fetchone() == (True,)


def test_a_password_needs_a_code_that_fits_and_a_fresh_session(database: Database):
    session = opened(database)
    code = pyotp.TOTP(GENERATOR).at(NOW)
    with database.transaction() as tx:
        with pytest.raises(Refused, match="code does not fit"):
            service.set_password(tx, SECRET, session, PASSWORD, GENERATOR, "000000", now=NOW)
        with pytest.raises(Refused, match="12 characters"):
            service.set_password(tx, SECRET, session, "short", GENERATOR, code, now=NOW)
    with_one = with_password(database)
    with database.transaction() as tx:
        stale = store.session(tx, with_one.token_hash)
        assert stale is not None
        with pytest.raises(Refused, match="Log out and in again"):
            service.set_password(tx, SECRET, stale, PASSWORD, GENERATOR, code, now=NOW + rules.FRESH)


# --- sessions --------------------------------------------------------------------------------------------


def test_a_session_ends_by_itself_and_only_people_keep_it_awake(database: Database):
    with database.transaction() as tx:
        into = service.use_link(tx, service.invite(tx, "Ada", Role.REVIEWER, now=NOW), now=NOW)
        assert into is not None
        before = NOW + rules.IDLE - timedelta(minutes=1)
        assert service.resume(tx, into.token, now=before, touch=False)
        assert service.resume(tx, into.token, now=before)
        assert service.resume(tx, into.token, now=before + rules.IDLE - timedelta(minutes=1))
        assert service.resume(tx, into.token, now=before + 3 * rules.IDLE) is None
        assert service.resume(tx, into.token, now=NOW) is None, "it is gone, not asleep"


@pytest.mark.parametrize("end", ["sign out", "role", "disabled"])
def test_a_session_ends_on_log_out_on_change_of_role_and_on_disabling(database: Database, end: str):
    boss, session = opened(database), opened(database, "Bea", Role.REVIEWER)
    with database.transaction() as tx:
        if end == "sign out":
            service.sign_out(tx, session)
        elif end == "role":
            asked = requests.change_role(
                tx, session.member.id, Role.ADMINISTRATOR, by=boss.member.id, now=NOW
            )
            assert store.session(tx, session.token_hash) is not None
            requests.approve(tx, asked.request.id, by=None, now=NOW)
        else:
            requests.disable(tx, session.member.id, by=boss.member.id, now=NOW)
        assert store.session(tx, session.token_hash) is None


def test_two_administrators_who_disable_each_other_at_once_leave_one(database: Database):
    first, second = opened(database), opened(database, "Bea")
    pairs = iter([(first, second), (second, first)])

    def disable() -> str:
        actor, victim = next(pairs)
        try:
            with database.transaction() as tx:
                requests.disable(tx, victim.member.id, by=actor.member.id, now=NOW)
        except Refused:
            return "refused"
        return "done"

    assert sorted(at_once(2, disable)) == ["done", "refused"]


def test_nobody_changes_her_own_account_and_a_reviewer_changes_none(database: Database):
    boss, other = opened(database), opened(database, "Bea", Role.REVIEWER)
    with database.transaction() as tx:
        with pytest.raises(Refused, match="Another administrator"):
            requests.disable(tx, boss.member.id, by=boss.member.id, now=NOW)
        with pytest.raises(Refused, match="Only an administrator"):
            requests.change_role(tx, boss.member.id, Role.REVIEWER, by=other.member.id, now=NOW)


# --- API keys --------------------------------------------------------------------------------------------


def test_an_api_key_works_until_it_is_revoked_and_its_text_is_not_stored(database: Database):
    with database.transaction() as tx:
        key = service.make_api_key(tx, "our chat", by=None, now=NOW)
        assert service.api_key_name(tx, key) == "our chat"
        assert service.api_key_name(tx, key + "x") is None
        row = tx.execute("select staff_api_key::text from staff_api_key").fetchone()
        assert row is not None
        assert key not in row[0]
        with pytest.raises(Refused, match="Choose another name"):
            service.make_api_key(tx, "our chat", by=None, now=NOW)
        service.revoke_api_key(tx, "our chat", by=None, now=NOW)
        assert service.api_key_name(tx, key) is None
        with pytest.raises(NotFound):
            service.revoke_api_key(tx, "our chat", by=None, now=NOW)


# --- what is recorded ------------------------------------------------------------------------------------


def recorded(tx, *kinds: type[Event]) -> list[RecordedEvent]:
    """What was recorded of these kinds, oldest first."""
    return list(reversed(ledger.recent(tx, kinds, 100)))


def test_each_change_of_an_account_is_one_event_and_one_that_changes_nothing_is_none(database: Database):
    boss, other = opened(database).member.id, opened(database, "Bea", Role.REVIEWER).member.id
    with database.transaction() as tx:
        for role in (Role.REVIEWER, Role.ADMINISTRATOR, Role.ADMINISTRATOR, Role.REVIEWER):
            with suppress(Refused):
                asked = requests.change_role(tx, other, role, by=boss, now=NOW)
                requests.approve(tx, asked.request.id, by=None, now=NOW)
        for disabled in (False, True, True, False):
            if disabled:
                requests.disable(tx, other, by=boss, now=NOW)
                continue
            with suppress(Refused):
                asked = requests.enable(tx, other, by=boss, now=NOW)
                requests.approve(tx, asked.request.id, by=None, now=NOW)
        assert [each.event for each in recorded(tx, StaffChanged)] == [
            StaffChanged(other, StaffChange.MADE_ADMINISTRATOR, boss),
            StaffChanged(other, StaffChange.MADE_REVIEWER, boss),
            StaffChanged(other, StaffChange.DISABLED, boss),
            StaffChanged(other, StaffChange.ENABLED, boss),
        ]


def test_a_change_that_is_refused_leaves_no_event(database: Database):
    boss, other = opened(database).member.id, opened(database, "Bea", Role.REVIEWER).member.id
    with database.transaction() as tx:
        with pytest.raises(Refused):
            requests.change_role(tx, boss, Role.REVIEWER, by=other, now=NOW)
        with pytest.raises(NotFound):
            requests.disable(tx, StaffId(uuid4()), by=boss, now=NOW)
        with pytest.raises(NotFound):
            service.revoke_api_key(tx, "nobody's", by=boss, now=NOW)
        assert recorded(tx, StaffChanged, ApiKeyChanged) == []


def test_a_key_that_is_made_or_revoked_is_one_event_at_the_time_that_the_list_shows(database: Database):
    boss = opened(database).member.id
    with database.transaction() as tx:
        service.make_api_key(tx, "our chat", by=boss, now=NOW)
        with pytest.raises(Refused):
            service.make_api_key(tx, "our chat", by=boss, now=NOW)
        service.revoke_api_key(tx, "our chat", by=None, now=LATER)
        [key] = service.api_keys(tx)
        assert [(each.event, each.at) for each in recorded(tx, ApiKeyChanged)] == [
            (ApiKeyChanged(ApiKeyChange.MADE, boss), key.made_at),
            (ApiKeyChanged(ApiKeyChange.REVOKED, None), key.revoked_at),
        ]


def test_what_happens_to_accounts_is_recorded_without_names(database: Database):
    session = opened(database)
    with database.transaction() as tx:
        events = tx.execute("select kind, body::text from event order by id").fetchall()
    assert [kind for kind, _ in events] == ["account_change_asked", "staff_invited", "staff_signed_in"]
    assert all(str(session.member.id) in body and "Ada" not in body for _, body in events)
