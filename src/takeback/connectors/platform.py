"""A platform as it registers itself: its settings, and how to connect one account.

A package names its `Platform` as an entry point of the group `takeback.connectors`. docs/connectors.md
shows a whole one. Nothing else in Takeback knows a platform by name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from takeback.connectors.api import Connector

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Account:
    """One account on one server of a platform, as the operator named it."""

    name: str
    """Stored beside every post: the platform's name alone, or with one of the account, as "matrix:second"."""

    @property
    def prefix(self) -> str:
        """The beginning of its environment variables, as TAKEBACK_MATRIX_SECOND_."""
        return f"TAKEBACK_{self.name.replace(':', '_').upper()}_"

    def variable(self, setting: str) -> str:
        """Return the environment variable of one of its settings."""
        return self.prefix + setting.upper()


@dataclass(frozen=True, slots=True)
class Platform(Generic[S]):
    """The registration of a platform."""

    settings: type[S]
    """Of one account, read from text. A field's description documents it; a secret is a `SecretStr`."""
    connect: Callable[[S, Account], Connector]
    """Makes a connector whose name is the account's. It asks nobody. Raises ConfigurationError."""
    implied_by: str = ""
    """The setting that connects an account without TAKEBACK_CONNECTORS, for settings older than that."""
