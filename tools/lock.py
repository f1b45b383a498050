"""Renew the lock files: every part and its parts by version and hash, for every platform, naming no index."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = {
    "runtime": ["pyproject.toml"],
    "dev": ["pyproject.toml", "--extra", "sweep", "--group", "dev"],
    # Installed into the same environment as either of the two, so nothing in it may be of another version.
    "build": ["--group", "build", "--constraints", "lock/dev.txt"],
    "synapse": ["--group", "synapse"],
}

for name, sources in LOCKS.items():
    print(f"lock/{name}.txt ...", flush=True)
    subprocess.run(  # noqa: S603 - our own tool, from our own environment
        [
            Path(sys.executable).with_name("uv"), "pip", "compile", "--quiet", "--upgrade", "--universal",
            "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url",
            "--no-emit-package", "takeback-verify",
            "--custom-compile-command", "make lock", "--output-file", f"lock/{name}.txt", *sources,
        ],
        cwd=ROOT,
        check=True,
    )  # fmt: skip
