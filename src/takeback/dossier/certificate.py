"""The certificates: one PDF for each legal order, from one set of values and one text for each.

The texts (`texts/*.toml`) say what a court of that order asks for, and are marked as drafts for a lawyer. The
declaration is left blank: a program cannot swear. PDFs are the same for the same values; the seal that is put
on them afterwards (`sealing.py`) is not. Chinese and Korean are set in the fonts that PDF readers have for
these languages, so that no font has to be shipped.
"""

import io
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from takeback.dossier import tables
from takeback.dossier.matter import Matter
from takeback.dossier.tables import Cells
from takeback_verify.words import when

LANGUAGES = ("en-US", "en-EU", "zh-CN", "ko")
_FONTS = {"zh-CN": "STSong-Light", "ko": "HYSMyeongJo-Medium"}
_INK, _FAINT, _RULE = colors.HexColor("#1b1b1b"), colors.HexColor("#555555"), colors.HexColor("#bbbbbb")
_MARGIN = 20 * mm
_WIDTH = A4[0] - 2 * _MARGIN


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a certificate."""

    title: str
    body: tuple[str, ...]
    table: str | None


@dataclass(frozen=True, slots=True)
class Wording:
    """A certificate's text in one legal order."""

    title: str
    under: str
    """Which rules it is after."""
    notice: str
    """That a lawyer must check it, and whose seal it bears."""
    sections: tuple[Section, ...]
    labels: dict[str, str]


@cache
def wording(language: str) -> Wording:
    """The text of one legal order, one of `LANGUAGES`."""
    text = resources.files("takeback.dossier").joinpath("texts", f"{language}.toml").read_text("utf-8")
    read = tomllib.loads(text)
    sections = tuple(
        Section(each["title"], tuple(each.get("body", ())), each.get("table")) for each in read["section"]
    )
    return Wording(read["title"], read["under"], read["notice"], sections, dict(read["labels"]))


def certificate(language: str, matter: Matter) -> bytes:
    """The certificate as PDF, not sealed yet."""
    said, font = wording(language), _font(language)
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=said.title,
        author=matter.head.service,
        subject=f"takeback-dossier-{matter.head.id}",
        lang=language,
        invariant=1,
    )
    footer = f"takeback-dossier-{matter.head.id} | {said.labels['page']} "

    def number(canvas: Canvas, _: SimpleDocTemplate) -> None:
        canvas.setFont(font, 8)
        canvas.setFillColor(_FAINT)
        canvas.drawString(_MARGIN, 12 * mm, f"{footer}{canvas.getPageNumber()}")

    document.build(_story(said, font, matter), onFirstPage=number, onLaterPages=number)
    return out.getvalue()


def _font(language: str) -> str:
    name = _FONTS.get(language, "Helvetica")
    if language in _FONTS and name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return name


def _style(font: str, size: float, *, before: float = 0, after: float = 0) -> ParagraphStyle:
    return ParagraphStyle(
        f"{font}-{size}",
        fontName=font,
        fontSize=size,
        leading=size * 1.4,
        textColor=_INK,
        wordWrap=None if font == "Helvetica" else "CJK",
        spaceBefore=before,
        spaceAfter=after,
    )


def _story(said: Wording, font: str, matter: Matter) -> list[Flowable]:
    normal, small = _style(font, 9.5, after=4), _style(font, 7.5)
    heading = _style(font, 12, before=10, after=4)
    notice = ParagraphStyle("notice", parent=normal, borderColor=_INK, borderWidth=0.8, borderPadding=6)
    story: list[Flowable] = [
        Paragraph(escape(said.title), _style(font, 16, after=4)),
        Paragraph(escape(said.under), _style(font, 9, after=12)),
        Paragraph(escape(said.notice), notice),
        Spacer(1, 10),
    ]
    values = _values(matter)
    for section in said.sections:
        story.append(Paragraph(escape(section.title), heading))
        story += [Paragraph(escape(text.format_map(values)), normal) for text in section.body]
        if section.table is not None:
            for rows in tables.TABLES[section.table](matter, said.labels):
                story += _laid_out(rows, normal, small)
    return story


def _values(matter: Matter) -> dict[str, str]:
    head = matter.head
    return {
        "case": str(head.case),
        "dossier": str(head.id),
        "entries": f"{len(matter.entries):,}",
        "environment": matter.environment,
        "exhibits": f"{len(matter.exhibits):,}",
        "keys": ", ".join(matter.keys) or "-",
        "log": head.log,
        "made": when(head.made),
        "service": head.service,
        "software": head.software,
        "witnesses": ", ".join(matter.witnesses) or "-",
    }


def _laid_out(rows: Cells | str, normal: ParagraphStyle, small: ParagraphStyle) -> list[Flowable]:
    if isinstance(rows, str):
        return [Paragraph(escape(rows), normal)]
    # Hashes have no spaces to break at, so cells break anywhere.
    cell = ParagraphStyle("cell", parent=small, wordWrap="CJK", leading=small.fontSize * 1.25)
    lines = [[Paragraph(escape(text), cell) for text in line] for line in (rows.head, *rows.lines)]
    table = Table(lines, colWidths=[_WIDTH * share for share in rows.shares], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, _INK),
                ("LINEBELOW", (0, 1), (-1, -1), 0.3, _RULE),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return [table, Spacer(1, 6)]
