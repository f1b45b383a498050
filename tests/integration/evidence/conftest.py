"""A house that keeps evidence."""

import pytest

from evidence import a_sealer


@pytest.fixture
def sealer(tmp_path, people):
    """Seals to them."""
    return a_sealer(tmp_path, people)
