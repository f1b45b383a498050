"""Deadlines: all of them, the strictest first, and an hour is an hour."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from takeback.law.clocks import all_regimes, regimes, start

ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
TIMES = st.builds(
    lambda at, zone: at.astimezone(ZoneInfo(zone)),
    st.integers(0, 20 * 365 * 86400).map(lambda n: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=n)),
    ZONES,
)
HOURS = st.floats(0.5, 1000)
BEFORE_SUMMER_TIME = datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/Berlin"))


@given(TIMES, HOURS)
def test_every_regime_and_the_house_have_one_clock_the_strictest_first(received_at, hours):
    clocks = start(received_at, hours)
    assert sorted(clock.regime for clock in clocks) == sorted(["house", *(r.id for r in regimes())])
    assert [clock.due_at for clock in clocks] == sorted(clock.due_at for clock in clocks)


@given(TIMES, HOURS)
@example(BEFORE_SUMMER_TIME, 24.0)
@example(datetime(2026, 10, 24, 12, tzinfo=ZoneInfo("Europe/Berlin")), 24.0)
def test_the_hours_of_a_clock_are_hours_that_pass(received_at, hours):
    spans = {r.id: r.hours for r in regimes()} | {"house": hours}
    for clock in start(received_at, hours):
        assert clock.due_at.tzinfo is UTC
        assert clock.due_at - received_at.astimezone(UTC) == timedelta(hours=spans[clock.regime])


@given(TIMES, HOURS, st.integers(-12, 12))
def test_the_zone_that_a_time_is_written_in_changes_nothing(received_at, hours, offset):
    elsewhere = received_at.astimezone(timezone(timedelta(hours=offset)))
    assert start(received_at, hours) == start(elsewhere, hours)


def test_a_day_across_the_change_to_summer_time_has_24_hours():
    house = next(clock for clock in start(BEFORE_SUMMER_TIME, 24.0) if clock.regime == "house")
    assert house.due_at == datetime(2026, 3, 29, 11, tzinfo=UTC)
    assert house.due_at.astimezone(BEFORE_SUMMER_TIME.tzinfo).hour == 13


def test_a_time_without_a_zone_starts_no_clock():
    with pytest.raises(ValueError, match="time zone"):
        start(datetime(2026, 1, 1), 24.0)  # noqa: DTZ001 - that is the point


def test_each_regime_says_where_it_comes_from():
    assert len({regime.id for regime in regimes()}) == len(regimes()) > 0
    for regime in all_regimes():
        assert regime.hours > 0
        assert regime.source.startswith("https://")
        assert regime.checked in {"true", "partial", "secondary"}
        assert regime.id != "house"


@given(TIMES, HOURS)
def test_no_clock_runs_for_a_duty_that_nobody_is_known_to_owe(received_at, hours):
    """H11: whether the United Kingdom's duty is in force was not found, so its clock does not run."""
    stopped = {regime.id for regime in all_regimes() if regime.inactive_reason}
    assert "uk-osa-20a" in stopped
    assert not stopped & {clock.regime for clock in start(received_at, hours)}
    assert not stopped & {regime.id for regime in regimes()}
    assert {regime.id for regime in all_regimes()} == stopped | {regime.id for regime in regimes()}
