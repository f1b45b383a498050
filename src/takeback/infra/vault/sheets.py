"""Paper: a key, or a share of one, as one A4 page that somebody keeps in a drawer for twenty years.

It says what it is, what to do and what not, in large type, with the secret as text and as a QR code of the
same text; nothing else, and nothing that must be looked up elsewhere.
"""

import io
from collections.abc import Sequence
from datetime import date

import segno
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from takeback.infra.vault.recipients import Role, fingerprint
from takeback.infra.vault.seal import Recipient
from takeback.infra.vault.sealing import Identity
from takeback.infra.vault.shares import MADE, NEEDED, WORDS, RecoveryShare, public_key

_WIDTH, _HEIGHT = A4
_MARGIN = 18 * mm
_TEXT = _WIDTH - 2 * _MARGIN
_COLUMNS = 3
_GROUP = 6
"""Letters of a key that stand together, so that they can be read aloud and typed."""
_GROUPS_PER_LINE = 5
_HUMAN = len("AGE-SECRET-KEY-1")
_QR = 52 * mm
_ROW = 9.6 * mm
_COMMAND = "$ "
"""Before what is typed."""


def share_sheet(share: RecoveryShare, key: Recipient, made: date) -> bytes:
    """One share of the recovery key, as a PDF of one page.

    Args:
        share: of the key's private half.
        key: its public half, so that whoever combines can see that it came out right.
        made: the day.
    """
    page = _Page(f"Recovery share {share.number} of {MADE}", "of the key that opens sealed evidence")
    page.facts(
        ("Set", str(share.set_number)),
        ("Opens", fingerprint(key)),
        ("Made", made.isoformat()),
        ("Needed", f"any {NEEDED} of {MADE} shares of this set"),
    )
    page.words(share.words)
    page.beside_code(
        " ".join(share.words),
        "What to do",
        (
            "Keep this page where only you can reach it. Make no photograph and no copy of it.",
            f"Alone it opens nothing. {NEEDED} shares open all that was sealed: ask who wants it, and why.",
            "When it is needed: meet another holder at a computer without network and type both pages:",
            _COMMAND + "takeback keys combine",
            "If it is lost or was seen: tell the service, which then makes a new set.",
        ),
    )
    return page.finish()


def identity_sheet(name: str, role: Role, identity: Identity, made: date) -> bytes:
    """A private key of a recipient, as a PDF of one page.

    Args:
        name: in the directory.
        role: in the directory.
        identity: the private key.
        made: the day.
    """
    key = public_key(identity)
    page = _Page("Private key", f"of {name} ({role}), for sealed evidence")
    page.facts(("Public key", key), ("Fingerprint", fingerprint(key)), ("Made", made.isoformat()))
    page.key(identity)
    page.beside_code(
        identity,
        "What to do",
        (
            "Whoever has this page can open what is sealed to it. Make no photograph of it.",
            "Give the service the public key only. Compare the fingerprint by telephone.",
            "To open evidence, type the key into a text file, as one line without gaps; then:",
            _COMMAND + "age -d -i FILE sealed/key.age >KEY",
            _COMMAND + "age -d -i KEY sealed/PART.age >PART",
            "If it is lost or was seen: tell the service, which then seals to a new one.",
        ),
    )
    return page.finish()


class _Page:
    """One page, filled from the top."""

    def __init__(self, title: str, of_what: str) -> None:
        self._file = io.BytesIO()
        self._canvas = Canvas(self._file, pagesize=A4, invariant=1)
        self._canvas.setTitle(title)
        self._y = _HEIGHT - _MARGIN - 9 * mm
        self._say(title, "Helvetica-Bold", 30, 12 * mm)
        self._say(of_what, "Helvetica", min(15, 15 * _TEXT / stringWidth(of_what, "Helvetica", 15)), 8 * mm)

    def facts(self, *lines: tuple[str, str]) -> None:
        """Draw the box at the top, which holders compare: name and value of each line."""
        self._y -= 2 * mm
        for what, value in lines:
            self._canvas.setFont("Helvetica", 11)
            self._canvas.drawString(_MARGIN, self._y, what)
            self._canvas.setFont("Courier-Bold", 11)
            self._canvas.drawString(_MARGIN + 27 * mm, self._y, value)
            self._y -= 6 * mm
        self._rule()

    def words(self, words: Sequence[str]) -> None:
        """Numbered, in columns that are read downwards."""
        rows = -(-WORDS // _COLUMNS)
        self._y -= 8 * mm
        for at, word in enumerate(words):
            x = _MARGIN + at // rows * _TEXT / _COLUMNS
            y = self._y - at % rows * _ROW
            self._canvas.setFont("Helvetica", 11)
            self._canvas.drawRightString(x + 8 * mm, y, f"{at + 1}.")
            self._canvas.setFont("Courier-Bold", 19)
            self._canvas.drawString(x + 11 * mm, y, word)
        self._y -= rows * _ROW - 4 * mm
        self._rule()

    def key(self, identity: Identity) -> None:
        """In groups; the gaps are no part of it."""
        human, data = identity[:_HUMAN], identity[_HUMAN:]
        groups = [data[at : at + _GROUP] for at in range(0, len(data), _GROUP)]
        self._y -= 10 * mm
        self._say(human, "Courier-Bold", 20, 12 * mm)
        for at in range(0, len(groups), _GROUPS_PER_LINE):
            self._say("  ".join(groups[at : at + _GROUPS_PER_LINE]), "Courier-Bold", 20, 12 * mm)
        self._say("Typed as one line: the gaps are only for reading.", "Helvetica", 11, 4 * mm)
        self._rule()

    def beside_code(self, secret: str, heading: str, sentences: Sequence[str]) -> None:
        """The secret as a QR code on the right, and sentences on the left of it."""
        top = self._y - 4 * mm
        self._code(secret, _WIDTH - _MARGIN - _QR, top - _QR)
        self._y = top - 5 * mm
        self._say(heading, "Helvetica-Bold", 15, 8 * mm)
        for sentence in sentences:
            font, points = ("Courier-Bold", 10) if sentence.startswith(_COMMAND) else ("Helvetica", 12.5)
            for line in simpleSplit(sentence.removeprefix(_COMMAND), font, points, _TEXT - _QR - 8 * mm):
                self._say(line, font, points, 5.6 * mm)
            self._y -= 2.2 * mm

    def finish(self) -> bytes:
        """The PDF."""
        self._canvas.showPage()
        self._canvas.save()
        return self._file.getvalue()

    def _say(self, text: str, font: str, points: float, down: float) -> None:
        self._canvas.setFont(font, points)
        self._canvas.drawString(_MARGIN, self._y, text)
        self._y -= down

    def _rule(self) -> None:
        self._canvas.setLineWidth(0.6)
        self._canvas.line(_MARGIN, self._y, _WIDTH - _MARGIN, self._y)

    def _code(self, text: str, left: float, bottom: float) -> None:
        rows = [bytes(row) for row in segno.make_qr(text, error="m").matrix]
        side = _QR / len(rows)
        for down, row in enumerate(rows):
            for right, dark in enumerate(row):
                if dark:
                    y = bottom + (len(rows) - 1 - down) * side
                    self._canvas.rect(left + right * side, y, side, side, stroke=0, fill=1)
