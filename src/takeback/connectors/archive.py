"""An old archive as a platform: files in a folder or an object store, read once, in order.

Its one stream goes from the first name to the last; the cursor is the last name that was read. Nothing can
be removed there. Evidence is the file itself with its path and the time that it was last written: no server
answers for it.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from takeback.connectors.api import (
    Action,
    Batch,
    Capabilities,
    Look,
    Media,
    Post,
    Receipt,
    Recording,
    Resource,
    State,
    StreamId,
    Surface,
    Target,
    Vantage,
)
from takeback.errors import (
    ConfigurationError,
    Gone,
    NotAllowed,
    NotFound,
    StorageUnavailable,
    Unavailable,
    Unreadable,
    WhyUnreadable,
)
from takeback.infra import clock
from takeback.infra.blobs import Blob, Blobs

log = logging.getLogger(__name__)

FILES = StreamId("files")
PREFIX = "archive:"
"""The beginning of an archive's connector name."""
BATCH = 64
_NO_REMOVAL = (
    "this is an archive that was read, not a platform: nothing can be removed in it from here; "
    "ask whoever keeps it"
)


class ArchiveConnector:
    """Fills `connectors.api.Connector`, and `Recorder`.

    Args:
        name: what the archive is called; the connector's name is "archive:" and this.
        source: folder, or an address such as s3://bucket/prefix.
        max_bytes: largest file that is fetched.
    """

    def __init__(self, name: str, source: str, max_bytes: int) -> None:
        self.name = PREFIX + name
        self.source = source
        self._max_bytes = max_bytes
        self._at: tuple[str | None, Iterator[Blob]] | None = None
        """The listing and its last name, so that it is not begun again for each batch."""

    def capabilities(self) -> Capabilities:
        """Return that looking is all there is."""
        return Capabilities(
            surfaces=(Surface.MEDIA,),
            vantages=(Vantage.ADMIN,),
            actions=(),
            notes=(_NO_REMOVAL,),
        )

    def streams(self) -> Sequence[StreamId]:
        """Return the one."""
        return (FILES,)

    def watch(self, stream: StreamId, cursor: str | None) -> Batch:
        """Read the next files after `cursor`, a post each. Raises Unavailable."""
        assert stream == FILES
        try:
            listing = self._listing(cursor)
            files = list(islice(listing, BATCH))
        except (StorageUnavailable, OSError) as error:
            self._at = None
            raise Unavailable(str(error)) from error
        end = files[-1].name if files else cursor or ""
        self._at = end, listing
        return Batch(tuple(map(_post, files)), end, done=len(files) < BATCH)

    def files(self) -> Iterator[Blob]:
        """All files, in order; for counting them. Raises Unavailable."""
        try:
            yield from self._list(None)
        except (StorageUnavailable, OSError) as error:
            raise Unavailable(str(error)) from error

    def _listing(self, cursor: str | None) -> Iterator[Blob]:
        if self._at is not None and self._at[0] == cursor:
            return self._at[1]
        return self._list(cursor)

    def _list(self, cursor: str | None) -> Iterator[Blob]:
        blobs = self._open()
        if blobs.folder is None:
            yield from blobs.walk(after=cursor or None)
        else:
            yield from walk(blobs.folder, "", tuple(cursor.split("/")) if cursor else ())

    def _open(self) -> Blobs:
        try:
            return Blobs(self.source, existing=True)
        except ConfigurationError as error:
            raise Unavailable(str(error)) from error

    def locate(self, link: str) -> Post | None:  # noqa: ARG002 - the protocol's
        """Nobody has links into an archive."""
        return None

    def fetch(self, media: str, max_bytes: int) -> bytes:
        """Read one file. Raises Gone, Unreadable(TOO_MANY_BYTES), Unavailable."""
        return self._read(media, max_bytes)[1]

    def _read(self, media: str, max_bytes: int) -> tuple[Blob, bytes]:
        blobs = self._open()
        try:
            found = _about(blobs, media)
            if found.size > max_bytes:
                raise Unreadable(WhyUnreadable.TOO_MANY_BYTES)
            data = _inside(blobs.folder, media).read_bytes() if blobs.folder else blobs.get(media)
        except (NotFound, FileNotFoundError) as error:
            raise Gone(f"there is no {media}") from error
        except (StorageUnavailable, OSError) as error:
            raise Unavailable(str(error)) from error
        return found, data

    def record(self, target: Target, max_bytes: int) -> Recording:
        """Record the file as it lies there. Raises Gone, Unreadable(TOO_MANY_BYTES), Unavailable."""
        at = clock.now()
        found, data = self._read(target.media, max_bytes)
        folder = self._open().folder
        url = (
            (folder / target.media).as_uri() if folder else f"{self.source.rstrip('/')}/{quote(target.media)}"
        )
        file = Resource(at, url, found.written_at, data)
        return Recording(target, "", found.written_at, (file,), file=0)

    def exists(self, place: str, message: str) -> bool:  # noqa: ARG002 - the protocol's
        """Return whether the file is still there. Raises Unavailable."""
        try:
            _about(self._open(), message)
        except (NotFound, FileNotFoundError):
            return False
        except (StorageUnavailable, OSError) as error:
            raise Unavailable(str(error)) from error
        return True

    def act(self, action: Action, target: Target, key: str) -> Receipt:  # noqa: ARG002 - the protocol's
        """Raises NotAllowed: nothing can be removed."""
        raise NotAllowed(_NO_REMOVAL)

    def verify(self, target: Target) -> Sequence[Look]:
        """Look whether the file is still there."""
        try:
            _about(self._open(), target.media)
        except (NotFound, FileNotFoundError):
            return (Look(Surface.MEDIA, Vantage.ADMIN, State.ABSENT, "no such file"),)
        except (StorageUnavailable, Unavailable, OSError) as error:
            seen = str(Unavailable(str(error)))
            return (Look(Surface.MEDIA, Vantage.ADMIN, State.UNDETERMINED, seen),)
        return (Look(Surface.MEDIA, Vantage.ADMIN, State.PRESENT, "the file is there"),)

    def control(self) -> None:
        """None: nothing can be removed here, so nothing has to be found gone."""

    def close(self) -> None:
        """Nothing is held."""


def walk(folder: Path, below: str, after: tuple[str, ...]) -> Iterator[Blob]:
    """The files below a folder that come after a name, in the order of their names' words.

    Hidden files, and links, which may lead anywhere, are left out, and names that are not text.
    """
    with os.scandir(folder / below) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        name = f"{below}/{entry.name}".lstrip("/")
        if entry.name.startswith(".") or not _is_text(entry) or (after and entry.name < after[0]):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from walk(folder, name, after[1:] if after and entry.name == after[0] else ())
        elif entry.is_file(follow_symlinks=False) and not (after and entry.name == after[0]):
            status = entry.stat(follow_symlinks=False)
            yield Blob(name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _is_text(entry: os.DirEntry[str]) -> bool:
    try:
        entry.name.encode()
    except UnicodeEncodeError:
        log.warning("left out, since its name is not UTF-8: %r", entry.path)
        return False
    return True


def _about(blobs: Blobs, name: str) -> Blob:
    """One file. Raises NotFound, FileNotFoundError, StorageUnavailable, OSError."""
    if blobs.folder is None:
        return blobs.about(name)
    status = _inside(blobs.folder, name).stat()
    return Blob(name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _inside(folder: Path, name: str) -> Path:
    """A file of the folder. Raises FileNotFoundError if the name leads out of it."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise FileNotFoundError(name)
    return path


def _post(file: Blob) -> Post:
    place, _, _ = file.name.rpartition("/")
    return Post(place or ".", file.name, "", file.written_at, (Media(file.name, size=file.size),))
