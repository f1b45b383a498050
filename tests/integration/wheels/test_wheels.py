"""The wheels, built and installed into an empty environment: the service is whole, and alone in them."""

import platform
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from repository import ROOT, SOURCES

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

NOT_SHIPPED = re.compile(
    r"(?:^|[/_.])(?:demo|bench|measure|tests?|conftest|scenario)(?:[/_.]|$)|takeback_dev"
)
PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif"}
IMPORT_ALL = """
import importlib, pkgutil, sys, takeback, takeback_verify
for package in (takeback, takeback_verify):
    assert sys.prefix in package.__file__, package.__file__
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if ".migrations" not in found.name:  # Alembic runs these
            importlib.import_module(found.name)
print(takeback._native.paths()[0])
"""


def run(*words: object, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(str, words)], capture_output=True, text=True, check=False, timeout=600, cwd=ROOT.anchor, **more
    )


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> dict[str, Path]:
    """By distribution."""
    out = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-index"]
    for name, folder in {"takeback": ROOT, "verify": ROOT / "verify", "dev": ROOT / "dev"}.items():
        built = run(
            *pip, "--no-deps", "--no-build-isolation", "--wheel-dir", out,
            "--config-settings", f"build-dir={tmp_path_factory.mktemp(name)}", folder,
        )  # fmt: skip
        assert built.returncode == 0, built.stderr
    return {wheel.name.partition("-")[0]: wheel for wheel in out.iterdir()}


@pytest.fixture(scope="module")
def programs(wheels: dict[str, Path], tmp_path_factory) -> Path:
    """The `bin` of an environment with the service's two wheels, and the parts that they rely on."""
    home = tmp_path_factory.mktemp("empty")
    assert run(sys.executable, "-m", "venv", "--without-pip", home / "venv").returncode == 0
    parts = home / "parts"
    parts.mkdir()
    for each in Path(sysconfig.get_path("purelib")).iterdir():
        if not each.name.startswith(("takeback", "_takeback", "_editable_skbc_takeback")):
            (parts / each.name).symlink_to(each)
    install(home / "venv" / "bin", wheels["takeback"], wheels["takeback_verify"])
    (site,) = (home / "venv" / "lib").glob("python*/site-packages")
    (site / "parts.pth").write_text(f"{parts}\n")
    return home / "venv" / "bin"


def install(programs: Path, *wheels: Path) -> None:
    done = run(
        sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", programs / "python",
        "install", "--quiet", "--no-index", "--no-deps", *wheels,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_wheel_has_every_file_of_the_service_and_nothing_of_developers(wheels) -> None:
    names = set(zipfile.ZipFile(wheels["takeback"]).namelist())
    inside = {name for name in names if name.startswith("takeback/")}
    skipped = {"__pycache__"}
    wanted = {
        path.relative_to(SOURCES.parent).as_posix()
        for path in SOURCES.rglob("*")
        if path.is_file() and not skipped & set(path.parts) and path.suffix != ".so"
    }
    assert inside - wanted == {name for name in inside if re.fullmatch(r"takeback/_native\.\S+\.so", name)}
    assert wanted <= inside
    assert len(inside - wanted) == 1
    endings = {Path(name).suffix for name in inside}
    assert endings >= {".html", ".css", ".js", ".sql", ".toml", ".ttf", ".so"}
    for wheel in ("takeback", "takeback_verify"):
        everything = zipfile.ZipFile(wheels[wheel]).namelist()
        assert [name for name in everything if NOT_SHIPPED.search(name)] == []
        assert [name for name in everything if Path(name).suffix in PICTURES] == []


def test_the_wheels_name_no_developers_part(wheels) -> None:
    for name in ("takeback", "takeback_verify"):
        archive = zipfile.ZipFile(wheels[name])
        (metadata,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        assert "takeback-dev" not in archive.read(metadata).decode()


def test_the_service_runs_from_its_wheels_and_every_module_can_be_imported(programs) -> None:
    version = run(programs / "takeback", "--version")
    assert re.fullmatch(
        rf"takeback \d+\.\d+\.\d+, Python {platform.python_version()}, native index: [a-z]+\d*\n",
        version.stdout,
    ), version
    told = run(programs / "takeback", "--help", env={"COLUMNS": "200"})
    assert told.returncode == 0, told.stderr
    assert " serve " in told.stdout
    assert not {"demo", "bench"} & set(told.stdout.split())
    assert run(programs / "takeback-verify", "--help").returncode == 0
    imported = run(programs / "python", "-c", IMPORT_ALL)
    assert imported.returncode == 0, imported.stderr


def test_the_demo_comes_with_takeback_dev(wheels, programs) -> None:
    for command in ("demo", "bench"):
        without = run(programs / "takeback", command)
        assert (without.returncode, without.stdout) == (78, "")
        assert re.fullmatch(rf"takeback: `takeback {command}` comes with takeback-dev: .+\n", without.stderr)
    install(programs, wheels["takeback_dev"])
    assert "--check" in run(programs / "takeback", "demo", "--help", env={"COLUMNS": "200"}).stdout
    assert "recall" in run(programs / "takeback", "bench", "--help", env={"COLUMNS": "200"}).stdout
