import os
from typing import cast

import pyrage
import pytest
from fastapi.testclient import TestClient

from drafts import MemoryDrafts
from takeback.entrypoints.portal.app import create_app
from takeback.infra.config import PortalSettings
from takeback.infra.db.pool import Database


@pytest.fixture
def settings(tmp_path) -> PortalSettings:
    (tmp_path / "intake.recipient").write_text(str(pyrage.x25519.Identity.generate().to_public()))
    (tmp_path / "pepper").write_text(os.urandom(32).hex())
    return PortalSettings(
        portal_keys=tmp_path, service_name="Takeback", leave_url="/weather", portal_links="(?:chat://.*)"
    )


@pytest.fixture
def drafts() -> MemoryDrafts:
    return MemoryDrafts()


@pytest.fixture
def client(settings, drafts) -> TestClient:
    """A browser that follows no redirection by itself."""
    return TestClient(
        create_app(settings, cast("Database", drafts)),
        raise_server_exceptions=False,
        follow_redirects=False,
    )
