"""A house that keeps evidence."""

import pytest

from evidence import a_keeper


@pytest.fixture
def keeper(tmp_path, people):
    """Seals to them."""
    return a_keeper(tmp_path, people)
