"""Asking both verifiers about a package: the program, and VERIFY.html in a browser."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page

from takeback_verify.command import check_bytes
from takeback_verify.report import Report


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


def by_program(package: bytes, trust: bytes, key: str | None = None) -> Report:
    """What the program says of it."""
    return check_bytes(io.BytesIO(package), trust, key)


def say(capsys: pytest.CaptureFixture[str], sentence: str) -> None:
    """A number for whoever reads the tests' output."""
    with capsys.disabled():
        sys.stdout.write(f"\n{sentence}\n")
