"""pyHanko as it checks a seal, beside the stand-in for the HTTP client that it asks for."""

from takeback.dossier import pades

# isort: split
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

__all__ = ["PdfFileReader", "ValidationContext", "pades", "validate_pdf_signature"]
