"""`takeback serve` and the operator's other commands, as processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from databases import temporary_folder
from platforms import ROOT
from services import PARTS, PATIENCE, TAKEBACK, House, running_house
from soaking import quick
from takeback_dev.demo.processes import free_ports
from waiting import until

SECRET = "syt_not_a_real_token"


def environment(data: Path) -> dict[str, str]:
    """For a service beside a chat server that is down: nothing here needs one."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("TAKEBACK_")},
        "TAKEBACK_DATA": str(data),
        "TAKEBACK_MATRIX_URL": "http://127.0.0.1:9",
        "TAKEBACK_MATRIX_ADMIN_TOKEN": SECRET,
        **{f"TAKEBACK_{door.upper()}_PORT": str(port) for door, port in free_ports().items()},
    }


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with temporary_folder() as folder, running_house(folder, environment(folder / "data")) as running:
        yield running


def takeback(house: House, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TAKEBACK, *words],
        env={**house.environment, **more},
        cwd=house.folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


# --- what `serve` starts ----------------------------------------------------------------------------------


def test_every_part_runs_and_the_addresses_are_printed(house: House) -> None:
    for part in (*PARTS, "postgres"):
        assert house.part(part).is_running()
    for door in ("portal", "console", "api"):
        assert f"http://localhost:{house.environment[f'TAKEBACK_{door.upper()}_PORT']}" in house.said()


@pytest.mark.parametrize("part", quick("watcher", "postgres", every=[*PARTS, "postgres"]))
def test_a_part_that_is_killed_comes_back(house: House, part: str) -> None:
    before = house.part(part)
    house.kill(part)

    def another() -> bool:
        now = house.find(part)
        return now is not None and now.pid != before.pid and now.is_running()

    until(another, PATIENCE, f"{part} to come back")
    until(lambda: house.has("select 1"), PATIENCE, "the database to answer")


def test_nothing_listens_anywhere_but_on_loopback(house: House) -> None:
    doors = {int(house.environment[f"TAKEBACK_{door}_PORT"]) for door in ("PORTAL", "CONSOLE", "API")}

    def listening() -> set[tuple[str, int]]:
        return {
            (each.laddr.ip, each.laddr.port)
            for process in house.processes()
            for each in connections(process)
            if each.status == psutil.CONN_LISTEN
        }

    until(
        lambda: {port for _, port in listening()} == doors, PATIENCE, "all doors, and nothing else, to listen"
    )
    assert {address for address, _ in listening()} == {"127.0.0.1"}


def connections(process: psutil.Process) -> list[psutil._ntuples.pconn]:
    try:
        return process.net_connections("inet")
    except psutil.NoSuchProcess:
        return []


def test_the_portal_is_given_nothing_that_it_must_not_know(house: House) -> None:
    portal = house.part("portal")
    given = {name: value for name, value in portal.environ().items() if name.startswith(("TAKEBACK_", "PG"))}
    assert SECRET not in str(portal.environ())
    assert set(given) <= {
        "TAKEBACK_PORTAL_DATABASE_URL",
        "TAKEBACK_PORTAL_PORT",
        "TAKEBACK_PORTAL_KEYS",
        "TAKEBACK_PORTAL_LINKS",
        "TAKEBACK_PARENT_PIPE",
        "TAKEBACK_LISTENER",
    }
    assert given["TAKEBACK_PORTAL_DATABASE_URL"].startswith("postgresql://takeback_portal:@")
    keys = Path(given["TAKEBACK_PORTAL_KEYS"])
    assert {file.name for file in keys.iterdir()} == {"pepper", "intake.recipient"}
    assert "AGE-SECRET-KEY" not in "".join(file.read_text() for file in keys.iterdir())


def test_the_portals_database_url_opens_no_table(house: House) -> None:
    url = house.part("portal").environ()["TAKEBACK_PORTAL_DATABASE_URL"]
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select * from submissions_report")


# --- a second one, and the end ----------------------------------------------------------------------------


def test_a_second_serve_on_the_same_folder_says_so_and_does_no_harm(house: House) -> None:
    said = takeback(house, "serve")
    assert said.returncode == 78
    assert "another `takeback serve` runs on" in said.stderr
    assert "Traceback" not in said.stderr
    assert house.has("select 1")


@pytest.mark.soak
def test_a_serve_on_taken_ports_says_which(house: House) -> None:
    with temporary_folder() as folder:
        said = takeback(house, "serve", TAKEBACK_DATA=str(folder / "data"))
    assert said.returncode == 78
    assert f"port {house.environment['TAKEBACK_PORTAL_PORT']} on 127.0.0.1 cannot be had" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.fixture
def with_a_terminal() -> Iterator[None]:
    """Processes started here heed SIGHUP, also when the tests themselves were started by nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.soak
@pytest.mark.usefixtures("with_a_terminal")
@pytest.mark.parametrize("end", quick(signal.SIGTERM, every=[signal.SIGTERM, signal.SIGINT, signal.SIGHUP]))
def test_a_signal_ends_every_process(end: signal.Signals) -> None:
    with temporary_folder() as folder, running_house(folder, environment(folder / "data")) as house:
        everything = house.processes()
        assert house.process is not None
        os.killpg(house.process.pid, end)
        assert house.process.wait(40) == 0, house.said()
        assert still_running(everything) == []


def test_after_kill_9_of_serve_only_the_database_lives_and_the_next_one_ends_it_too() -> None:
    with temporary_folder() as folder, running_house(folder, environment(folder / "data")) as house:
        database = house.part("postgres")
        parts = [house.part(part) for part in PARTS]
        house.kill("serve")
        _, left = psutil.wait_procs(parts, timeout=PATIENCE)
        assert left == []
        house.start()
        assert house.part("postgres") == database
        everything = house.processes()
        house.stop()
        assert still_running(everything) == []


def still_running(processes: list[psutil.Process]) -> list[psutil.Process]:
    return psutil.wait_procs(processes, timeout=10)[1]


# --- the other commands -----------------------------------------------------------------------------------


def test_the_ledger_of_a_running_service_is_valid(house: House) -> None:
    takeback(house, "staff", "invite", "somebody", "--role", "reviewer")
    said = takeback(house, "ledger", "verify", "--json")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["result"] == "VALID"


def test_settings_are_listed_without_their_secrets(house: House) -> None:
    said = takeback(house, "settings", COLUMNS="200")
    assert said.returncode == 0, said.stderr
    assert "TAKEBACK_MATRIX_ADMIN_TOKEN" in said.stdout
    assert SECRET not in said.stdout


def test_an_invitation_is_a_link_to_the_console(house: House) -> None:
    said = takeback(house, "staff", "invite", "ada", "--role", "administrator")
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(f"http://localhost:{house.environment['TAKEBACK_CONSOLE_PORT']}/welcome/")


@pytest.mark.soak
def test_an_api_key_is_made_listed_and_revoked(house: House) -> None:
    made = takeback(house, "api-key", "create", "chat")
    assert (made.returncode, len(made.stdout.split())) == (0, 1), made.stderr
    assert "chat valid" in takeback(house, "api-key", "list").stdout
    assert takeback(house, "api-key", "revoke", "chat").returncode == 0
    listed = takeback(house, "api-key", "list").stdout
    assert "chat revoked" in listed
    assert made.stdout.strip() not in listed


@pytest.mark.soak
def test_revoking_a_key_that_is_not_there_is_an_error_in_one_line(house: House) -> None:
    said = takeback(house, "api-key", "revoke", "nobody's")
    assert said.returncode == 1
    assert len(said.stderr.splitlines()) == 1


@pytest.mark.soak
def test_migrate_may_be_run_at_any_time(house: House) -> None:
    said = takeback(house, "migrate")
    assert (said.returncode, said.stdout) == (0, "The schema is up to date.\n"), said.stderr


def test_a_wrong_setting_is_said_in_one_line(house: House) -> None:
    said = takeback(house, "migrate", TAKEBACK_DATABASE_URL="postgresql://127.0.0.1:9/nowhere")
    assert said.returncode == 75
    assert "cannot reach the database" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("part", quick("worker", every=PARTS))
def test_a_part_alone_that_cannot_start_says_why_without_a_trace(house: House, part: str) -> None:
    nowhere = "postgresql://127.0.0.1:9/nowhere"
    said = takeback(
        house, part, TAKEBACK_DATABASE_URL=nowhere, TAKEBACK_PORTAL_DATABASE_URL=nowhere,
        TAKEBACK_PORTAL_KEYS="/nowhere",
    )  # fmt: skip
    assert said.returncode in {75, 78}, said.stderr
    assert "Traceback" not in said.stderr


# --- as whom ----------------------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.skipif(os.geteuid() != 0, reason="all other tests here ran as an ordinary user already")
def test_it_runs_as_an_ordinary_user_too() -> None:
    with temporary_folder() as folder:
        python = python_for_nobody(folder)
        theirs = folder / "theirs"
        theirs.mkdir()
        folder.chmod(0o755)
        shutil.chown(theirs, "nobody")
        house = House(theirs, {**environment(theirs / "data"), "HOME": str(theirs), "TMPDIR": str(theirs)})
        try:
            house.start(python=python, user="nobody")
            everything = house.processes()
            assert {process.username() for process in everything} == {"nobody"}
            assert {file.owner() for file in (theirs / "data").rglob("*")} == {"nobody"}
        finally:
            house.stop()
        assert still_running(everything) == []


def python_for_nobody(folder: Path) -> Path:
    """An environment like ours, whose interpreter is not in root's own home."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = shutil.which(name, path="/usr/local/bin:/usr/bin")
    if base is None:
        pytest.skip(f"no {name} that other users than root may run")
    subprocess.run([base, "-m", "venv", "--without-pip", folder / "env"], check=True)
    ours = folder / "env" / "lib" / name / "site-packages" / "ours.pth"
    ours.write_text(f"{sysconfig.get_path('purelib')}\n{ROOT / 'src'}\n{ROOT / 'verify' / 'src'}\n")
    return folder / "env" / "bin" / "python"
