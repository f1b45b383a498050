"""Names that must not be found in what is handed out, and where they are looked for."""

import base64
import io
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote


def forms(name: str) -> Iterator[bytes]:
    """A name as it is, and as others write it: hexadecimal, per cent, JSON's escapes, base64."""
    data = name.encode()
    yield data
    yield data.hex().encode()
    yield quote(name, safe="").encode()
    yield quote(name).encode()
    yield name.encode("ascii", "backslashreplace")
    yield name.encode("utf-16-be")
    for before in range(3):
        coded = base64.b64encode(bytes(before) + data)
        yield coded[(4 if before else 0) : len(coded) - 4]
        yield base64.urlsafe_b64encode(bytes(before) + data)[(4 if before else 0) : len(coded) - 4]


def plain_bytes(package: bytes) -> Iterator[tuple[str, bytes]]:
    """Each file's name and content; of a PDF also the text that another program reads in it."""
    yield "names and headers of the zip", b"\n".join(_names(package))
    with zipfile.ZipFile(io.BytesIO(package)) as packed:
        for name in packed.namelist():
            data = packed.read(name)
            yield name, data
            if name.endswith(".pdf"):
                yield f"text of {name}", _text(data)


def found(package: bytes, name: str) -> list[str]:
    """Where in a package a name is to be read, in whatever form."""
    wanted = [form.lower() for form in forms(name)]
    return [
        where
        for where, data in plain_bytes(package)
        if any(form in lower for lower in (data.lower(),) for form in wanted)
    ]


def _names(package: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as packed:
        for info in packed.infolist():
            yield info.filename.encode() + info.comment + info.extra


def _text(pdf: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "it.pdf"
        path.write_bytes(pdf)
        done = subprocess.run(["pdftotext", "-raw", path, "-"], check=True, capture_output=True)
        about = subprocess.run(["pdfinfo", path], check=True, capture_output=True)
    # Cells break long names into lines.
    return done.stdout + b"\n" + b"".join(done.stdout.split()) + about.stdout
