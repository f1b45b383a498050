"""Asking both verifiers about a package: the program, and VERIFY.html in a browser."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page

from packages import World
from takeback_verify.command import check_bytes
from takeback_verify.narration.report import Report

Files = dict[str, bytes]
Then = Callable[[World, Files, list[int]], None]
"""What an insider does to a package's files, and to the places of the entries that are opened."""


def opened(page: Page, page_file: Path) -> Page:
    """The page from its file, where whatever it asks for is a failure."""
    page.on(
        "request", lambda request: None if request.url == page_file.as_uri() else pytest.fail(request.url)
    )
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(page_file.as_uri())
    return page


def answer(page: Page, package: bytes, trust: bytes | None) -> dict[str, Any]:
    """What the page says of a package; the trust file stays chosen when none is given."""
    page.evaluate("document.getElementById('result').hidden = true")
    if trust is not None:
        file = FilePayload(name="trust.json", mimeType="application/json", buffer=trust)
        page.set_input_files("#trust", file)
    file = FilePayload(name="dossier.zip", mimeType="application/zip", buffer=package)
    page.set_input_files("#package", file)
    page.wait_for_selector("#result:not([hidden])")
    return json.loads(page.get_attribute("#result", "data-report") or "")


CHOOSE = """async (package) => {
  const result = document.getElementById("result");
  const letters = Uint8Array.from(atob(package), (letter) => letter.charCodeAt(0));
  const chosen = new DataTransfer();
  chosen.items.add(new File([letters], "dossier.zip"));
  result.hidden = true;
  const shown = new Promise((done) => {
    const watch = new MutationObserver(() => result.hidden || done(watch.disconnect()));
    watch.observe(result, { attributes: true, attributeFilter: ["hidden"] });
  });
  const input = document.getElementById("package");
  input.files = chosen.files;
  input.dispatchEvent(new Event("change"));
  await shown;
  return result.dataset.report;
}"""


def next_answer(page: Page, package: bytes) -> dict[str, Any]:
    """What the page says of another package; chosen by a script, which is quicker by far."""
    return json.loads(page.evaluate(CHOOSE, base64.b64encode(package).decode()))


def by_program(package: bytes, trust: bytes, key: str | None = None) -> Report:
    """What the program says of it."""
    return check_bytes(io.BytesIO(package), trust, key)
