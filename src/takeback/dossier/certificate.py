"""The certificates: one PDF for each legal order, from one set of values and one text for each.

The texts (`texts/*.toml`) say what a court of that order asks for, and are marked as drafts for a lawyer. The
declaration is left blank: a program cannot swear. PDFs are the same for the same values; the seal that is put
on them afterwards (`sealing.py`) is not.
"""

import io
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer

from takeback.dossier import tables
from takeback.dossier.lettering import font_of, marked_up
from takeback.dossier.matter import Matter
from takeback.dossier.ruled import ruled_table
from takeback.dossier.tables import Cells
from takeback_verify.words import when

LANGUAGES = ("en-US", "en-EU", "zh-CN", "ko")
_INK, _FAINT, _RULE = colors.HexColor("#1b1b1b"), colors.HexColor("#555555"), colors.HexColor("#bbbbbb")
_MARGIN = 20 * mm
_WIDTH = A4[0] - 2 * _MARGIN - 12
"""Of the text: a frame of ReportLab's keeps 6 points free on each side."""
_SMALL = 7.5
"""Size of what stands in tables, in points."""


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


def certificate(language: str, matter: Matter, sealed_by: str | None = None) -> bytes:
    """The certificate as PDF, not sealed yet.

    Args:
        language: one of `LANGUAGES`.
        matter: what it tells.
        sealed_by: the authority that will timestamp its seal; None: nobody.
    """
    said, out = wording(language), io.BytesIO()
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
        canvas.setFont(font_of(language), 8)
        canvas.setFillColor(_FAINT)
        canvas.drawString(_MARGIN, 12 * mm, f"{footer}{canvas.getPageNumber()}")

    document.build(_Setting(language).story(said, matter, sealed_by), onFirstPage=number, onLaterPages=number)
    return out.getvalue()


class _Setting:
    """How a certificate of a language is set."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._normal = self._style(9.5, after=4)

    def story(self, said: Wording, matter: Matter, sealed_by: str | None) -> list[Flowable]:
        """The whole text."""
        heading = self._style(12, before=10, after=4)
        notice = ParagraphStyle(
            "notice", parent=self._normal, borderColor=_INK, borderWidth=0.8, borderPadding=6
        )
        seal = said.labels["seal_plain" if sealed_by is None else "seal_stamped"].format(authority=sealed_by)
        story: list[Flowable] = [
            self._set(said.title, self._style(16, after=4)),
            self._set(said.under, self._style(9, after=12)),
            self._set(f"{said.notice} {seal}", notice),
            Spacer(1, 10),
        ]
        values = _values(matter, self._language)
        for section in said.sections:
            story.append(self._set(section.title, heading))
            story += [self._set(text.format_map(values), self._normal) for text in section.body]
            if section.table is not None:
                for rows in tables.TABLES[section.table](matter, said.labels):
                    story += self._laid_out(rows)
        return story

    def _set(self, text: str, style: ParagraphStyle) -> Paragraph:
        return Paragraph(marked_up(self._language, text), style)

    def _style(self, size: float, *, before: float = 0, after: float = 0) -> ParagraphStyle:
        font = font_of(self._language)
        return ParagraphStyle(
            f"{font}-{size}",
            fontName=font,
            fontSize=size,
            leading=size * 1.4,
            textColor=_INK,
            wordWrap="CJK" if self._language == "zh-CN" else None,
            spaceBefore=before,
            spaceAfter=after,
        )

    def _laid_out(self, rows: Cells | str) -> list[Flowable]:
        if isinstance(rows, str):
            return [self._set(rows, self._normal)]
        widths = [_WIDTH * share for share in rows.shares]
        table = ruled_table(self._language, _SMALL, widths, (rows.head, *rows.lines), _INK, _RULE)
        return [table, Spacer(1, 6)]


def _values(matter: Matter, language: str) -> dict[str, str]:
    head = matter.head
    made = when(head.made) if language.startswith("en") else f"{head.made:%Y-%m-%d %H:%M:%S} UTC"
    return {
        "case": str(head.case),
        "dossier": str(head.id),
        "entries": f"{len(matter.entries):,}",
        "environment": matter.environment,
        "exhibits": f"{len(matter.exhibits):,}",
        "keys": ", ".join(matter.keys) or "-",
        "log": head.log,
        "made": made,
        "service": head.service,
        "software": head.software,
        "witnesses": ", ".join(matter.witnesses) or "-",
    }
