"""Make tests/vectors/dossier: a small package, its trust file, a key, and what the verifier says of it.

    .venv/bin/python tests/vectors/make_dossier.py

Authorities make new keys and new times each time, so this is run when the format changes, and not otherwise:
packages that were made once must be VALID for ever.
"""

import io
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent / "dossier"
sys.path.insert(0, str(Path(__file__).parents[1]))

import packages  # noqa: E402 -- the tests' own modules are found by the line above
from takeback_verify.command import check_bytes  # noqa: E402 -- same
from takeback_verify.narration.report import format_report_json  # noqa: E402 -- same


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = packages.World(Path(folder), name="vectors").package(page=b"<!doctype html><title>-</title>")
    FOLDER.mkdir(exist_ok=True)
    damaged = dict(made.files)
    name = f"data/exhibits/{made.captures[0]}/open/headers.json"
    damaged[name] = damaged[name].replace(b"png", b"gif")
    packages.rehashed(damaged)
    for stem, data in (("valid", made.zip), ("invalid", packages.zipped(made.id, damaged))):
        (FOLDER / f"{stem}.zip").write_bytes(data)
        report = check_bytes(io.BytesIO(data), made.trust, made.key)
        (FOLDER / f"{stem}.report.json").write_bytes(format_report_json(report))
    (FOLDER / "trust.json").write_bytes(made.trust)
    (FOLDER / "key.txt").write_text(made.key)


if __name__ == "__main__":
    main()
