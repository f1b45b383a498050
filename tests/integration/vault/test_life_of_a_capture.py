"""A capture's files: nothing readable while they are written, whole or not there, and nothing left after."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

import waiting
from takeback.errors import NotFound
from takeback.ids import CaptureId
from takeback.infra.blobs import Blobs
from takeback.infra.vault.copies import LONGEST, copy_of, delete_copies, expire_copies, keep_copy
from takeback.infra.vault.exhibit_key import KEY_PART, make_key, open_key
from takeback.infra.vault.sealing import open_stream, seal_stream
from takeback.infra.vault.shares import new_identity, public_key
from takeback.infra.vault.shredding import shred

MARKER = b"what nobody may read on a disk"
LAWYER = new_identity()
CAPTURE = CaptureId(UUID(int=7))
NOW = datetime(2026, 11, 28, 6, 0, tzinfo=UTC)
PARTS = ("sealed/opening.json.age", "sealed/message.warc.age")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def readable(folder: Path) -> list[Path]:
    return [
        path for path in files_in(folder) if MARKER in path.read_bytes() or b"SECRET-KEY" in path.read_bytes()
    ]


def name(part: str) -> str:
    return f"evidence/{CAPTURE}/{part}"


@pytest.fixture
def blobs(tmp_path):
    return Blobs(str(tmp_path / "blobs"))


@pytest.fixture
def captured(blobs):
    """One capture with two parts."""
    key = make_key([public_key(LAWYER)])
    blobs.put(name(KEY_PART), key.sealed)
    for part in PARTS:
        with blobs.writing(name(part)) as file:
            seal_stream([key.recipient], [MARKER] * 10_000, file.write)
    return key


def test_what_is_stored_is_sealed_and_opens_for_its_recipient(blobs, captured, tmp_path):
    assert len(files_in(tmp_path)) == 3
    assert not readable(tmp_path)
    opened = open_key([LAWYER], blobs.get(name(KEY_PART)))
    assert open_stream([opened], blobs.get(name(PARTS[1]))) == MARKER * 10_000
    assert public_key(opened) == captured.recipient


@pytest.mark.usefixtures("captured")
def test_shredding_destroys_the_key_first_and_leaves_nothing(blobs, tmp_path):
    sizes = {part: blobs.size(name(part)) for part in (KEY_PART, *PARTS)}
    kept = blobs.get(name(PARTS[1]))  # in some backup
    done = shred(blobs, name(KEY_PART), [name(part) for part in PARTS])
    assert done.blobs == tuple(name(part) for part in (KEY_PART, *PARTS))
    assert done.bytes == sum(sizes.values())
    assert not files_in(tmp_path)
    with pytest.raises(ValueError, match="sealed to none"):  # the lawyer's own key was never enough
        open_stream([LAWYER], kept)
    assert shred(blobs, name(KEY_PART), [name(part) for part in PARTS]).blobs == ()


@pytest.mark.usefixtures("captured")
def test_a_shredding_that_was_cut_short_is_ended_by_the_next(blobs, monkeypatch, tmp_path):
    class Killed(BaseException):
        pass

    delete = Blobs.delete

    def once(self: Blobs, which: str) -> None:
        delete(self, which)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Blobs, "delete", once)
        with pytest.raises(Killed):
            shred(blobs, name(KEY_PART), [name(part) for part in PARTS])
    with pytest.raises(NotFound):
        blobs.get(name(KEY_PART))  # from here on nobody opens the parts that are left
    assert shred(blobs, name(KEY_PART), [name(part) for part in PARTS]).blobs == tuple(map(name, PARTS))
    assert not files_in(tmp_path)


_ENDLESS = """
import sys
from takeback.infra.blobs import Blobs
from takeback.infra.vault.sealing import seal_stream
def chunks():
    while True:
        yield sys.argv[3].encode() * 1000
        print("more", flush=True)
with Blobs(sys.argv[1]).writing("evidence/a.age") as file:
    seal_stream([sys.argv[2]], chunks(), file.write)
"""


def test_a_process_killed_while_it_seals_leaves_nothing_that_counts_or_can_be_read(blobs, tmp_path):
    assert blobs.folder is not None
    with subprocess.Popen(
        [sys.executable, "-c", _ENDLESS, str(blobs.folder), public_key(LAWYER), MARKER.decode()],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as child:
        waiting.until(
            lambda: any(path.stat().st_size > 1 << 20 for path in files_in(tmp_path)), 60, "a draft"
        )
        child.send_signal(signal.SIGKILL)
    [draft] = files_in(tmp_path)
    assert not readable(tmp_path)
    with pytest.raises(ValueError, match="damaged"):
        open_stream([LAWYER], draft.read_bytes())
    assert list(blobs.walk()) == []
    for ask in (blobs.get, blobs.size):
        with pytest.raises(NotFound):
            ask("evidence/a.age")
    touched = datetime.fromtimestamp(draft.stat().st_mtime, UTC)
    assert blobs.sweep_drafts(touched - timedelta(minutes=1)) == 0
    with blobs.writing("evidence/a.age") as file:  # tried again, beside the draft
        file.write(b"whole")
    assert blobs.sweep_drafts(touched + timedelta(minutes=1)) == 1
    assert blobs.get("evidence/a.age") == b"whole"
    assert len(files_in(tmp_path)) == 1


def test_a_working_copy_is_for_reviewers_and_for_some_days(blobs, tmp_path):
    reviewer = new_identity()
    until = NOW + timedelta(days=2)
    keep_copy(blobs, [public_key(reviewer)], CAPTURE, [MARKER], now=NOW, until=until)
    keep_copy(
        blobs, [public_key(reviewer)], CAPTURE, [MARKER, b" again"], now=NOW, until=until + timedelta(days=1)
    )
    keep_copy(blobs, [public_key(reviewer)], CaptureId(UUID(int=8)), [b"other"], now=NOW, until=until)
    assert not readable(tmp_path)
    assert open_stream([reviewer], blobs.get(copy_of(blobs, CAPTURE, now=NOW))) == MARKER + b" again"
    assert expire_copies(blobs, now=NOW) == ()
    assert len(expire_copies(blobs, now=until)) == 2
    assert open_stream([reviewer], blobs.get(copy_of(blobs, CAPTURE, now=until))) == MARKER + b" again"
    with pytest.raises(NotFound, match="no working copy"):  # over, though no job has been there yet
        copy_of(blobs, CAPTURE, now=until + timedelta(days=1))
    assert len(delete_copies(blobs, CAPTURE)) == 1
    assert not files_in(tmp_path)


@pytest.mark.parametrize("life", [timedelta(0), timedelta(days=-1), LONGEST + timedelta(seconds=1)])
def test_a_working_copy_of_another_life_is_refused(blobs, life, tmp_path):
    with pytest.raises(ValueError, match="lives up to 7 days"):
        keep_copy(blobs, [public_key(LAWYER)], CAPTURE, [MARKER], now=NOW, until=NOW + life)
    assert not files_in(tmp_path)


def test_without_reviewers_there_is_no_working_copy(blobs, tmp_path):
    with pytest.raises(ValueError, match="nobody"):
        keep_copy(blobs, [], CAPTURE, [MARKER], now=NOW, until=NOW + LONGEST)
    assert not files_in(tmp_path)


def test_what_is_not_a_working_copy_stays(blobs):
    blobs.put("copies/readme", b"x")
    assert expire_copies(blobs, now=NOW + timedelta(days=10_000)) == ()
    assert blobs.get("copies/readme") == b"x"
