"""Previews for the review pages, made in the decoder process: nothing but pixels leaves it."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageFilter

from takeback.signals.decoder.wire import Request
from takeback.signals.pdq.reference import Pixels

_BLURRED_SIDE = 12
"""Pixels that are left of a picture in a blurred preview: light and dark, hardly more."""


def preview(rgb: Pixels, request: Request) -> bytes:
    """Return a JPEG made from nothing but pixels, so that no metadata can come along."""
    # Every n-th pixel first, so that a huge picture is not copied; what is left is four times what is shown.
    step = max(1, max(rgb.shape[:2]) // (4 * request.max_side))
    image = Image.fromarray(np.ascontiguousarray(rgb[::step, ::step]))
    image.thumbnail((request.max_side, request.max_side), Image.Resampling.LANCZOS)
    if request.grey:
        image = image.convert("L")
    if request.blur:
        size = image.size
        # What the blur hides must not be in the file: few pixels are kept, the rest is drawn between them.
        image.thumbnail((_BLURRED_SIDE, _BLURRED_SIDE), Image.Resampling.BOX)
        image = image.resize(size, Image.Resampling.BICUBIC)
        image = image.filter(ImageFilter.GaussianBlur(max(size) / (3 * _BLURRED_SIDE)))
    out = BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()
