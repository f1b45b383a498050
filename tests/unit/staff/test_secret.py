from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from takeback.errors import ConfigurationError, Refused
from takeback.staff.secret import KEY_FILE, Secret, load_secret

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_what_is_sealed_opens_again_with_the_same_key_only():
    sealed = Secret(b"a" * 32).seal("text", NOW)
    assert Secret(b"a" * 32).open(sealed, now=NOW) == "text"
    with pytest.raises(Refused):
        Secret(b"b" * 32).open(sealed, now=NOW)


def test_what_was_sealed_too_long_ago_is_refused():
    secret = Secret(b"a" * 32)
    sealed = secret.seal("text", NOW)
    assert secret.open(sealed, within=timedelta(minutes=1), now=NOW + timedelta(seconds=59)) == "text"
    with pytest.raises(Refused):
        secret.open(sealed, within=timedelta(minutes=1), now=NOW + timedelta(seconds=61))


def test_a_name_is_hidden_and_its_case_does_not_matter():
    secret = Secret(b"a" * 32)
    assert secret.whom("Ada") == secret.whom("ADA") != secret.whom("Bea")
    assert Secret(b"b" * 32).whom("Ada") != secret.whom("Ada")


def test_many_who_make_the_key_at_once_get_the_same(tmp_path: Path):
    folder = tmp_path / "keys"
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: load_secret(folder).whom("Ada"), range(16)))
    assert len(names) == 1
    assert (folder / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in folder.iterdir()] == [KEY_FILE]


def test_a_damaged_key_file_is_named(tmp_path: Path):
    (tmp_path / KEY_FILE).write_text("short")
    with pytest.raises(ConfigurationError, match="backup"):
        load_secret(tmp_path)
