"""The sentences of the portal, from `texts/*.toml`: a translation is one more file.

A key that is missing or a gap that is not filled fails loudly, in tests rather than before somebody who needs
the page.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Literal


@dataclass(frozen=True, slots=True)
class Language:
    """One translation."""

    code: str
    """BCP 47, as the pages and the reports carry it."""
    direction: Literal["ltr", "rtl"]
    texts: Mapping[str, str]

    def say(self, key: str, **gaps: object) -> str:
        """One text, with its gaps filled. Raises KeyError if it, or what fills a gap, is missing."""
        return self.texts[key].format(**gaps)

    def count(self, key: str, number: int, **gaps: object) -> str:
        """A text that depends on how many: KEY.one or KEY.many, with `number` as a gap."""
        return self.say(f"{key}.one" if number == 1 else f"{key}.many", number=number, **gaps)

    def all(self, key: str) -> tuple[str, ...]:
        """The texts KEY.1, KEY.2 and so on."""
        found: list[str] = []
        while (text := self.texts.get(f"{key}.{len(found) + 1}")) is not None:
            found.append(text)
        if not found:
            raise KeyError(key)
        return tuple(found)


def _texts(language: str) -> Mapping[str, str]:
    text = resources.files("takeback.entrypoints.portal").joinpath("texts", f"{language}.toml")
    return tomllib.loads(text.read_text("utf-8"))


ENGLISH = Language("en", "ltr", _texts("en"))
