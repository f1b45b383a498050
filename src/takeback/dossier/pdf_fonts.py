"""The fonts of the certificates, and which letter is set in which.

A name can be in any script, and a paper for a court must not show an empty box in its place. All fonts are
embedded (`fonts`, made by tools/make_fonts.py): one has Latin, Greek and Cyrillic, the others have the common
letters of Chinese, Japanese and Korean. A letter that none has is printed as its code point, such as
⟨U+1F600⟩; so are letters that join or combine with others, which are set one by one here, and those that
cannot be seen.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from xml.sax.saxutils import escape

from reportlab.lib import textsplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import paragraph

FONTS = ("latin", "han-1", "han-2", "han-3", "hangul")
"""All fonts; in this order they are asked for a letter."""
_FIRST: Mapping[str, tuple[str, ...]] = {"zh-CN": ("han-1",), "ko": ("hangul",)}
"""The font that a language asks before all others."""
_BRACKETS = "\u27e8\u27e9"
"""Around a code point, and therefore never printed for themselves."""
_NO_START = "\uff0c\uff1a\uff1b\uff01\uff1f"
"""No line of Chinese begins with these (comma, colon ...); ReportLab's own list forgets them."""

for _module in (textsplit, paragraph):  # each has a copy
    vars(_module)["ALL_CANNOT_START"] += _NO_START


def font_of(language: str) -> str:
    """The first font of a language, ready to be used."""
    return _loaded(_fonts(language)[0]).fontName


def printable(text: str) -> str:
    """The text with each letter that cannot be printed as its code point; the result is for printing only."""
    return "".join(
        letter
        if letter not in _BRACKETS and any(ord(letter) in _letters(name) for name in FONTS)
        else f"{_BRACKETS[0]}U+{ord(letter):04X}{_BRACKETS[1]}"
        for letter in text
    )


def runs(language: str, text: str) -> list[tuple[str, str]]:
    """A printable text in pieces, each with the name of the font that has its letters."""
    found: list[tuple[str, str]] = []
    for letter in text:
        font = _font_for(language, letter)
        if found and found[-1][0] == font:
            found[-1] = (font, found[-1][1] + letter)
        else:
            found.append((font, letter))
    return found


def marked_up(language: str, text: str) -> str:
    """Any text for ReportLab's paragraphs: printable, escaped, and each letter in a font that has it."""
    own = font_of(language)
    return "".join(
        escape(piece) if font == own else f'<font name="{font}">{escape(piece)}</font>'
        for font, piece in runs(language, printable(text))
    )


@cache
def width_of(language: str, letter: str) -> float:
    """Return how wide a printable letter is, in sizes of the font."""
    [(font, _)] = runs(language, letter)
    return pdfmetrics.stringWidth(letter, font, 1)


def _fonts(language: str) -> tuple[str, ...]:
    return (*_FIRST.get(language, ()), *FONTS)


@cache
def _font_for(language: str, letter: str) -> str:
    name = next(name for name in _fonts(language) if ord(letter) in _letters(name))
    return _loaded(name).fontName


@cache
def _loaded(name: str) -> TTFont:
    with resources.files("takeback.dossier").joinpath("fonts", f"{name}.ttf").open("rb") as file:
        font = TTFont(f"Takeback-{name}", file)
    pdfmetrics.registerFont(font)
    return font


@cache
def _letters(name: str) -> frozenset[int]:
    """Code points that a font has a shape for."""
    return frozenset(_loaded(name).face.charToGlyph)
