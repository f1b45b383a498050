"""Working copies: what a reviewer may look at for a few days, apart from the evidence and never part of it.

Evidence is sealed to others than the people who decide here, and what it shows may be gone from the platform
before they decide. So, where reviewers have a key in the directory, a capture may leave them a copy sealed to
that key alone. Its last moment is in its name, and a job deletes what is past it: no table, and nothing that
could disagree with the files.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from takeback.errors import NotFound
from takeback.ids import CaptureId
from takeback.infra.blobs import Blobs
from takeback.infra.vault.seal import Recipient
from takeback.infra.vault.sealing import seal_stream

FOLDER = "copies"
LONGEST = timedelta(days=7)
"""A working copy that was kept for longer would be an archive."""
_TIME = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(
    rf"{FOLDER}/([0-9]{{8}}T[0-9]{{6}}Z)/([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})\.age"
)


def keep_copy(
    blobs: Blobs,
    reviewers: Sequence[Recipient],
    capture: CaptureId,
    chunks: Iterable[bytes],
    *,
    now: datetime,
    until: datetime,
) -> str:
    """Seal a copy to the reviewers for a short life.

    Args:
        blobs: where it goes.
        reviewers: their public keys (`reviewers_of`), at least one.
        capture: what it is a copy of; another one of it with the same end is replaced.
        chunks: the plaintext.
        now: the present.
        until: when it must be gone; cut to the second, and at most `LONGEST` from now.

    Returns:
        The blob's name.

    Raises:
        ValueError: no reviewers, or a life that is over or too long.
        StorageUnavailable: try again; nothing was kept.
    """
    if not now < until <= now + LONGEST:
        raise ValueError(f"a working copy lives up to {LONGEST.days} days")
    name = f"{FOLDER}/{until.astimezone(UTC):{_TIME}}/{capture}.age"
    with blobs.writing(name) as file:
        seal_stream(reviewers, chunks, file.write)
    return name


def copy_of(blobs: Blobs, capture: CaptureId, *, now: datetime) -> str:
    """The blob of the sealed copy that lives longest. Raises NotFound, StorageUnavailable."""
    living = [(end, name) for name, end, of in _copies(blobs) if of == str(capture) and end > now]
    if not living:
        raise NotFound("There is no working copy of this any more.")
    return max(living)[1]


def living(blobs: Blobs, *, now: datetime) -> dict[CaptureId, datetime]:
    """Return until when there is a copy of each capture that has one. Raises StorageUnavailable."""
    found: dict[CaptureId, datetime] = {}
    for _, end, of in _copies(blobs):
        capture = CaptureId(UUID(of))
        if end > now:
            found[capture] = max(end, found.get(capture, end))
    return found


def written_before(blobs: Blobs, moment: datetime) -> set[CaptureId]:
    """The captures that have had a copy since then or before. Raises StorageUnavailable."""
    found = ((_NAME.fullmatch(blob.name), blob.written_at) for blob in blobs.walk(FOLDER))
    return {CaptureId(UUID(name[2])) for name, at in found if name and at < moment}


def delete_copies(blobs: Blobs, capture: CaptureId) -> tuple[str, ...]:
    """Destroy all copies of a capture now: it is erased, or decided. Raises StorageUnavailable."""
    return _delete(blobs, [name for name, _, of in _copies(blobs) if of == str(capture)])


def expire_copies(blobs: Blobs, *, now: datetime) -> tuple[str, ...]:
    """Destroy the copies whose life is over, and return their names. Raises StorageUnavailable."""
    return _delete(blobs, [name for name, end, _ in _copies(blobs) if end <= now])


def _delete(blobs: Blobs, names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        blobs.delete(name)
    return tuple(names)


def _copies(blobs: Blobs) -> Iterable[tuple[str, datetime, str]]:
    """(name, end of its life, capture) of each copy."""
    for blob in blobs.walk(FOLDER):
        if found := _NAME.fullmatch(blob.name):
            yield blob.name, datetime.strptime(found[1], _TIME).replace(tzinfo=UTC), found[2]
