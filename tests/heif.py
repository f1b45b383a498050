"""Let tests write HEIF files, which the service itself cannot: they are still read as it reads them."""

import pi_heif
import pillow_heif

import takeback.signals.parts.decode  # noqa: F401 - registers first, so that what follows is the last word

pillow_heif.register_heif_opener()
pi_heif.register_heif_opener(thumbnails=False, decode_threads=1)
