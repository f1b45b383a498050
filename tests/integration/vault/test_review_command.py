"""`takeback review`: what a reviewer sees of a working copy, once; nothing of it is left on the disk."""

import io
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from evidence import everything_on_disk
from takeback.infra.vault.sealing import seal_stream
from takeback.infra.vault.shares import new_identity, public_key

REVIEWER, STRANGER = new_identity(), new_identity()
MAIN = "from takeback.entrypoints.cli.main import main; main()"


def board() -> bytes:
    """A PNG of black and white fields, four pixels wide: nothing that a blurred tile may show."""
    fields = np.kron(np.indices((100, 100)).sum(0) % 2, np.ones((4, 4)))
    out = io.BytesIO()
    Image.fromarray((fields * 255).astype(np.uint8)).convert("RGB").save(out, "PNG")
    return out.getvalue()


HERS = board()


def sealed(data: bytes) -> bytes:
    pieces: list[bytes] = []
    seal_stream([public_key(REVIEWER)], [data], pieces.append)
    return b"".join(pieces)


@pytest.fixture
def desk(tmp_path):
    """A reviewer's own computer: a key, somebody else's, and what the console gave out."""
    (tmp_path / "review.key").write_text(f"# public key: {public_key(REVIEWER)}\n{REVIEWER}\n")
    (tmp_path / "other.key").write_text(f"{STRANGER}\n")
    (tmp_path / "copy.age").write_bytes(sealed(HERS))
    (tmp_path / "words.age").write_bytes(sealed(b"these are only words"))
    return tmp_path


def command(*words: str) -> list[str]:
    return [sys.executable, "-c", MAIN, "review", *words]


def said(desk, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TMPDIR": str(desk)}
    return subprocess.run(
        command(*words), cwd=desk, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@contextmanager
def showing(desk, *words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address that the command prints, and the command."""
    process = subprocess.Popen(
        command(*words),
        cwd=desk,
        env={**os.environ, "TMPDIR": str(desk)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        found = re.search(r"http://127\.0\.0\.1:\d+/\S+", process.stdout.readline())
        assert found is not None
        yield found[0], process
    finally:
        process.kill()
        process.communicate()


def fetched(url: str) -> tuple[bytes, str | None]:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read(), answer.headers.get("cache-control")


@pytest.mark.parametrize(
    ("words", "mode", "side"), [((), "L", 320), (("--reveal",), "RGB", 400)], ids=["as it is", "revealed"]
)
def test_it_is_shown_once_as_the_console_would_and_nothing_is_written(desk, words, mode, side):
    before = everything_on_disk(desk)
    with showing(desk, "copy.age", "--key", "review.key", *words) as (url, process):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetched(url.rpartition("/")[0] + "/favicon.ico")
        data, cached = fetched(url)
        assert process.wait(60) == 0
    with Image.open(io.BytesIO(data)) as shown:
        assert (shown.format, shown.mode, max(shown.size)) == ("JPEG", mode, side)
        dark, light = shown.convert("L").getextrema()
    assert (light - dark < 30) if mode == "L" else (light - dark > 200)
    assert cached == "no-store"
    assert everything_on_disk(desk) == before


def test_a_second_browser_gets_nothing(desk):
    with showing(desk, "copy.age", "--key", "review.key") as (url, process):
        fetched(url)
        process.wait(60)
        with pytest.raises(urllib.error.URLError):
            fetched(url)


def test_it_can_be_written_to_a_file_that_is_named_and_for_its_user_only(desk):
    done = said(desk, "copy.age", "--key", "review.key", "--out", "seen.jpg")
    assert (done.returncode, done.stderr) == (0, "")
    with Image.open(desk / "seen.jpg") as shown:
        assert (shown.mode, max(shown.size)) == ("L", 320)
    assert (desk / "seen.jpg").stat().st_mode & 0o077 == 0
    again = said(desk, "copy.age", "--key", "review.key", "--out", "seen.jpg")
    assert (again.returncode, "not written over" in again.stderr) == (78, True)


@pytest.mark.parametrize(
    ("file", "key", "why"),
    [
        ("copy.age", "other.key", "not sealed to this key"),
        ("copy.age", "copy.age", "does not hold one age private key"),
        ("review.key", "review.key", "not sealed to this key"),
        ("words.age", "review.key", "cannot be shown"),
        ("nothing.age", "review.key", "cannot read"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_line(desk, file, key, why):
    done = said(desk, file, "--key", key)
    assert done.returncode == 78
    assert why in done.stderr
    assert done.stdout == ""
