"""The parts of pyHanko that seal a PDF, without the second HTTP client that pyHanko asks for.

pyHanko imports aiohttp when it is imported, for two names in annotations. A stand-in with these two names
takes its place, so that no process holds a client beside `infra/outbound.py`: whatever of pyHanko tried to
reach a network would end with an AttributeError. No lock file has aiohttp; pip installs it beside the wheel,
and nothing imports it (`tests/integration/dossier/test_one_client.py`).
"""

import sys
from types import ModuleType


class _NoClient(ModuleType):
    """Stands for aiohttp, and can do nothing."""

    class BasicAuth:
        """Named in annotations."""

    class ClientSession:
        """Named in annotations."""


sys.modules["aiohttp"] = _NoClient("aiohttp")

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError, extract_ts_certs
from pyhanko_certvalidator.registry import SimpleCertificateStore

__all__ = [
    "IncrementalPdfFileWriter",
    "SigSeedSubFilter",
    "SimpleCertificateStore",
    "TimeStamper",
    "TimestampRequestError",
    "extract_ts_certs",
    "signers",
]
