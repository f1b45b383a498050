"""Settings are checked as a whole, in words, and never say a secret (S7)."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from services import TAKEBACK
from takeback.errors import ConfigurationError, NotReady
from takeback.infra.addresses import without_secrets
from takeback.infra.config import PortalSettings, Settings, every_name
from takeback.infra.db.refusal import cannot_reach
from takeback.infra.settings_form import allowed_range, shown, wrong_names

GROUPS = Settings, PortalSettings
NUMBERS = [
    (group, name, field)
    for group in GROUPS
    for name, field in group.model_fields.items()
    if allowed_range(field)
]
ACCOUNT = {f"TAKEBACK_MATRIX_{name}" for name in ("URL", "ADMIN_TOKEN", "MEMBER_TOKEN", "DISCOVER_EVERY")}
PASSWORD = "Zq7"
"""Every secret of these tests begins with it, so that a part that leaks is seen, too."""
SECRETS = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), max_size=9).map(
    PASSWORD.__add__
)


def refused(group: type[Settings | PortalSettings], **values: object) -> str:
    """What is said about settings; empty if they are taken. Nothing but ConfigurationError may come."""
    try:
        group(_env_file=None, **values)
    except ConfigurationError as error:
        return str(error)
    return ""


def variable(name: str) -> str:
    return f"TAKEBACK_{name.upper()}"


VALUES = st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(["-5", "0", "1e999", "1.5"])


@given(st.sampled_from(NUMBERS), VALUES)
def test_s7_a_number_is_in_its_range_or_named_with_it(
    number: tuple[type[Settings | PortalSettings], str, FieldInfo], value: float | str
) -> None:
    group, name, field = number
    said = refused(group, **{name: value})
    assume("must be different" not in said and "must be below" not in said)
    if said:
        assert f"{variable(name)} must be {allowed_range(field)}" in said
    else:
        taken = getattr(group(_env_file=None, **{name: value}), name)
        assert 0 <= taken < float("inf")


def test_s7_every_number_has_a_least_and_a_most() -> None:
    unbounded = [name for _, name, field in NUMBERS if "up to" not in allowed_range(field)]
    assert unbounded == []


@given(st.sampled_from(sorted(every_name())), st.data())
def test_s7_a_misspelt_name_is_named_and_answered_with_a_setting(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(len("TAKEBACK_"), len(name) - 1))
    wrong = name[:at] + data.draw(st.sampled_from(["", name[at] * 2, "X"])) + name[at + 1 :]
    assume(wrong not in every_name())
    (said,) = wrong_names({wrong: "1"}, every_name())
    assert wrong in said
    if len(name) > len("TAKEBACK_") + 6:  # of shorter ones too little is left to be sure
        assert said.partition("; ")[2].split()[0] in every_name()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("TAKEBACK_DECODER", "TAKEBACK_DECODERS is the nearest"),
        ("TAKEBACK_UNDO_SECOND", "TAKEBACK_UNDO_SECONDS is the nearest"),
        ("TAKEBAK_DATABASE_URL", "TAKEBACK_DATABASE_URL is the nearest"),
        ("TAKEBACK_QQQQ", "lists all of them"),
        ("TAKEBACK_DATA", "is empty"),
    ],
)
def test_s7_what_is_said_of_a_name(name: str, said: str) -> None:
    assert said in wrong_names({name: ""}, every_name())[0]


def test_s7_names_of_others_are_left_alone() -> None:
    assert wrong_names({"PATH": "", "PGPASSWORD": "x", "TAKE": "1", "BACKUP_DATA": "y"}, every_name()) == []


@given(SECRETS)
def test_s7_no_setting_shows_or_repeats_what_is_secret_in_it(secret: str) -> None:
    """Where a secret could stand in a setting, neither the list of settings nor an error has it."""
    encoded = quote(secret, safe="")
    for name, value in [
        ("database_url", f"postgresql://user:{encoded}@127.0.0.1:9/takeback"),
        ("database_url", f"postgresql://user:{secret}@127.0.0.1/takeback"),
        ("database_url", f"host=127.0.0.1 password={secret}"),
        ("beacon", f"https://user:{encoded}@beacon.example/x"),
        ("timestamp_authorities", f"one=https://user:{secret}@tsa.example/tsr"),
        ("blobs", f"s3://key:{secret}@bucket/prefix"),
        ("ray_address", f"ray://{secret}@10.0.0.5:10001"),
        ("console_origin", f"https://{encoded}@console.example"),
        ("decoders", secret),
    ]:
        said = refused(Settings, **{name: value})
        if not said:
            taken = getattr(Settings(_env_file=None, **{name: value}), name)
            said = shown(taken, Settings.model_fields[name])
            assert said == "set"
        assert PASSWORD not in said
    assert PASSWORD not in without_secrets(f"https://user:{secret}@tsa.example/tsr")


@given(SECRETS)
def test_s7_a_database_that_cannot_be_reached_is_said_without_its_password(password: str) -> None:
    url = f"postgresql://user:{quote(password, safe='')}@127.0.0.1:9/takeback"
    said = str(cannot_reach(psycopg.OperationalError(f"{url} {password} failed"), url))
    assert PASSWORD not in said


def test_s15_what_is_starting_is_worth_another_try_and_a_wrong_password_is_not() -> None:
    def kind(said: str) -> type[Exception]:
        return type(cannot_reach(psycopg.OperationalError(said), "postgresql://u:p@127.0.0.1/x"))

    assert kind("FATAL:  the database system is starting up") is NotReady
    assert kind("Connection refused") is NotReady
    assert kind("timeout expired") is NotReady
    assert kind('FATAL:  password authentication failed for user "u"') is ConfigurationError
    assert kind('FATAL:  database "x" does not exist') is ConfigurationError


# --- as an operator sees it --------------------------------------------------------------------------------


def takeback(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TAKEBACK_")}
    return subprocess.run(
        [*TAKEBACK, *words], env={**bare, **more}, cwd=folder, capture_output=True, text=True, check=False
    )


def test_s7_all_that_is_wrong_is_said_at_once_in_one_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TAKEBACK_DECODRS=3\nTAKEBACK_WORKERS=0\n")
    done = takeback(tmp_path, "serve", TAKEBACK_UNDO_SECONDS="-5", TAKEBACK_PORTAL_PRT="1")
    assert done.returncode == 78
    assert len(done.stderr.splitlines()) == 1
    for word in ("TAKEBACK_DECODERS", "TAKEBACK_WORKERS", "TAKEBACK_UNDO_SECONDS", "TAKEBACK_PORTAL_PORT"):
        assert word in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("door", ["portal", "console", "api", "worker", "watcher"])
def test_s7_a_door_that_is_given_a_wrong_setting_ends_with_78(tmp_path: Path, door: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"takeback.entrypoints.{door}"],
        env={**os.environ, "TAKEBACK_PORTAL_PORT": "99999"},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 78, done.stderr
    assert "TAKEBACK_PORTAL_PORT must be a whole number from 1 up to 65535" in done.stderr
    assert "Traceback" not in done.stderr


def test_s7_the_portal_refuses_to_start_without_its_own_url(tmp_path: Path) -> None:
    done = takeback(tmp_path, "portal", TAKEBACK_DATABASE_URL="postgresql://owner@127.0.0.1:9/x")
    assert done.returncode == 78
    assert "TAKEBACK_PORTAL_DATABASE_URL" in done.stderr
    assert not (tmp_path / "data").exists()


def test_s7_the_list_of_settings_shows_every_name_whole_and_no_secret(tmp_path: Path) -> None:
    done = takeback(
        tmp_path, "settings", COLUMNS="20", TAKEBACK_MATRIX_ADMIN_TOKEN="not-to-be-seen",
        TAKEBACK_MATRIX_URL="https://chat.example",
        TAKEBACK_DATABASE_URL="postgresql://owner:not-to-be-seen@127.0.0.1/x",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert {
        line.partition("=")[0] for line in lines if line.startswith("TAKEBACK_")
    } == every_name() | ACCOUNT
    assert {"TAKEBACK_DATABASE_URL=set", "TAKEBACK_PORTAL_DATABASE_URL=not set"} <= set(lines)
    assert "not-to-be-seen" not in done.stdout + done.stderr
