"""Packages of others that register a platform, put into a folder as an installer does."""

import re
from pathlib import Path

from repository import read


def register(folder: Path, registered: str, **files: str) -> None:
    """Install packages into a folder, as an installer does."""
    information = folder / "others-1.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1\n")
    (information / "entry_points.txt").write_text(f"[takeback.connectors]\n{registered}\n")
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)


def documented() -> tuple[str, str]:
    """The line that registers the example of docs/connectors.md, and its module."""
    text = read("docs/connectors.md")
    [module] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    [line] = re.findall(r"^shelf = .*$", text, re.MULTILINE)
    return line.replace('"', ""), module
