"""The bag's own four files (BagIt 1.0, RFC 8493), each with one possible content.

They are what other people's tools read. They prove nothing here, so they may hold nothing that is not
computed from the rest: section 3 of the format.
"""

from collections.abc import Iterable
from datetime import datetime

BAG_FILES = ("bag-info.txt", "bagit.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt")
TAG_FILES = ("VERIFY.html", "VERIFY.txt", *BAG_FILES[:3])
"""Files that the tag manifest lists, by rising name."""
PAYLOAD = "data/"

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def format_bag_info(made: datetime, dossier: str, size: int, count: int, service: str) -> bytes:
    """bag-info.txt.

    Args:
        made: when the package was put together, in UTC.
        dossier: the package's id.
        size: bytes of all files below data/.
        count: how many files that are.
        service: who made it.
    """
    return (
        f"Bagging-Date: {made:%Y-%m-%d}\n"
        f"External-Identifier: {dossier}\n"
        f"Payload-Oxum: {size}.{count}\n"
        f"Source-Organization: {service}\n"
    ).encode()


def format_manifest(digests: Iterable[tuple[str, bytes]]) -> bytes:
    """manifest-sha256.txt or tagmanifest-sha256.txt: each file's name and SHA-256, by rising name."""
    return "".join(f"{digest.hex()}  {name}\n" for name, digest in sorted(digests)).encode()
