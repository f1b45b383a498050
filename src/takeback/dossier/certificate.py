"""The certificates: one PDF for each legal order, from one set of values and one text for each.

The texts (`texts/*.toml`) say what a court of that order asks for, and are marked as drafts for a lawyer. The
declaration is left blank: a program cannot swear. PDFs are the same for the same values, which include when
the dossier was made; the seal that is put on them afterwards (`sealing.py`) is not.
"""

import io
from datetime import datetime

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer

from takeback.dossier import tables
from takeback.dossier.case_summary import CaseSummary
from takeback.dossier.pdf_fonts import font_of, marked_up, printable, runs
from takeback.dossier.pdf_table import ruled_table
from takeback.dossier.tables import Cells
from takeback.dossier.wording import Wording, wording
from takeback.zones import NAME

_INK, _FAINT, _RULE = colors.HexColor("#1b1b1b"), colors.HexColor("#555555"), colors.HexColor("#bbbbbb")
_MARGIN = 20 * mm
_WIDTH = A4[0] - 2 * _MARGIN - 12
"""Of the text: a frame of ReportLab's keeps 6 points free on each side."""
_SMALL = 7.5
"""Size of what stands in tables, in points."""


def certificate(language: str, summary: CaseSummary, sealed_by: str | None = None) -> bytes:
    """The certificate as PDF, not sealed yet.

    Args:
        language: one of `LANGUAGES`.
        summary: what it tells.
        sealed_by: the authority that will timestamp its seal; None: nobody.
    """
    words, out = wording(language), io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=words.title,
        author=summary.head.service,
        subject=f"takeback-dossier-{summary.head.id}",
        lang=language,
        initialFontName=font_of(language),  # else it names one that is not embedded
        invariant=1,  # two dates are set below, and nothing else of the moment gets in
    )
    footer = f"takeback-dossier-{summary.head.id} | {words.labels['page']} "

    def first(canvas: Canvas, document: SimpleDocTemplate) -> None:
        _date(canvas, summary.head.made)
        number(canvas, document)

    def number(canvas: Canvas, _: SimpleDocTemplate) -> None:
        canvas.setFillColor(_FAINT)
        text = canvas.beginText(_MARGIN, 12 * mm)
        for font, run in runs(language, printable(f"{footer}{canvas.getPageNumber()}")):
            text.setFont(font, 8)
            text.textOut(run)
        canvas.drawText(text)

    story = _Setting(language).story(words, summary, sealed_by)
    document.build(story, onFirstPage=first, onLaterPages=number)
    return out.getvalue()


class _Setting:
    """How a certificate of a language is set."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._normal = self._style(9.5, after=4)

    def story(self, words: Wording, summary: CaseSummary, sealed_by: str | None) -> list[Flowable]:
        """The whole text."""
        heading = self._style(12, before=10, after=4)
        heading.keepWithNext = True
        notice = ParagraphStyle(
            "notice", parent=self._normal, borderColor=_INK, borderWidth=0.8, borderPadding=6
        )
        seal = words.labels["seal_plain" if sealed_by is None else "seal_stamped"].format(authority=sealed_by)
        story: list[Flowable] = [
            self._set(words.title, self._style(16, after=4)),
            self._set(words.under, self._style(9, after=12)),
            self._set(f"{words.notice} {seal}", notice),
            Spacer(1, 10),
        ]
        values = _values(summary, words)
        *sections, last = words.sections
        for section in sections:
            story.append(self._set(section.title, heading))
            story += [self._set(text.format_map(values), self._normal) for text in section.body]
            for table in section.tables:
                for rows in tables.TABLES[table](summary, words):
                    story += self._laid_out(rows)
        declared = [self._set(text.format_map(values), self._normal) for text in last.body]
        story.append(KeepTogether([self._set(last.title, heading), *declared]))  # it is signed on one page
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


def _date(canvas: Canvas, made: datetime) -> None:
    """Say when the PDF was made: as the dossier does, not by the clock, so that the bytes stay the same."""
    stamp = vars(vars(canvas)["_doc"])["_timeStamp"]  # ReportLab has no other way to set it
    stamp.t, stamp.lt = made.timestamp(), made.utctimetuple()
    stamp.YMDhms = tuple(stamp.lt)[:6]


def _values(summary: CaseSummary, words: Wording) -> dict[str, str]:
    head = summary.head
    labels = words.labels
    utc = summary.time_zone == NAME
    numbered = [f"({number}) {each}" for number, each in enumerate(words.alterations, start=1)]
    return {
        "alterations": labels["list"].join(numbered),
        "case": str(head.case),
        "dossier": str(head.id),
        "entries": f"{len(summary.entries):,}",
        "environment": summary.environment,
        "exhibits": f"{len(summary.exhibits):,}",
        "keys": ", ".join(summary.keys) or "-",
        "log": head.log,
        "made": words.moment(head.made, summary.zone),
        "service": head.service,
        "software": head.software,
        "witnesses": ", ".join(summary.witnesses) or "-",
        "zoned": labels["zoned"] if utc else labels["zoned_both"].format(zone=summary.time_zone),
    }
