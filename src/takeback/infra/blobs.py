"""Files that are written once: in a folder, or in an object store that speaks S3, by one address.

`obstore` does both. A folder is for one machine; an object store for several, with credentials from the usual
environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL ...). What `put` returned
from is on disk, or as safe as the object store makes it.
"""

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from takeback.errors import ConfigurationError, NotFound, StorageUnavailable
from takeback.infra import files
from takeback.infra.addresses import without_credentials, without_secrets
from takeback.infra.asking import ask_outside

if TYPE_CHECKING:
    from obstore import WritableFile  # these exist for type checkers only
    from obstore.store import RetryConfig

_RETRY: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
"""Then it is the caller's turn: jobs are tried again for an hour."""
_BUFFER_BYTES = 5 << 20
"""What of a stream is held until it is sent on: the smallest part that S3 takes."""
_PARTS_AT_ONCE = 2
"""Of these, while the object store takes its time."""
_DRAFT = re.compile(r".+#[0-9]+")
"""How obstore names what is being written in a folder; it never lists such names."""


class Blob(NamedTuple):
    """One file."""

    name: str
    """Below the store's own address, with slashes."""
    size: int
    written_at: datetime


class Blobs:
    """One place for files.

    Args:
        where: a folder, made when missing unless `existing`; or an address such as s3://bucket/prefix.
        existing: the folder must be there already.

    Raises:
        ConfigurationError: there is no such place.
    """

    def __init__(self, where: str, *, existing: bool = False) -> None:
        self.where = where
        self.folder = None if "://" in where else Path(where).expanduser().absolute()
        self._opened = self._open(existing)

    @property
    def _store(self) -> ObjectStore:
        """Return what answers; whoever takes it is about to ask."""
        ask_outside("the store of files")
        return self._opened

    def _open(self, existing: bool) -> ObjectStore:
        try:
            if self.folder is None:
                without_credentials(self.where)
                return from_url(self.where, retry_config=_RETRY)
            if existing and not self.folder.is_dir():
                raise ConfigurationError(f"{self.folder} is not a folder; name one, or s3://bucket/prefix")
            return LocalStore(self.folder, mkdir=True)
        except (BaseError, OSError, ValueError) as error:
            where = without_secrets(self.where)
            raise ConfigurationError(f"cannot use {where} for files: {_first_line(error)}") from error

    def put(self, name: str, data: bytes) -> None:
        """Write a file, whole or not at all. Raises StorageUnavailable."""
        try:
            obstore.put(self._store, name, data)
            if self.folder is not None:
                _settle(self.folder / name, self.folder)
        except (BaseError, OSError) as error:
            raise StorageUnavailable(f"cannot write {self.where}/{name}: {_first_line(error)}") from error

    @contextmanager
    def writing(self, name: str) -> Generator["Writer"]:
        """A file written piece by piece, with some megabytes of memory at most.

        It appears whole at the end of the block, safe as what `put` writes; if the block raises, or the
        process dies in it, there is no such file, and one that had the name stays as it was. Raises
        StorageUnavailable, also from `write`.
        """
        writer = Writer(f"{self.where}/{name}", self._store, name)
        try:
            yield writer
        except BaseException:
            writer.abandon()
            raise
        writer.finish()
        if self.folder is not None:
            try:
                _settle(self.folder / name, self.folder)
            except OSError as error:
                raise StorageUnavailable(f"cannot write {writer.where}: {_first_line(error)}") from error

    def sweep_drafts(self, before: datetime) -> int:
        """Delete what killed processes left half written, if last touched before that time.

        Nothing lists or reads a draft; this is about room. In an object store a rule of the bucket does the
        same (AbortIncompleteMultipartUpload). Returns how many. Raises StorageUnavailable.
        """
        if self.folder is None:
            return 0
        ask_outside("the store of files")
        swept = 0
        try:
            for path in self.folder.rglob("*"):
                if not _DRAFT.fullmatch(path.name) or not path.is_file():
                    continue
                if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before:
                    path.unlink(missing_ok=True)
                    swept += 1
        except FileNotFoundError:
            pass  # another process finished it, or swept, too; the next sweep goes on
        except OSError as error:
            raise StorageUnavailable(f"cannot sweep {self.where}: {_first_line(error)}") from error
        return swept

    def get(self, name: str) -> bytes:
        """A file's bytes. Raises NotFound, StorageUnavailable."""
        try:
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError as error:
            raise NotFound(f"there is no {self.where}/{name}") from error
        except (BaseError, OSError) as error:
            raise StorageUnavailable(f"cannot read {self.where}/{name}: {_first_line(error)}") from error

    def get_range(self, name: str, start: int, length: int) -> bytes:
        """`length` bytes of a file from `start` on, which it has. Raises NotFound, StorageUnavailable."""
        try:
            return bytes(obstore.get_range(self._store, name, start=start, length=length))
        except FileNotFoundError as error:
            raise NotFound(f"there is no {self.where}/{name}") from error
        except (BaseError, OSError) as error:
            raise StorageUnavailable(f"cannot read {self.where}/{name}: {_first_line(error)}") from error

    def size(self, name: str) -> int:
        """A file's length in bytes. Raises NotFound, StorageUnavailable."""
        return self.about(name).size

    def about(self, name: str) -> Blob:
        """A file's length, and when it was written. Raises NotFound, StorageUnavailable."""
        try:
            found = obstore.head(self._store, name)
            return Blob(name, found["size"], found["last_modified"])
        except FileNotFoundError as error:
            raise NotFound(f"there is no {self.where}/{name}") from error
        except (BaseError, OSError) as error:
            raise StorageUnavailable(f"cannot read {self.where}/{name}: {_first_line(error)}") from error

    def delete(self, name: str) -> None:
        """Away with a file, for good when this returns; one that is not there is gone. Raises
        StorageUnavailable.
        """
        try:
            obstore.delete(self._store, name)
            if self.folder is not None:
                files.sync((self.folder / name).parent)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise StorageUnavailable(f"cannot delete {self.where}/{name}: {_first_line(error)}") from error

    def walk(self, prefix: str = "", after: str | None = None) -> Iterator[Blob]:
        """The files below a prefix; in the order of their names in an object store, in none in a folder.

        Args:
            prefix: whole words between slashes.
            after: an object store begins after this name. Raises StorageUnavailable.
        """
        try:
            for chunk in obstore.list(self._store, prefix or None, offset=after, chunk_size=1000):
                for each in chunk:
                    yield Blob(each["path"], each["size"], each["last_modified"])
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise StorageUnavailable(f"cannot list {self.where}: {_first_line(error)}") from error

    def url(self, name: str) -> str:
        """Return where other programs find a file: a path, or an address of the object store."""
        return str(self.folder / name) if self.folder is not None else f"{self.where.rstrip('/')}/{name}"


class Writer:
    """A file that is being written; made by `Blobs.writing`."""

    def __init__(self, where: str, store: ObjectStore, name: str) -> None:
        self.where = where
        self._file: WritableFile | None = obstore.open_writer(
            store, name, buffer_size=_BUFFER_BYTES, max_concurrency=_PARTS_AT_ONCE
        )

    def write(self, piece: bytes) -> int:
        """Write a piece in full; returns its length. Raises StorageUnavailable."""
        if self._file is None:
            raise ValueError("written to after its end")
        ask_outside("the store of files")
        try:
            self._file.write(piece)
        except (BaseError, OSError) as error:
            raise StorageUnavailable(f"cannot write {self.where}: {_first_line(error)}") from error
        return len(piece)

    def finish(self) -> None:
        """Let the file appear. Raises StorageUnavailable."""
        file, self._file = self._file, None
        if file is None:
            raise ValueError("finished twice")
        ask_outside("the store of files")
        try:
            file.close()
        except (BaseError, OSError) as error:
            raise StorageUnavailable(f"cannot write {self.where}: {_first_line(error)}") from error

    def abandon(self) -> None:
        """Let nothing appear: a writer that is dropped before it is closed takes back what it sent."""
        self._file = None


def _settle(path: Path, top: Path) -> None:
    """Have a file and its name on disk before anybody relies on it, and those of the folders made for it."""
    for each in (path, *path.parents):
        files.sync(each)
        if each == top:
            return


def _first_line(error: Exception) -> str:
    """Return what happened; the lines after it are for debugging and long."""
    return str(error).strip().partition("\n")[0]
