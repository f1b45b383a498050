"""See to it that there is a Chromium for the browser tests: an installed one, else Playwright's own download,
else the Debian package, when this user may install it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browser import find_chromium

AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]
WAYS = (
    ("Playwright's own download", [[sys.executable, "-m", "playwright", "install", "chromium"]]),
    (
        "the Debian package",
        [
            [*AS_ROOT, "apt-get", "update", "-qq"],
            [
                *AS_ROOT,
                "apt-get",
                "install",
                "-y",
                "-qq",
                "--no-install-recommends",
                "chromium",
                "fonts-noto-core",
            ],
        ],
    ),
)


def found() -> bool:
    """Whether the tests would find one."""
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    try:
        find_chromium(own)
    except FileNotFoundError:
        return False
    return True


def done(command: list[str]) -> bool:
    """Run one command of the table above; whether it is there and went well."""
    return shutil.which(command[0]) is not None and subprocess.run(command, check=False).returncode == 0  # noqa: S603 - ours


def main() -> int:
    """Try each way until there is one."""
    if found():
        return 0
    for name, commands in WAYS:
        print(f"No Chromium for the browser tests yet; trying {name} ...", flush=True)
        if all(done(command) for command in commands) and found():
            return 0
    print(
        "There is no Chromium for the browser tests: install one, or name one by CHROMIUM=...",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
