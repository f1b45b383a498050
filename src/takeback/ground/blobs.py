"""Files that are written once: in a folder, or in an object store that speaks S3, by one address.

`obstore` does both. A folder is for one machine; an object store for several, with credentials from the usual
environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL ...). What `put` returned
from is on disk, or as safe as the object store makes it.
"""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from takeback.errors import ConfigurationError, NotFound, StorageUnavailable

if TYPE_CHECKING:
    from obstore.store import RetryConfig  # exists for type checkers only

_RETRY: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
"""Then it is the caller's turn: jobs are tried again for an hour."""


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
        self._store = self._open(existing)

    def _open(self, existing: bool) -> ObjectStore:
        try:
            if self.folder is None:
                return from_url(self.where, retry_config=_RETRY)
            if existing and not self.folder.is_dir():
                raise ConfigurationError(f"{self.folder} is not a folder; name one, or s3://bucket/prefix")
            return LocalStore(self.folder, mkdir=True)
        except (BaseError, OSError, ValueError) as error:
            raise ConfigurationError(f"cannot use {self.where} for files: {_first_line(error)}") from error

    def put(self, name: str, data: bytes) -> None:
        """Write a file, whole or not at all. Raises StorageUnavailable."""
        try:
            obstore.put(self._store, name, data)
            if self.folder is not None:
                _settle(self.folder / name)
        except (BaseError, OSError) as error:
            raise StorageUnavailable(f"cannot write {self.where}/{name}: {_first_line(error)}") from error

    def get(self, name: str) -> bytes:
        """A file's bytes. Raises NotFound, StorageUnavailable."""
        try:
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError as error:
            raise NotFound(f"there is no {self.where}/{name}") from error
        except (BaseError, OSError) as error:
            raise StorageUnavailable(f"cannot read {self.where}/{name}: {_first_line(error)}") from error

    def size(self, name: str) -> int:
        """A file's length in bytes. Raises NotFound, StorageUnavailable."""
        try:
            return obstore.head(self._store, name)["size"]
        except FileNotFoundError as error:
            raise NotFound(f"there is no {self.where}/{name}") from error
        except (BaseError, OSError) as error:
            raise StorageUnavailable(f"cannot read {self.where}/{name}: {_first_line(error)}") from error

    def delete(self, name: str) -> None:
        """Away with a file; one that is not there is gone. Raises StorageUnavailable."""
        try:
            obstore.delete(self._store, name)
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
        """Where other programs find a file: a path, or an address of the object store."""
        return str(self.folder / name) if self.folder is not None else f"{self.where.rstrip('/')}/{name}"


def _settle(path: Path) -> None:
    """Have a file and its name on disk before anybody relies on it."""
    for each in (path, path.parent):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _first_line(error: Exception) -> str:
    """What happened; the lines after it are for debugging and long."""
    return str(error).strip().partition("\n")[0]
