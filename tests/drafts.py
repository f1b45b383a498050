"""The database as the portal's role sees it: drafts, the salt of a day and links for many reports answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass
class MemoryDrafts:
    """Keeps drafts as migration 0019 does, without their clock; whatever else is asked fails like a lost
    line.

    The message of that failure quotes what was sent, as a driver's may.
    """

    rows: dict[bytes, bytes] = field(default_factory=dict)
    links: set[bytes] = field(default_factory=set)
    """Hashes of links for many reports that stand."""
    full: bool = False
    broken: bool = False
    _answer: Any = None

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        if self.broken:
            raise OSError("connection lost while sending 'Words that only the people ...'")
        yield self

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> Self:
        match statement.removeprefix("select ").partition("(")[0]:
            case "draft_put":
                locator, sealed, fresh = values
                if locator not in self.rows and not fresh:
                    self._answer = "gone"
                elif locator not in self.rows and self.full:
                    self._answer = "full"
                else:
                    self.rows[locator], self._answer = sealed, "kept"
            case "draft_get":
                self._answer = self.rows.get(values[0])
            case "draft_wipe":
                self._answer = self.rows.pop(values[0], None)
            case "report_salt":
                self._answer = bytes(32)
            case "report_link_stands":
                self._answer = values[0] in self.links
            case _:
                raise OSError("connection lost while sending 'Words that only the people ...'")
        return self

    def fetchone(self) -> tuple[Any]:
        return (self._answer,)
