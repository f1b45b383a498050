"""The doctor's questions and findings: frozen values; a new check is a function and a line in `checks`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from takeback.connectors.api import Connector
from takeback.evidence.sealer import EvidenceSealer
from takeback.infra.config import Settings
from takeback.infra.db.pool import Database


class Level(StrEnum):
    """The weight of a finding."""

    OK = "ok"
    WARNING = "warning"
    """It works, and should be mended."""
    FAILING = "failing"
    """Something does not work, or people are not protected as promised."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one thing."""

    level: Level
    statement: str
    remedy: str = ""
    """What to do about it; empty where nothing is to be done."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The service that is looked at."""

    settings: Settings
    database: Database
    connectors: Mapping[str, Connector]
    portal_url: str | None = None
    """The portal's own database URL, where this process may know it."""
    sealer: EvidenceSealer | None = None
    """Who seals evidence, where this process has one."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question."""

    name: str
    """One lower-case word; stable, since programs read it."""
    asks: str
    """The question, as a sentence."""
    look: Callable[[Subject], Iterable[Finding]]
    seconds: float = 5.0
    """How long the answer may take; longer is a warning."""


@dataclass(frozen=True, slots=True)
class Result:
    """The findings of one check, at least one."""

    check: Check
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """The worst of its findings."""
        return worst(each.level for each in self.findings)


def worst(levels: Iterable[Level]) -> Level:
    """The most serious level; ok if there is none."""
    order = list(Level)
    return max(levels, key=order.index, default=Level.OK)
