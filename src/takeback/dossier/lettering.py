"""The fonts of the certificates, and which letter is set in which.

Chinese and Korean letters are embedded, from small fonts that have what the texts need (`fonts`, made by
tools/make_fonts.py); English is in Helvetica, which each reader has. A letter that is in none of them, as in
a service's name, is set in the font that readers have for its language: one without it shows a box, but the
letter can still be copied.
"""

import re
from functools import cache
from importlib import resources
from xml.sax.saxutils import escape

from reportlab.lib import textsplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import paragraph

LATIN = "Helvetica"
EMBEDDED = ("zh-CN", "ko")
_OF_READERS = {"ko": "HYSMyeongJo-Medium"}
_OF_READERS_ELSE = "STSong-Light"
_NO_START = "\uff0c\uff1a\uff1b\uff01\uff1f"
"""No line of Chinese begins with these (comma, colon ...); ReportLab's own list forgets them."""
_NOT_LATIN = re.compile(r"[^\x20-\x7e\xa0-\xff\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026]+")

for _module in (textsplit, paragraph):  # each has a copy
    vars(_module)["ALL_CANNOT_START"] += _NO_START


@cache
def font_of(language: str) -> str:
    """The font of a language, ready to be used."""
    if language not in EMBEDDED:
        return LATIN
    with resources.files("takeback.dossier").joinpath("fonts", f"{language}.ttf").open("rb") as file:
        pdfmetrics.registerFont(TTFont(f"Takeback-{language}", file))
    return f"Takeback-{language}"


def missing(language: str, text: str) -> set[str]:
    """The letters that a language's font does not have."""
    font = pdfmetrics.getFont(font_of(language))
    if isinstance(font, TTFont):
        return {letter for letter in text if ord(letter) not in font.face.charToGlyph}
    return set("".join(_NOT_LATIN.findall(text)))


def runs(language: str, text: str) -> list[tuple[str, str]]:
    """A text in pieces, each with the name of the font that has its letters."""
    font, others = font_of(language), missing(language, text)
    if not others:
        return [(font, text)]
    pieces = re.split(f"([{re.escape(''.join(sorted(others)))}]+)", text)
    names = (font, _of_readers(language))
    return [(names[place % 2], piece) for place, piece in enumerate(pieces) if piece]


def marked_up(language: str, text: str) -> str:
    """A text for ReportLab's paragraphs: escaped, and other letters in the font that readers have."""
    own = font_of(language)
    return "".join(
        escape(piece) if font == own else f'<font name="{font}">{escape(piece)}</font>'
        for font, piece in runs(language, text)
    )


@cache
def width_of(language: str, letter: str) -> float:
    """How wide a letter is, in sizes of the font."""
    [(font, _)] = runs(language, letter)
    return pdfmetrics.stringWidth(letter, font, 1)


@cache
def _of_readers(language: str) -> str:
    name = _OF_READERS.get(language, _OF_READERS_ELSE)
    pdfmetrics.registerFont(UnicodeCIDFont(name))
    return name
