"""takeback-verify as people run it: its exit codes, its words; and other people's tools."""

import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pyrage
import pytest

import others
from mutants import Lab
from packages import zipped
from takeback_verify import command
from takeback_verify.core.canonical import read


@pytest.fixture
def folder(lab: Lab, tmp_path: Path) -> Path:
    """A folder with a package, its trust file, and a lawyer's key."""
    (tmp_path / "dossier.zip").write_bytes(lab.made.zip)
    (tmp_path / "trust.json").write_bytes(lab.made.trust)
    (tmp_path / "key.txt").write_text(lab.made.key)
    damaged = lab.copy()
    damaged["data/METHOD.md"] = b"edited"
    (tmp_path / "damaged.zip").write_bytes(zipped(lab.made.id, damaged))
    return tmp_path


def run(
    folder: Path, package: str, *more: str, trust: str = "trust.json"
) -> subprocess.CompletedProcess[str]:
    """The installed program."""
    program = Path(sys.executable).with_name("takeback-verify")
    arguments = [program, folder / package, "--trust", folder / trust, *more]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False, cwd=folder)


def test_the_exit_code_is_the_verdict(folder: Path) -> None:
    valid, invalid = run(folder, "dossier.zip"), run(folder, "damaged.zip")
    nothing, no_trust = run(folder, "none.zip"), run(folder, "dossier.zip", trust="key.txt")

    assert (valid.returncode, invalid.returncode, nothing.returncode, no_trust.returncode) == (0, 1, 2, 2)
    assert valid.stdout.startswith("VALID\n")
    assert invalid.stdout.startswith("INVALID\n")
    assert "data/METHOD.md is not the file that is listed." in invalid.stdout
    assert "The package cannot be read: No such file or directory." in nothing.stdout
    assert no_trust.stdout.startswith("CANNOT CHECK\n")


def test_json_is_one_canonical_object(folder: Path) -> None:
    said = run(folder, "dossier.zip", "--json", "--open", str(folder / "key.txt"))

    value = read(said.stdout.removesuffix("\n").encode(), "the report")
    assert isinstance(value, dict)
    assert value["verdict"] == "VALID"
    assert [step["outcome"] for step in json.loads(said.stdout)["steps"]] == ["holds"] * 10


def test_nothing_is_written_anywhere(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    assert run(folder, "dossier.zip", "--open", str(folder / "key.txt")).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_the_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        command.main(["--help"])

    said = capsys.readouterr().out
    for word in ("the trust file", "another way", "VALID", "INVALID", "CANNOT CHECK", "exit code 2"):
        assert word in said


def test_files_that_are_too_long_or_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    package, trust, key = (str(folder / name) for name in ("dossier.zip", "trust.json", "key.txt"))

    assert command.main([package, "--trust", trust, "--open", key, "--json"]) == 0
    assert command.main([package, "--trust", str(folder / "none")]) == 2
    assert command.main([str(folder), "--trust", trust]) == 2
    assert command.main([str(folder / "none.zip"), "--trust", trust]) == 2
    monkeypatch.setattr(command, "_LONGEST_TRUST", 10)
    assert command.main([package, "--trust", trust]) == 2
    assert b"The trust file is longer than 10 bytes." in capsysbinary.readouterr().out


@pytest.mark.agrees("openssl")
def test_the_second_opinions_hold(folder: Path, lab: Lab) -> None:
    with zipfile.ZipFile(folder / "dossier.zip") as archive:
        archive.extractall(folder)
    inside = folder / f"takeback-dossier-{lab.made.id}"
    for n, authority in enumerate(lab.made.world.authorities, start=1):
        shutil.copy(authority.root_pem, inside / f"Authority {n}.pem")

    opinions = json.loads(run(folder, "dossier.zip", "--json").stdout)["second_opinions"]

    assert len(opinions) == 4
    for opinion in opinions:
        asked = subprocess.run(
            ["bash", "-c", opinion], cwd=inside, capture_output=True, text=True, timeout=60, check=False
        )
        assert "Verification: OK" in asked.stdout + asked.stderr, asked


@pytest.mark.agrees("bagit.py")
def test_it_is_a_bag_for_other_peoples_tools(folder: Path, lab: Lab) -> None:
    with zipfile.ZipFile(folder / "dossier.zip") as archive:
        archive.extractall(folder)

    asked = [others.program("bagit.py"), "--validate", folder / f"takeback-dossier-{lab.made.id}"]
    assert subprocess.run(asked, capture_output=True, timeout=60, check=False).returncode == 0
    (asked[2] / "data" / "METHOD.md").write_bytes(b"edited")
    assert subprocess.run(asked, capture_output=True, timeout=60, check=False).returncode == 1


@pytest.mark.agrees(others.AGE)
def test_sealed_parts_open_with_age(folder: Path, lab: Lab) -> None:
    age = others.program(others.AGE)
    exhibit = f"data/exhibits/{lab.made.captures[0]}/sealed/"
    for part in ("key", "media"):
        (folder / f"{part}.age").write_bytes(lab.made.files[f"{exhibit}{part}.age"])

    own = subprocess.run(
        [age, "-d", "-i", "key.txt", "key.age"], cwd=folder, capture_output=True, check=True, timeout=60
    )
    asked = [age, "-d", "-i", "-", "media.age"]
    opened = subprocess.run(asked, input=own.stdout, cwd=folder, capture_output=True, check=True, timeout=60)

    assert opened.stdout.startswith(b"picture 0")
    inner = pyrage.x25519.Identity.from_str(own.stdout.decode().splitlines()[1])
    assert pyrage.decrypt((folder / "media.age").read_bytes(), [inner]) == opened.stdout


def test_it_imports_nothing_of_takeback_and_no_network(folder: Path) -> None:
    code = (
        "import sys\n"
        "def watch(event, _):\n"
        "    if event.startswith('socket.'): sys.exit(f'asks the network: {event}')\n"
        "sys.addaudithook(watch)\n"
        "from takeback_verify.command import main\n"
        "main()\n"
        "banned = {'takeback', 'pyrage', 'ssl', 'httpx', 'httpx2', 'requests'}\n"
        "bad = {m for m in sys.modules if m.split('.')[0] in banned}\n"
        "sys.exit(f'imports {bad}' if bad else 0)\n"
    )
    arguments = [sys.executable, "-c", code, folder / "dossier.zip", "--trust", folder / "trust.json"]

    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


def test_checking_needs_no_key_and_opening_says_what_it_needs(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    monkeypatch.delitem(sys.modules, "takeback_verify.unsealing", raising=False)
    package = io.BytesIO(lab.made.zip)

    assert command.check_bytes(package, lab.made.trust).verdict == 0
    asked = command.check_bytes(package, lab.made.trust, lab.made.key)
    assert asked.verdict == 2
    assert asked.steps[0].said == ("--open needs more: pip install 'takeback-verify[open]'.",)


def test_a_package_may_come_from_memory(lab: Lab) -> None:
    assert command.check_bytes(io.BytesIO(lab.made.zip), lab.made.trust).verdict == 0
