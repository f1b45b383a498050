"""No entry point imports at its start what only some of its work needs (`takeback/when_used.py`)."""

import subprocess
import sys

import pytest

EVERYWHERE = {
    "alembic", "av", "cv2", "daft", "pyhanko", "pypdfium2", "ray", "reportlab", "rich", "segno",
    "shamir_mnemonic", "sqlalchemy", "takeback_dev", "webauthn",
}  # fmt: skip
"""What no entry point needs before somebody asks for it."""
CLIENTS = {"aiohttp", "httpx", "requests"}
"""HTTP clients beside `infra/outbound.py`."""
PAGES_ONLY = {"PIL", "httpx2", "numpy", "procrastinate", "warcio"}
"""The service's parts; the public portal and a witness have none of them."""
WEB = {"fastapi", "jinja2", "uvicorn"}
COMMANDS = PAGES_ONLY | WEB | {"cryptography", "psycopg", "pydantic_settings"}
LACKS = {
    "takeback.entrypoints.portal.__main__": PAGES_ONLY,
    "takeback.entrypoints.console.__main__": set(),
    "takeback.entrypoints.api.__main__": set(),
    "takeback.entrypoints.worker.__main__": WEB,
    "takeback.entrypoints.watcher.__main__": WEB,
    "takeback.entrypoints.witness.app": PAGES_ONLY | {"psycopg"},
    "takeback.entrypoints.cli.main": COMMANDS,
}


@pytest.mark.parametrize("module", LACKS)
def test_what_an_entry_point_does_not_import_at_its_start(module: str) -> None:
    ask = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, check=True, timeout=120
    )
    assert not set(done.stdout.split()) & (EVERYWHERE | CLIENTS | LACKS[module])
