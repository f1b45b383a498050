"""The files of tests/vectors/dossier/valid.zip, for tests that change them."""

import zipfile
from pathlib import Path

FOLDER = Path(__file__).parent / "vectors" / "dossier"
TRUST = (FOLDER / "trust.json").read_bytes()


def _read() -> tuple[str, dict[str, bytes]]:
    with zipfile.ZipFile(FOLDER / "valid.zip") as archive:
        names = archive.namelist()
        root = names[0].split("/")[0]
        files = {name.removeprefix(f"{root}/"): archive.read(name) for name in names}
    return root.removeprefix("takeback-dossier-"), files


DOSSIER, FILES = _read()
"""The package's id, and its files by name."""
