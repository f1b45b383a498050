"""Checks of the surroundings: settings for real use, the clocks, the disks."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from takeback.app import BLOBS_FOLDER
from takeback.doctor.model import Finding, Level, Subject
from takeback.infra import clock
from takeback.infra.config import Settings

APART = timedelta(seconds=2)
"""From here on clocks are said to be apart: codes of log-ins are believed to seconds."""
FAR_APART = timedelta(seconds=60)
GIGABYTE = 10**9
LOW, TOO_LOW = 10 * GIGABYTE, GIGABYTE
"""Free bytes of a disk."""
SHM = Path("/dev/shm")  # noqa: S108 - looked at, not written
SHM_LOW = 32 * 10**6
"""Free bytes of shared memory below which PostgreSQL may fail to start work in parallel."""
_OTHERS = 0o044
_EXAMPLE = Settings.model_fields["ledger_origin"].default


def look_at_settings(subject: Subject) -> Iterator[Finding]:
    """Check settings that suit a trial machine only. Ranges and names were checked at the start."""
    settings = subject.settings
    if settings.ledger_origin == _EXAMPLE:
        yield Finding(
            Level.WARNING,
            f"The log has the example's name, {_EXAMPLE}.",
            "Set TAKEBACK_LEDGER_ORIGIN before the first start in real use; a log keeps its name.",
        )
    origin = settings.console_url
    if settings.console_host not in {"127.0.0.1", "::1", "localhost"} and not origin.startswith("https://"):
        yield Finding(
            Level.FAILING,
            f"The console is reachable at {settings.console_host}, and its address is not https.",
            "Put a proxy with TLS in front, and set TAKEBACK_CONSOLE_ORIGIN to its address.",
        )
    secrets = Path(".env")
    if secrets.is_file() and secrets.stat().st_mode & _OTHERS:
        yield Finding(Level.WARNING, "Others may read the file .env.", "Run `chmod 600 .env`.")
    yield Finding(Level.OK, "The settings are in their ranges, and every name is known.")


def look_at_clock(subject: Subject) -> Iterator[Finding]:
    """Measure the least distance between this machine's clock and the database's."""
    with subject.database.transaction() as tx:
        before = clock.now()
        (there,) = tx.execute("select clock_timestamp()").fetchone() or (before,)
        after = clock.now()
    apart = max(before - there, there - after, timedelta(0))
    statement = f"This machine's clock and the database's are {apart.total_seconds():.1f} s apart."
    if apart < APART:
        yield Finding(Level.OK, statement)
    else:
        level = Level.FAILING if apart >= FAR_APART else Level.WARNING
        yield Finding(level, statement, "Have both set by NTP.")


def look_at_space(subject: Subject) -> Iterator[Finding]:
    """Free room of the folders that grow, and how large the database is."""
    data, blobs = subject.settings.data, subject.settings.blobs
    folders = {data} | (
        set() if blobs and "://" in blobs else {Path(blobs) if blobs else data / BLOBS_FOLDER}
    )
    for folder in sorted(folders):
        yield from _room(folder)
    if SHM.is_dir() and (free := shutil.disk_usage(SHM).free) < SHM_LOW:
        yield Finding(
            Level.WARNING,
            f"{free // 10**6} MB of shared memory are free ({SHM}).",
            "Give the machine or container more.",
        )
    with subject.database.transaction() as tx:
        (size,) = tx.execute("select pg_database_size(current_database())").fetchone() or (0,)
    yield Finding(Level.OK, f"The database has {size / GIGABYTE:.1f} GB.")


def _room(folder: Path) -> Iterator[Finding]:
    there = next((each for each in (folder, *folder.absolute().parents) if each.exists()), None)
    if there is None:
        return
    free = shutil.disk_usage(there).free
    statement = f"{free / GIGABYTE:.1f} GB are free for {folder}."
    if free >= LOW:
        yield Finding(Level.OK, statement)
    else:
        yield Finding(
            Level.FAILING if free < TOO_LOW else Level.WARNING, statement, "Make room, or use a larger disk."
        )
