"""A certificate's text in each legal order, and how that order writes times, from `texts/*.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib import resources

from takeback.takedown.telling import Phrases, english
from takeback.zones import beside
from takeback_verify.core.words import when

LANGUAGES = ("en-US", "en-EU", "zh-CN", "ko")
_BETWEEN = {"zh-CN": "", "ko": " "}
"""Between two sentences."""
_TO_THE_SECOND = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a certificate."""

    title: str
    body: tuple[str, ...]
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """A certificate's text in one legal order."""

    language: str
    """One of `LANGUAGES`."""
    title: str
    under: str
    """Which rules it is after."""
    notice: str
    """That a lawyer must check it, and whose seal it bears."""
    alterations: tuple[str, ...]
    """Where a recording differs from what went over the network; docs/spec/exhibit.md lists them."""
    sections: tuple[Section, ...]
    labels: Mapping[str, str]
    kinds: Mapping[str, str]
    """Words for kinds of entries; English needs none."""
    phrases: Phrases
    """What is text of removed copies."""

    def moment(self, at: datetime, zone: tzinfo) -> str:
        """A time in a sentence, to the second: in UTC, and in the zone beside it."""
        utc = at.astimezone(UTC)
        text = when(utc) if self.language.startswith("en") else f"{utc:{_TO_THE_SECOND}} UTC"
        return text + beside(at, zone, _TO_THE_SECOND)


@cache
def wording(language: str) -> Wording:
    """The text of one legal order, one of `LANGUAGES`."""
    text = resources.files("takeback.dossier").joinpath("texts", f"{language}.toml").read_text("utf-8")
    read = tomllib.loads(text)
    sections = tuple(
        Section(each["title"], tuple(each.get("body", ())), tuple(each.get("tables", ())))
        for each in read["section"]
    )
    return Wording(
        language,
        read["title"],
        read["under"],
        read["notice"],
        tuple(read["alterations"]),
        sections,
        read["labels"],
        read.get("kinds", {}),
        _phrases(language, read) if "removal" in read else english(),
    )


def _phrases(language: str, read: Mapping[str, Mapping[str, str]]) -> Phrases:
    return Phrases(read["removal"], read["regimes"], _minute, "{:,}".format, _BETWEEN[language])


def _minute(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC{beside(at, zone)}"
