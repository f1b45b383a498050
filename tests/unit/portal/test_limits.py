from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.doors.portal.limits import Gate, Rate, network, take
from takeback.errors import TooManyAttempts

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WIDE = Rate(burst=1000, every=SECOND)


def test_a_burst_passes_and_then_one_each_so_often():
    gate = Gate(Rate(burst=3, every=10 * SECOND), WIDE)
    for _ in range(3):
        gate.enter("192.0.2.1", NOON)
    with pytest.raises(TooManyAttempts) as refused:
        gate.enter("192.0.2.1", NOON + 4 * SECOND)
    assert timedelta(seconds=5.9) < refused.value.wait < timedelta(seconds=6.1)
    gate.enter("192.0.2.1", NOON + 10 * SECOND)
    with pytest.raises(TooManyAttempts):
        gate.enter("192.0.2.1", NOON + 11 * SECOND)


def test_another_network_is_not_held_up():
    gate = Gate(Rate(burst=1, every=60 * SECOND), WIDE)
    gate.enter("192.0.2.1", NOON)
    gate.enter("198.51.100.1", NOON)
    with pytest.raises(TooManyAttempts):
        gate.enter("192.0.2.200", NOON)


def test_many_networks_together_are_held_up():
    gate = Gate(WIDE, Rate(burst=5, every=SECOND))
    for last in range(5):
        gate.enter(f"10.0.{last}.1", NOON)
    with pytest.raises(TooManyAttempts):
        gate.enter("10.0.99.1", NOON)


def test_a_new_day_has_a_new_salt_and_forgets():
    gate = Gate(Rate(burst=1, every=timedelta(days=9)), WIDE)
    gate.enter("192.0.2.1", NOON)
    before = gate._salt
    gate.enter("192.0.2.1", NOON + timedelta(days=1))
    assert gate._salt != before
    assert b"192.0.2" not in b"".join(gate._networks)


def test_memory_is_bounded_however_many_networks_come(monkeypatch):
    monkeypatch.setattr("takeback.doors.portal.limits._MOST_NETWORKS", 10)
    gate = Gate(WIDE, WIDE)
    for last in range(50):
        gate.enter(f"10.1.{last}.1", NOON)
    assert len(gate._networks) == 10


@given(st.lists(st.integers(0, 30), max_size=60))
def test_no_pattern_of_asking_gets_more_than_the_rate_gives(pauses):
    rate, bucket, now, passed = Rate(burst=4, every=10 * SECOND), None, NOON, 0
    for pause in pauses:
        now += pause * SECOND
        bucket, wait = take(rate, bucket, now)
        passed += not wait
    assert passed <= rate.burst + (now - NOON) / rate.every


@pytest.mark.parametrize(
    ("address", "known_as"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2ff::1", "2001:db8:1:200::/56"),
        ("testclient", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_network_stands_for_its_addresses(address, known_as):
    assert network(address) == known_as
