"""Pages of a PDF as a reader shows them, and the pictures that lie on them; for the study child only.

PDFium renders, built without JavaScript and without XFA forms; it opens no file and no address here. A
picture object is also taken as it is stored: on the page it may be small, cut by the edge, or lie under
another.
"""

from collections.abc import Iterator
from contextlib import closing
from functools import partial

import numpy as np
import pypdfium2 as pdfium

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.parts import names
from takeback.signals.parts.budget import Budget, guarded
from takeback.signals.parts.decode import said_as_unreadable
from takeback.signals.parts.view import Still
from takeback.signals.pdq.reference import Pixels

MOST_PAGES = 24
MOST_PICTURES = 48
"""Of one document."""
RENDERED_SIDE = 1400
"""Pixels of a page's longer side."""
_MOST_SCALE = 8.0
_DEEPEST = 6
"""Forms within forms."""
_MOST_OBJECTS = 5_000
"""Of a page; drawings can have very many."""


def walk_pdf(data: bytes, name: str, budget: Budget) -> Iterator[Still]:
    """Yield the pages of a PDF, then the pictures on them. Raises Unreadable: DAMAGED, also when it wants a
    password.
    """
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise Unreadable(WhyUnreadable.DAMAGED, str(error)[:200]) from error
    with said_as_unreadable(), closing(document):
        count = len(document)
        budget.leave_out(count - MOST_PAGES)
        pages = range(min(count, MOST_PAGES))
        for number in pages:
            inside = names.join(name, f"page:{number + 1}") if number else name
            yield Still(inside, partial(_page, document, number, budget))
        taken = 0
        for number in pages:
            for still in guarded(_on_page(document, number, name, budget), budget):
                taken += 1
                if taken > MOST_PICTURES:
                    budget.leave_out()
                else:
                    yield still


def _on_page(document: pdfium.PdfDocument, number: int, name: str, budget: Budget) -> Iterator[Still]:
    with closing(document[number]) as page:
        for order, picture in enumerate(_pictures(page), 1):
            inside = names.join(name, f"page:{number + 1}/image:{order}")
            yield Still(inside, partial(_picture, picture, budget))


def _pictures(page: pdfium.PdfPage) -> Iterator[pdfium.PdfImage]:
    found = page.get_objects(max_depth=_DEEPEST)
    for _, each in zip(range(_MOST_OBJECTS), found, strict=False):
        if isinstance(each, pdfium.PdfImage):
            yield each


def _page(document: pdfium.PdfDocument, number: int, budget: Budget) -> Pixels:
    with said_as_unreadable(), closing(document[number]) as page:
        width, height = page.get_size()
        scale = min(RENDERED_SIDE / max(width, height, 1.0), _MOST_SCALE)
        budget.take_pixels(max(1, round(width * scale)), max(1, round(height * scale)))
        return _rgb(page.render(scale=scale))


def _picture(picture: pdfium.PdfImage, budget: Budget) -> Pixels:
    with said_as_unreadable():
        budget.take_pixels(*picture.get_px_size())
        return _rgb(picture.get_bitmap(render=False))


def _rgb(bitmap: pdfium.PdfBitmap) -> Pixels:
    return np.ascontiguousarray(np.asarray(bitmap.to_pil().convert("RGB")), dtype=np.uint8)
