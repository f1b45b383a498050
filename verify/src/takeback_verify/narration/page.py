"""VERIFY.html: one page that checks packages in a browser, without network, after a double click.

It is put together here from its parts, always to the same bytes, so that the page in a package can be
compared with the page that this program would write. The page forbids itself to load anything: its policy
names the hashes of its own style and script, and nothing else.
"""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

SCRIPTS = (
    "bytes.js",
    "canonical.js",
    "names.js",
    "zipform.js",
    "zip.js",
    "container.js",
    "merkle.js",
    "note.js",
    "policy.js",
    "der.js",
    "stamp.js",
    "documents.js",
    "rounds.js",
    "exhibits.js",
    "story.js",
    "verdict.js",
    "page.js",
)
"""In the order in which they need each other."""

_IMPORT = re.compile(r"^import [^;]*?;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async |function |class |const )", re.MULTILINE)


@cache
def verify_page() -> bytes:
    """The whole page; it loads nothing."""
    folder = files("takeback_verify").joinpath("web")
    parts = (folder.joinpath(name).read_text("utf-8") for name in SCRIPTS)
    script = "\n".join(_EXPORT.sub("", _IMPORT.sub("", part)) for part in parts)
    style = folder.joinpath("page.css").read_text("utf-8")
    page = folder.joinpath("VERIFY.html").read_text("utf-8")
    for mark, content in (("STYLE", _hash(style)), ("SCRIPT", _hash(script))):
        page = page.replace(f"sha256-{mark}", f"sha256-{content}")
    return page.replace("/* style */", style).replace("/* script */", script).encode()


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
