"""Limits that would make no sense are refused when the service starts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.errors import ConfigurationError
from takeback.infra.config import Settings

NUMBERS = ("breaker_removals", "breaker_posters", "seed_copies")


@pytest.mark.parametrize("name", NUMBERS)
@given(value=st.integers() | st.floats() | st.text())
def test_a_limit_is_a_whole_number_within_bounds(name: str, value: float | str):
    try:
        settings = Settings.model_validate({name: value})
    except ConfigurationError:
        return
    assert 1 <= getattr(settings, name) <= 100_000
    assert isinstance(getattr(settings, name), int)


@pytest.mark.parametrize("value", [0, -1, "nan", "inf", 7 * 24 * 60 + 1, "soon"])
def test_a_time_to_answer_is_at_least_a_minute_and_at_most_a_week(value: float | str):
    with pytest.raises(ConfigurationError):
        Settings.model_validate({"breaker_answer_minutes": value})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [0, -5, "1.5", "many", 100_001])
def test_a_limit_out_of_bounds_is_refused(name: str, value: float | str):
    with pytest.raises(ConfigurationError):
        Settings.model_validate({name: value})
