from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.ids import StaffId
from takeback.staff import rules
from takeback.staff.model import Failures, Member, Role, Session

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def session(
    *, seen: timedelta = timedelta(0), opened: timedelta = timedelta(0), passkeys: int = 1
) -> Session:
    member = Member(
        StaffId(uuid4()),
        "Ada",
        Role.REVIEWER,
        disabled=False,
        has_password=False,
        passkeys=passkeys,
        made_at=NOW,
    )
    return Session(b"", member, NOW - opened, NOW - seen, NOW - opened + rules.LIFETIME)


def test_the_first_failures_cost_no_wait():
    last = Failures(rules.PER_NAME.free - 1, NOW)
    assert rules.wait(last, NOW, rules.PER_NAME) == timedelta(0)


@given(count=st.integers(0, 10_000), limit=st.sampled_from([rules.PER_NAME, rules.OF_STRANGERS]))
def test_waits_grow_with_failures_up_to_the_longest(count: int, limit: rules.Limit):
    fewer = rules.wait(Failures(count, NOW), NOW, limit)
    more = rules.wait(Failures(count + 1, NOW), NOW, limit)
    assert timedelta(0) <= fewer <= more <= limit.longest


@given(count=st.integers(0, 10_000), later=st.timedeltas(timedelta(0), timedelta(hours=2)))
def test_a_wait_passes_second_by_second_and_is_never_for_good(count: int, later: timedelta):
    now = rules.wait(Failures(count, NOW), NOW, rules.PER_NAME)
    assert rules.wait(Failures(count, NOW), NOW + later, rules.PER_NAME) == max(now - later, timedelta(0))


@given(st.integers(-2, 2))
def test_a_code_is_good_for_its_own_step_and_one_beside_it(offset: int):
    step = int(NOW.timestamp()) // rules.CODE_STEP + offset
    found = rules.step_of_code(SECRET, pyotp.HOTP(SECRET).at(step), NOW, used=0)
    assert found == (step if abs(offset) <= 1 else None)


def test_a_code_is_good_once():
    code = pyotp.TOTP(SECRET).at(NOW)
    step = rules.step_of_code(SECRET, code, NOW, used=0)
    assert step is not None
    assert rules.step_of_code(SECRET, code, NOW, used=step) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16"])
def test_what_is_no_code_is_refused(code: str):
    assert rules.step_of_code(SECRET, code, NOW, used=0) is None


def test_spaces_in_a_code_are_forgiven():
    code = pyotp.TOTP(SECRET).at(NOW)
    assert rules.step_of_code(SECRET, f" {code[:3]} {code[3:]} ", NOW, used=0) is not None


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "elevenchars",
        "password12345",
        "Password!2026",
        "aaaaaaaaaaaaaaa",
        "abcdefghijklmno",
        "098765432109876",
        "qwertyuiop[]"[:10] + "as",
        "GraceHopper-tea",
        "x" * 300,
    ],
)
def test_a_weak_password_is_refused_with_a_sentence(password: str):
    fault = rules.fault_of_password(password, "Grace Hopper")
    assert fault is not None
    assert fault.endswith(".")


@pytest.mark.parametrize("password", ["violet anchor 93 soup", "Zb7!kq0-wTe4", "ünter dem Nußbaum"])
def test_a_good_password_needs_no_signs_or_capitals(password: str):
    assert rules.fault_of_password(password, "Grace Hopper") is None


@given(st.text(max_size=80))
def test_a_clean_name_stays_as_it_is(text: str):
    try:
        name = rules.clean_name(text)
    except ValueError:
        return
    assert rules.clean_name(name) == name


def test_a_session_ends_when_nothing_is_done_and_at_the_latest_after_its_lifetime():
    second = timedelta(seconds=1)
    assert rules.is_open(session(seen=rules.IDLE - second), NOW)
    assert not rules.is_open(session(seen=rules.IDLE), NOW)
    assert rules.is_open(session(opened=rules.LIFETIME - second), NOW)
    assert not rules.is_open(session(opened=rules.LIFETIME), NOW)


def test_only_a_fresh_session_changes_how_its_owner_logs_in():
    assert rules.may_change_credentials(session(opened=timedelta(minutes=1)), NOW)
    assert not rules.may_change_credentials(session(opened=rules.FRESH), NOW)
    assert rules.may_change_credentials(session(opened=rules.FRESH, passkeys=0), NOW)
