"""The bank on this machine's disk, so that a process need not read it from the database.

    lock                        held by the one process that writes
    snapshot                    the manifest, replaced last; names a generation
    generation-<16 digits>/     entries: index.ENTRY[n]; rows/: a saved HammingIndex

A generation is written once, in a folder of its own, and flushed; only then does the manifest name it. A
crash at any moment leaves the old snapshot or the new one, and perhaps a folder that nobody names, which the
next writer removes. Who still maps files of an old generation keeps them. All processes that opened one
generation share its memory.

At opening every byte is compared with its SHA-256. `loading` asks whether this is the database's bank.
Nothing here decides an answer, and anything here may be deleted. Folders are 0700 and files 0600: a snapshot
holds hashes. The manifest is canonical text.
"""

import fcntl
import hashlib
import logging
import os
import re
import secrets
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np

from takeback.bank.changes import KINDS, STATUSES
from takeback.bank.index import ENTRY, BankIndex, Column
from takeback.bank.model import Version
from takeback.errors import DamagedIndex, TakebackError
from takeback.signals.index.hamming import HammingIndex
from takeback.signals.index.storage import flush_folder, write_file
from takeback.signals.model import FLIPS

MANIFEST, LOCK, ENTRIES, ROWS = "snapshot", "lock", "entries", "rows"
LEAST = 20_000
"""A bank that changed less often than this is read from the database in a moment: no snapshot is kept."""
SHARE = 20
"""A snapshot is renewed when a twentieth of the bank has changed since: that is read in a second or two."""
_FORMAT = 1
_TRIES = 3
_FORM = re.compile(
    r"takeback bank (\d+)\nseq (\d{1,19})\ntoken ([0-9a-f-]{36})\nwords ([a-z ]+)\n"
    r"generation (generation-[0-9a-f]{16})\nentries ([0-9a-f]{64})\nsha256 ([0-9a-f]{64})\n"
)
_WORDS = " ".join(each.value for each in (*STATUSES, *KINDS))
"""What the numbers in `entries` mean; another Takeback may count them otherwise."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Manifest:
    """Contents of the folder."""

    version: Version
    generation: str
    entries: str
    """SHA-256 of the file, in hexadecimal."""


def format_manifest(manifest: Manifest) -> str:
    """Return the manifest as it is stored."""
    text = (
        f"takeback bank {_FORMAT}\nseq {manifest.version.seq}\ntoken {manifest.version.token}\n"
        f"words {_WORDS}\ngeneration {manifest.generation}\nentries {manifest.entries}\n"
    )
    return f"{text}sha256 {hashlib.sha256(text.encode()).hexdigest()}\n"


def parse_manifest(text: str) -> Manifest:
    """Undo `format_manifest`. Raises ValueError: it is not what that gives."""
    parts = _FORM.fullmatch(text)
    if parts is None:
        raise ValueError("is no manifest of a snapshot, or is torn")
    _, seq, token, _, generation, entries, _ = parts.groups()
    manifest = Manifest(Version(int(seq), UUID(token)), generation, entries)
    if format_manifest(manifest) != text:
        raise ValueError("was changed, or was written by another Takeback")
    return manifest


def is_due(at: Version, kept: Version, entries: int) -> bool:
    """Return whether the snapshot of version `kept` is far behind the bank at `at`, which has so many
    entries.
    """
    return at.token is not None and at.seq - kept.seq >= max(LEAST, entries // SHARE)


# --- reading -----------------------------------------------------------------------------------------------


def read(folder: Path) -> Manifest | None:
    """Return the folder's manifest; None: there is none. Raises DamagedIndex: it cannot be read."""
    try:
        return parse_manifest((folder / MANIFEST).read_text("ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DamagedIndex(f"{folder / MANIFEST}: {error}") from error


def open_latest(folder: Path) -> tuple[Manifest, BankIndex]:
    """Open the bank as it was written, memory-mapped. Reads all of it once: a second or two for a million
    entries.

    Raises:
        DamagedIndex: a file is missing, torn, foreign or changed.
    """
    manifest = read(folder)
    for _ in range(_TRIES):
        if manifest is None:
            break
        try:
            return manifest, _opened(folder, manifest)
        except DamagedIndex:
            latest = read(folder)
            if latest == manifest:
                raise
            manifest = latest  # somebody wrote another one between our two looks
    raise DamagedIndex(f"{folder}: it was taken away while it was read")


def _opened(folder: Path, manifest: Manifest) -> BankIndex:
    generation = folder / manifest.generation
    try:
        data = (generation / ENTRIES).read_bytes()
    except OSError as error:
        raise DamagedIndex(f"{generation / ENTRIES}: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != manifest.entries or len(data) % ENTRY.itemsize:
        raise DamagedIndex(f"{generation / ENTRIES}: was changed, or is torn")
    try:
        HammingIndex.verify(generation / ROWS)
        rows = HammingIndex.open(generation / ROWS)
    except OSError as error:
        raise DamagedIndex(f"{generation / ROWS}: {error.strerror}") from error
    entries: Column = np.frombuffer(data, ENTRY).copy()
    if int(entries["frames"].sum(dtype=np.int64)) * FLIPS != len(rows):
        raise DamagedIndex(f"{generation}: its rows are not those of its entries")
    return BankIndex.restored(manifest.version, entries, rows)


# --- writing -----------------------------------------------------------------------------------------------


def write_beside(index: BankIndex) -> threading.Thread | None:
    """Write a snapshot in a thread; None: somebody on this machine is writing one.

    A failure is logged, and not tried again before the bank has changed as much again.
    """
    folder = index.folder
    assert folder is not None
    try:
        lock = _lock(folder)
    except OSError as error:
        index.kept = index.version
        log.warning("no snapshot of the bank can be kept in %s: %s", folder, error)
        return None
    if lock is None:
        return None
    index.kept = index.version

    def write() -> None:
        try:
            index.kept = _write(folder, index).version
        except (OSError, TakebackError) as error:
            log.warning("no snapshot of the bank could be written to %s: %s", folder, error)
        finally:
            os.close(lock)

    thread = threading.Thread(target=write, name="takeback-bank-snapshot", daemon=True)
    thread.start()
    return thread


def discard(folder: Path, found: Manifest | None) -> None:
    """Delete a snapshot that cannot be used, unless somebody is writing another; `found` None: it has no
    manifest.
    """
    try:
        lock = _lock(folder)
        if lock is None:
            return
        try:
            if found is None or read(folder) == found:
                (folder / MANIFEST).unlink(missing_ok=True)
                _take_away(folder, kept=None)
        finally:
            os.close(lock)
    except (OSError, DamagedIndex) as error:
        log.warning("a snapshot of the bank in %s cannot be deleted: %s", folder, error)


def _lock(folder: Path) -> int | None:
    """Return a descriptor to be closed afterwards; None: another one writes. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _write(folder: Path, index: BankIndex) -> Manifest:
    """Write one generation, then the manifest. The lock is held. Raises OSError, DamagedIndex."""
    try:
        old = read(folder)
    except DamagedIndex:
        old = None
    _take_away(folder, kept=old)
    name = f"generation-{secrets.token_hex(8)}"
    generation = folder / name
    generation.mkdir(mode=0o700)
    version, entries = index.save(generation / ROWS)
    data = entries.tobytes()
    write_file(generation / ENTRIES, [data])
    (generation / ROWS).chmod(0o700)
    flush_folder(folder)
    manifest = Manifest(version, name, hashlib.sha256(data).hexdigest())
    write_file(folder / MANIFEST, [format_manifest(manifest).encode("ascii")])
    _take_away(folder, kept=manifest)
    return manifest


def _take_away(folder: Path, kept: Manifest | None) -> None:
    for path in folder.glob("generation-*"):
        if kept is None or path.name != kept.generation:
            shutil.rmtree(path)
