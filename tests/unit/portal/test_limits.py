from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.entrypoints.portal.limits import FREE, VisitorLimit
from takeback.entrypoints.portal.networks import ONION, of_address
from takeback.errors import TooManyAttempts
from takeback.infra.rate_limiter import Rate

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WIDE = Rate(burst=1000, every=SECOND)
HONEST = of_address("203.0.113.9")


def passed(limit, addresses, now=NOON) -> int:
    number = 0
    for each in addresses:
        try:
            limit.enter(of_address(str(each)), now)
            number += 1
        except TooManyAttempts:
            pass
    return number


def test_a_burst_passes_and_then_one_each_so_often():
    limit = VisitorLimit(Rate(burst=3, every=10 * SECOND), WIDE)
    here = of_address("192.0.2.1")
    for _ in range(3):
        limit.enter(here, NOON)
    with pytest.raises(TooManyAttempts) as refused:
        limit.enter(here, NOON + 4 * SECOND)
    assert timedelta(seconds=5.9) < refused.value.wait < timedelta(seconds=6.1)
    limit.enter(here, NOON + 10 * SECOND)
    with pytest.raises(TooManyAttempts):
        limit.enter(here, NOON + 11 * SECOND)


def test_a_wider_network_may_do_twice_as_much_as_the_next_narrower():
    limit = VisitorLimit(Rate(burst=3, every=60 * SECOND), WIDE)
    assert passed(limit, ["192.0.2.1"] * 9) == 3
    assert passed(limit, [f"192.0.2.{last}" for last in range(2, 9)]) == 3
    assert passed(limit, [f"192.0.{third}.1" for third in range(3, 20)]) == 6


@given(st.lists(st.integers(0, 2**96 - 1), min_size=60, max_size=200))
def test_s3_a_slash_32_of_ipv6_gets_no_more_than_its_budget(within):
    """S3: 170 reports from one IPv6 /32 in 108 s all entered."""
    rate = Rate(burst=12, every=60 * SECOND)
    base = int(ip_address("2001:db8::")) >> 96 << 96
    limit = VisitorLimit(rate, WIDE)
    assert passed(limit, [ip_address(base | each) for each in within]) <= 4 * rate.burst


@given(
    st.lists(st.tuples(st.ip_addresses(), st.integers(1, 40), st.integers(0, 3)), max_size=60),
    st.integers(1, FREE),
)
def test_s3_whatever_the_mix_of_addresses_an_honest_visitor_of_another_network_is_accepted(flood, wants):
    """S3: the bound for all together is asked of nobody who comes from a network that sent nothing."""
    limit = VisitorLimit(Rate(burst=12, every=60 * SECOND), Rate(burst=5, every=60 * SECOND))
    now = NOON
    for address, times, pause in flood:
        who = of_address(str(address))
        if who.networks[-1] != HONEST.networks[-1]:
            now += pause * SECOND
            passed(limit, [address] * times, now)
    for _ in range(wants):
        limit.enter(HONEST, now)


def test_many_networks_together_are_held_up_once_each_had_its_first():
    limit = VisitorLimit(WIDE, Rate(burst=5, every=SECOND))
    assert (
        passed(limit, [f"10.{second}.0.1" for second in range(20) for _ in range(FREE + 9)]) == 20 * FREE + 5
    )


def test_s3_behind_an_onion_address_all_may_do_what_all_together_may():
    """S3: behind an onion address all visitors are one network."""
    limit = VisitorLimit(Rate(burst=12, every=60 * SECOND), Rate(burst=120, every=SECOND))
    for _ in range(120):
        limit.enter(ONION, NOON)
    with pytest.raises(TooManyAttempts) as refused:
        limit.enter(ONION, NOON)
    assert refused.value.wait <= SECOND
    limit.enter(HONEST, NOON)


def test_a_new_day_has_a_new_salt_and_forgets():
    limit = VisitorLimit(Rate(burst=1, every=timedelta(days=9)), WIDE)
    limit.enter(HONEST, NOON)
    before = limit._salt
    limit.enter(HONEST, NOON + timedelta(days=1))
    assert limit._salt != before
    assert b"203.0" not in b"".join(limit._limiter._buckets)


def test_memory_is_bounded_however_many_networks_come():
    limit = VisitorLimit(WIDE, WIDE, most=10)
    passed(limit, [f"10.{last}.0.1" for last in range(50)])
    assert len(limit._limiter._buckets) == 10
