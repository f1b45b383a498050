"""Build the native index: in place for this installation, or elsewhere and otherwise for its tests.

Run: `python tools/native.py` puts `takeback._native` beside the Python sources. Without a compiler it says so
and nothing fails: numpy answers then. `--into FOLDER` puts it there instead, made with `--compiler` and
`--simde` as asked, and prints where it is. SIMDe gives AVX-512 to any processor; Debian's package of it is
installed when this user may.
"""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "takeback"
CACHE = ROOT / ".cache" / "native"
COMPILERS = (
    "g++",
    "clang++",
    "clang++-20",
    "clang++-19",
    "clang++-18",
    "clang++-17",
    "clang++-16",
    "clang++-14",
)
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]
NO_COMPILER, NO_SIMDE, NO_TOOLS, FAILED = 3, 4, 5, 1
"""Exit codes, so that a test knows what it lacks."""
INCLUDES = tuple(Path(place) / "simde" / "simde-common.h" for place in ("/usr/include", "/usr/local/include"))


def compiler() -> str | None:
    """The C++ compiler that CMake would take, or one that it would not look for."""
    named = os.environ.get("CXX")
    return named or next((name for name in ("c++", *COMPILERS) if shutil.which(name)), None)


def has_simde() -> bool:
    """Whether SIMDe is there, or can be had from Debian."""
    if any(header.exists() for header in INCLUDES):
        return True
    if shutil.which("apt-get") is None:
        return False
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "libsimde-dev"]):
        said = subprocess.run([*AS_ROOT, "apt-get", *command], check=False, capture_output=True)  # noqa: S603 - ours
        if said.returncode != 0:
            return False
    return any(header.exists() for header in INCLUDES)


def build(folder: Path, cxx: str, *, simde: bool) -> Path:
    """Configure and compile in a folder; where the module is.

    Raises:
        CalledProcessError: with what the tools said.
    """
    import cmake  # noqa: PLC0415 - `main` says what to do when it is missing

    command = str(Path(cmake.CMAKE_BIN_DIR) / "cmake")
    chosen = shutil.which(cxx) or cxx
    fast = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={_ninja()}"] if _ninja() else []
    _run(
        [
            command, "-S", str(ROOT), "-B", str(folder), *fast, "-DCMAKE_BUILD_TYPE=Release",
            f"-DCMAKE_CXX_COMPILER={chosen}", f"-DPython_EXECUTABLE={sys.executable}",
            f"-DWITH_SIMDE={'ON' if simde else 'OFF'}",
        ]
    )  # fmt: skip
    _run([command, "--build", str(folder)])
    return next(folder.glob("_native.*.so"))


def _ninja() -> str | None:
    beside = Path(sys.executable).with_name("ninja")
    return str(beside) if beside.exists() else shutil.which("ninja")


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours


def main() -> int:
    """Build as asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, help="a folder of its own, for tests")
    parser.add_argument("--compiler", help="its name or path")
    parser.add_argument("--simde", action="store_true", help="the AVX-512 path in plain C")
    asked = parser.parse_args()
    in_place = asked.into is None
    cxx = asked.compiler or compiler()
    missing = [name for name in ("cmake", "nanobind") if importlib.util.find_spec(name) is None]
    if cxx is None or shutil.which(cxx) is None or missing:
        what = (
            f"{' and '.join(missing)} (Python)" if missing else "C++ compiler (Debian: apt-get install g++)"
        )
        print(
            f"The native index is not built: there is no {what}. numpy answers instead, slowly.", flush=True
        )
        if in_place:
            return 0
        return NO_TOOLS if missing else NO_COMPILER
    if asked.simde and not has_simde():
        print("There is no SIMDe: on Debian and Ubuntu, apt-get install libsimde-dev", file=sys.stderr)
        return NO_SIMDE
    if in_place:
        print("Building the native index (once; half a minute) ...", flush=True)
    try:
        made = build(CACHE / "build" if in_place else asked.into, cxx, simde=asked.simde)
    except subprocess.CalledProcessError as error:
        print(error.stdout, error.stderr, file=sys.stderr)
        return FAILED
    if in_place:
        # Under another name first: a running process keeps the old one.
        draft = PACKAGE / f".{made.name}"
        shutil.copy2(made, draft)
        draft.replace(PACKAGE / made.name)
    else:
        print(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
