"""Get other people's programs that the tests ask whether they agree with us, once, without installing them.

age, and Go with its own transparency log code, come out of Debian's packages, by package lists of our own, so
that any user can do it and no module proxy is asked. Go builds one small program and is thrown away again.
aics-tlog is a Python package for Python 3.12. What cannot be had is written down, and tests that ask for it
are skipped by that sentence.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import others

BIN = others.FOLDER / "bin"
WANTED_AICS = "aics-tlog==0.2.1"
GO_PACKAGES = ("golang-go", "golang-golang-x-mod-dev")
DRAFT = "getting-"
QUICK_TO_FAIL = [
    f"--option=Acquire::{what}"
    for what in ("Retries=0", "http::Timeout=10", "https::Timeout=10", "Languages=none")
]


class CannotBeHad(Exception):
    """It says why."""


def main() -> int:
    """Get what is missing."""
    others.FOLDER.mkdir(parents=True, exist_ok=True)
    with (others.FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        BIN.mkdir(exist_ok=True)
        for left in others.FOLDER.glob(f"{DRAFT}*"):
            shutil.rmtree(left)
        missing = [name for name in GET if not _is_here(name)]
        for name in missing:
            print(
                f"Getting {name}, which the tests ask whether it agrees (once; some seconds) ...", flush=True
            )
            why = others.why_file(name)
            try:
                with tempfile.TemporaryDirectory(prefix=DRAFT, dir=others.FOLDER) as folder:
                    GET[name](Path(folder))
                why.unlink(missing_ok=True)
            except (CannotBeHad, OSError) as reason:  # a package that is laid out otherwise, a full disk
                print(f"Without {name}: {reason}", flush=True)
                why.write_text(str(reason), "utf-8")
    return 0


def _is_here(name: str) -> bool:
    try:
        others.program(name)
    except FileNotFoundError:
        return False
    return True


def get_age(folder: Path) -> None:
    """Debian's age."""
    unpacked = unpack(folder, ["age"])
    for name in ("age-keygen", "age"):
        shutil.move(unpacked / "usr" / "bin" / name, BIN / name)


def get_go(folder: Path) -> None:
    """Build our question-answering program on golang.org/x/mod, by Debian's Go."""
    unpacked = unpack(folder, GO_PACKAGES)
    root = (unpacked / "usr" / "lib" / "go").resolve()
    made = folder / "sumdb"
    surroundings = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GOROOT": str(root),
        "GOPATH": str(unpacked / "usr" / "share" / "gocode"),
        "GO111MODULE": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0" if shutil.which("gcc") is None else "1",
    }
    run([str(root / "bin" / "go"), "build", "-ldflags=-s -w", "-o", str(made), str(others.GO_SOURCE)],
        folder, surroundings)  # fmt: skip
    for old in BIN.glob("sumdb-*"):
        old.unlink()
    shutil.move(made, others.go_program())


def get_aics(_: Path) -> None:
    """Into an environment of its own, since it needs a younger Python than we do."""
    python = _python()
    if python is None:
        raise CannotBeHad("it needs Python 3.12 or later, which is not installed")
    home = others.FOLDER / "aics-tlog-environment"
    shutil.rmtree(home, ignore_errors=True)
    run([python, "-m", "venv", str(home)], others.FOLDER)
    pip = ["-m", "pip", "install", "--quiet", "--retries", "0", "--disable-pip-version-check"]
    run([str(home / "bin" / "python"), *pip, WANTED_AICS], others.FOLDER)
    (BIN / others.AICS).unlink(missing_ok=True)
    (BIN / others.AICS).symlink_to(home / "bin" / others.AICS)


def unpack(folder: Path, wanted: list[str] | tuple[str, ...]) -> Path:
    """Debian's packages and what they need of the same kind, laid out below a folder."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise CannotBeHad("it comes from a package of Debian's, and there is no apt-get")
    for name in ("lists/partial", "cache/archives/partial", "root"):
        (folder / name).mkdir(parents=True)
    ours = [
        *QUICK_TO_FAIL,
        f"--option=Dir::State::Lists={folder}/lists",
        f"--option=Dir::Cache={folder}/cache",
    ]
    run(["apt-get", *ours, "update", "-qq"], folder)
    only = [
        f"--no-{kind}" for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    ]
    said = run(["apt-cache", *ours, "depends", "--recurse", *only, *wanted], folder)
    names = {line for line in said.splitlines() if line.startswith(("golang-", *wanted))}
    if not names.issuperset(wanted):
        raise CannotBeHad(f"Debian's {' and '.join(wanted)} cannot be had here")
    run(["apt-get", *ours, "download", *sorted(names)], folder)
    for package in folder.glob("*.deb"):
        run(["dpkg-deb", "-x", str(package), "root"], folder)
    return folder / "root"


def run(command: list[str], folder: Path, surroundings: dict[str, str] | None = None) -> str:
    """What a program says."""
    try:
        done = subprocess.run(  # noqa: S603 - ours
            command, cwd=folder, env=surroundings, capture_output=True, text=True, check=True, timeout=300
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout).strip().splitlines()[-1:] or ["nothing"]
        raise CannotBeHad(f"{Path(command[0]).name} says: {last[0]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBeHad(f"{Path(command[0]).name} does not run: {error}") from error
    return done.stdout


def _python() -> str | None:
    """A Python of 3.12 or later that runs."""
    kept = sorted((Path.home() / ".pyenv" / "versions").glob("3.1[2-9].*/bin/python"))
    for name in (sys.executable, "python3.12", "python3.13", "python3.14", "python3", *map(str, kept)):
        ask = [name, "-c", "import sys, venv; sys.exit(sys.version_info < (3, 12))"]
        try:
            if subprocess.run(ask, check=False, capture_output=True).returncode == 0:  # noqa: S603 - ours
                return name
        except OSError:
            continue
    return None


GET: dict[str, Callable[[Path], None]] = {others.AGE: get_age, others.GO: get_go, others.AICS: get_aics}


if __name__ == "__main__":
    sys.exit(main())
