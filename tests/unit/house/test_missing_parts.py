"""A part that a test needs and that continuous integration lacks fails its run, unless it is on the list."""

import subprocess
import sys
from pathlib import Path

import pytest

from every import every
from may_be_missing import MAY_BE_MISSING

STORY = """
import pytest

def test_of_a_part():
    pytest.skip("{reason}")
"""


def run(folder: Path, reason: str, ci: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_story.py").write_text(STORY.format(reason=reason))
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "may_be_missing", "--rootdir", folder, folder],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])}
        | ({"CI": ci} if ci else {}),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("reason", "ci", "code"),
    [
        ("the native index is not built", "", 0),
        ("the native index is not built", "1", 1),
        ("age is not here: it is not installed", "1", 0),
    ],
)
def test_it_fails_there_and_is_skipped_elsewhere(tmp_path, reason, ci, code):
    done = run(tmp_path, reason, ci)
    assert done.returncode == code, done.stdout
    assert reason in done.stdout or not code


@every("reason", MAY_BE_MISSING.values())
def test_each_exception_has_its_reason(reason):
    assert len(reason.split()) > 5
