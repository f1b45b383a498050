"""A real console on a real database."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import databases
from console_house import House, Platform, served
from takeback.app import App, keys_folder, look_back_parts
from takeback.bank.index import BankIndex
from takeback.entrypoints.console.app import create_app
from takeback.infra.config import Settings
from takeback.infra.db.pool import Database
from takeback.infra.vault import keys
from takeback.infra.vault.unseal import Unsealer
from takeback.signals.sandbox import Decoder


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder(processes=2) as opened:
        yield opened


@pytest.fixture
def house(postgres: databases.Server, decoder: Decoder, tmp_path: Path) -> Iterator[House]:
    bound = socket.create_server(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    settings = Settings(data=tmp_path, console_port=port, undo_seconds=10)
    platform = Platform()
    with postgres.fresh() as url, Database(url) as database:
        unsealer = Unsealer(keys.ensure(keys_folder(settings)))
        parts = look_back_parts(settings, database)
        app = App(settings, database, {"chat": platform}, decoder, unsealer, BankIndex(), *parts)
        with served(create_app(app), bound):
            yield House(app, platform, f"http://localhost:{port}")
