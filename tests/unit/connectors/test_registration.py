"""A platform that registers itself is found, configured and connected; a sentence says what is wrong."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages_of_others import documented, register
from takeback.connectors.api import Action, Examined, State, abilities
from takeback.errors import ConfigurationError
from takeback.infra.config import Settings, every_name
from takeback.infra.settings_form import platform_names
from takeback.platforms import all_settings, connect, followed_links, load, read_accounts

MATRIX = {"TAKEBACK_MATRIX_URL": "http://127.0.0.1:9", "TAKEBACK_MATRIX_ADMIN_TOKEN": "Zq7-first"}
SECOND = {
    "TAKEBACK_MATRIX_SECOND_URL": "http://127.0.0.2:9",
    "TAKEBACK_MATRIX_SECOND_ADMIN_TOKEN": "Zq7-second",
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the documented platform, and two that cannot be used."""
    folder = tmp_path_factory.mktemp("packages")
    line, module = documented()
    wrong = "broken = broken_platform:PLATFORM\nnone = takeback_shelf:ShelfConnector"
    register(folder, f"{line}\n{wrong}", takeback_shelf=module, broken_platform="import nothing_of_this_name")
    return folder


@pytest.fixture
def installed(package: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(package))
    platform_names.cache_clear()
    yield
    platform_names.cache_clear()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment without settings, in a folder without a .env."""
    monkeypatch.chdir(tmp_path)
    for name in every_name():
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def refused(names: str, **variables: str) -> str:
    with pytest.raises(ConfigurationError) as error:
        read_accounts(tuple(names.split()), variables)
    assert "Zq7" not in str(error.value)
    return str(error.value)


def said(names: str | None, **variables: str) -> dict[str, str]:
    """Each account's name and address."""
    accounts = read_accounts(None if names is None else tuple(names.split()), variables)
    return {each.account.name: each.settings.url for each in accounts}


def test_accounts_side_by_side_have_settings_of_their_own():
    assert said("matrix matrix:second", **MATRIX, **SECOND) == {
        "matrix": "http://127.0.0.1:9",
        "matrix:second": "http://127.0.0.2:9",
    }


def test_settings_older_than_the_accounts_connect_the_account_of_the_platforms_name():
    """Its name is stored beside all that it saw."""
    assert list(said(None, **MATRIX)) == ["matrix"]
    assert said(None, TAKEBACK_MATRIX_ADMIN_TOKEN="Zq7") == {}
    assert said(None) == {}


def test_all_that_is_wrong_with_accounts_is_said_at_once_and_no_secret():
    text = refused(
        "matrix:main matrix:second chat",
        TAKEBACK_MATRIX_MAIN_URL="Zq7 is no address",
        TAKEBACK_MATRIX_MAIN_DISCOVER_EVERY="0",
        TAKEBACK_MATRIX_SECOND_ADMIN_TOKEN="Zq7",
        TAKEBACK_MATRIX_SECOND_UR="Zq7",
        TAKEBACK_MATRIX_THIRD_URL="Zq7",
        TAKEBACK_MATRIX_SECOND_MEMBER_TOKEN="",
    )
    for sentence in (
        "TAKEBACK_MATRIX_MAIN_URL must be an address",
        "TAKEBACK_MATRIX_MAIN_ADMIN_TOKEN is missing: Access token of the moderation account",
        "TAKEBACK_MATRIX_MAIN_DISCOVER_EVERY must be a number above 0",
        "TAKEBACK_MATRIX_SECOND_URL is missing",
        "TAKEBACK_MATRIX_SECOND_UR is no setting; TAKEBACK_MATRIX_SECOND_URL is the nearest",
        "TAKEBACK_MATRIX_THIRD_URL is no setting",
        "TAKEBACK_MATRIX_SECOND_MEMBER_TOKEN is empty",
        "TAKEBACK_CONNECTORS names the platform chat, which is not installed (installed: ",
    ):
        assert sentence in text
    assert "matrix" in text.partition("(installed: ")[2]


@pytest.mark.parametrize(
    "names", ["Matrix", "matrix: second", "matrix:a:b", "matrix matrix", "matrix:se_cond"]
)
def test_names_of_accounts_have_one_form(bare: pytest.MonkeyPatch, names: str):
    bare.setenv("TAKEBACK_CONNECTORS", names)
    with pytest.raises(ConfigurationError, match="TAKEBACK_CONNECTORS"):
        Settings()


def test_settings_of_processes_and_accounts_are_checked_together(bare: pytest.MonkeyPatch):
    for name, value in {
        **MATRIX,
        "TAKEBACK_MATRIX_URL": "x",
        "TAKEBACK_WORKERS": "0",
        "TAKEBACK_MATRX_URL": "x",
    }.items():
        bare.setenv(name, value)
    with pytest.raises(ConfigurationError) as error:
        all_settings()
    for word in (
        "TAKEBACK_MATRIX_URL must be an address",
        "TAKEBACK_WORKERS must be",
        "TAKEBACK_MATRX_URL is no setting; TAKEBACK_MATRIX_URL is the nearest",
    ):
        assert word in str(error.value)


def test_a_dotenv_file_names_accounts_and_the_environment_wins(bare: pytest.MonkeyPatch, tmp_path: Path):
    lines = {"TAKEBACK_CONNECTORS": "matrix:second", **SECOND}
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
    bare.setenv("TAKEBACK_MATRIX_SECOND_URL", "http://127.0.0.3:9")
    _, _, [account] = all_settings()
    assert account.settings.url == "http://127.0.0.3:9"
    assert Settings(_env_file=None).of_platforms == {"TAKEBACK_MATRIX_SECOND_URL": "http://127.0.0.3:9"}


def test_two_servers_of_one_platform_are_followed_by_one_expression(bare: pytest.MonkeyPatch):
    for name, value in {**MATRIX, **SECOND, "TAKEBACK_CONNECTORS": "matrix"}.items():
        if not name.startswith("TAKEBACK_MATRIX_SECOND"):
            bare.setenv(name, value)
    one = followed_links(Settings())
    for name, value in {**SECOND, "TAKEBACK_CONNECTORS": "matrix matrix:second"}.items():
        bare.setenv(name, value)
    assert followed_links(Settings()) == one


# --- the platform that docs/connectors.md shows ---


@pytest.mark.usefixtures("installed")
def test_the_documented_platform_watches_finds_removes_and_looks(bare: pytest.MonkeyPatch, tmp_path: Path):
    for place in ("hall", "attic"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "1.png").write_bytes(place.encode())
        bare.setenv(f"TAKEBACK_SHELF_{place.upper()}_FOLDER", str(tmp_path / place))
    bare.setenv("TAKEBACK_CONNECTORS", "shelf:hall shelf:attic")
    hall, attic = connect(Settings()).values()
    assert (hall.name, attic.name) == ("shelf:hall", "shelf:attic")
    batch = hall.watch(hall.streams()[0], None)
    [post] = batch.posts
    assert hall.watch(hall.streams()[0], batch.cursor).posts == ()
    assert hall.locate("shelf:1.png") == post
    assert hall.locate("https://elsewhere.example") is None
    assert hall.fetch("1.png", 9) == b"hall"
    target = hall.control()
    assert target is not None
    assert hall.verify(target)[0].state is State.PRESENT
    copy = type(target)(post.place, post.message, post.media[0].address)
    assert not hall.act(Action.QUARANTINE_MEDIA, copy, "k").already
    assert hall.act(Action.QUARANTINE_MEDIA, copy, "k").already
    assert hall.verify(copy)[0].state is State.ABSENT
    assert attic.fetch("1.png", 9) == b"attic"
    assert abilities(hall) == (
        "watching",
        "following links",
        "quarantine media",
        "looks as anonymous",
        "health",
    )
    assert followed_links(Settings()) == "(?:shelf:[A-Za-z0-9.-]+)"
    (tmp_path / "attic").rename(tmp_path / "cellar")
    assert isinstance(attic, Examined)
    assert "Check TAKEBACK_SHELF_ATTIC_FOLDER" in attic.health()[0].words


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("broken", "the platform broken (broken_platform:PLATFORM) cannot be imported: ModuleNotFoundError"),
        ("none", "is no takeback.connectors.platform.Platform"),
    ],
)
def test_a_package_that_is_no_platform_is_named(name: str, sentence: str):
    with pytest.raises(ConfigurationError, match=re.escape(sentence)):
        load(name)


@pytest.mark.usefixtures("installed")
def test_a_platform_that_two_packages_register_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    information = tmp_path / "twin-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: twin\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[takeback.connectors]\nshelf = twin:PLATFORM\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError, match="registered twice, by others and twin"):
        load("shelf")


@pytest.mark.usefixtures("installed")
def test_an_account_whose_variables_are_other_settings_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    line = "api = clash:PLATFORM"
    register(
        tmp_path,
        line,
        clash="""from pydantic import BaseModel
from takeback.connectors.platform import Platform
class Clash(BaseModel):
    port: int = 1
PLATFORM = Platform(Clash, print)
""",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "TAKEBACK_API_PORT is a setting of api and another one" in refused("api")


def run(package: Path, folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command of `takeback` in a process of its own, beside the package."""
    return subprocess.run(
        [sys.executable, "-c", "from takeback.entrypoints.cli.main import main; main()", *words],
        env={"PYTHONPATH": str(package), "PATH": "/usr/bin:/bin", **variables},
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_an_operator_sees_the_settings_of_an_installed_platform_and_no_secret(package: Path, tmp_path: Path):
    shelf = {"TAKEBACK_SHELF_HALL_FOLDER": "/srv/hall", "TAKEBACK_SHELF_HALL_PASSWORD": "Zq7"}
    done = run(package, tmp_path, "settings", TAKEBACK_CONNECTORS="shelf:hall", **shelf)
    assert done.returncode == 0, done.stderr
    assert "TAKEBACK_SHELF_HALL_FOLDER=/srv/hall\n    Folder with the pictures." in done.stdout
    assert (
        "TAKEBACK_SHELF_HALL_PAGE=50\n    Pictures in one batch; a whole number from 1 up to 1000."
        in done.stdout
    )
    assert "TAKEBACK_SHELF_HALL_PASSWORD=set" in done.stdout
    assert "Zq7" not in done.stdout


@pytest.mark.parametrize("command", ["serve", "doctor", "settings", "links", "worker"])
def test_an_unknown_platform_ends_every_command_at_its_start(package: Path, tmp_path: Path, command: str):
    done = run(package, tmp_path, command, TAKEBACK_CONNECTORS="shelf:hall telepathy")
    assert done.returncode == 78, done.stderr
    said = "TAKEBACK_CONNECTORS names the platform telepathy, which is not installed"
    assert said in done.stderr
    assert "matrix, none, shelf" in done.stderr
    if command != "worker":
        assert "TAKEBACK_SHELF_HALL_FOLDER is missing: Folder with the pictures." in done.stderr
