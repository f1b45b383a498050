"""S4: strangers who try to log in hold up nobody who is known, over real HTTP, with the shared transport."""

import socket
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx2
import pyotp
import pytest

from console_house import House, Platform, served
from takeback.app import App, keys_folder, look_back_parts
from takeback.bank.index import BankIndex
from takeback.entrypoints.console.app import create_app
from takeback.infra import clock
from takeback.infra.config import Settings
from takeback.infra.db.pool import Database
from takeback.infra.vault import keys
from takeback.infra.vault.unseal import Unsealer
from takeback.signals.sandbox import Decoder
from takeback.staff import service
from takeback.staff.model import Role
from takeback.staff.secret import load_secret

PASSWORD = "violet anchor 93 soup"
GENERATOR = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
EARLIER = timedelta(minutes=5)
WRONG = {"password": "wrong wrong wrong", "code": "000000"}


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    """A console with a member who has a password."""
    bound = socket.create_server(("127.0.0.1", 0))
    settings = Settings(data=tmp_path, console_port=bound.getsockname()[1])
    with Decoder(processes=1) as decoder:
        parts = look_back_parts(settings, database)
        app = App(
            settings, database, {}, decoder, Unsealer(keys.ensure(keys_folder(settings))), BankIndex(), *parts
        )
        with served(create_app(app), bound):
            house = House(app, Platform(), f"http://localhost:{settings.console_port}")
            _set_password(house)
            yield house


def _set_password(house: House) -> None:
    then = clock.now() - EARLIER
    secret = load_secret(keys_folder(house.app.settings))
    with house.app.database.transaction() as tx:
        into = service.use_link(tx, service.invite(tx, "Ada", Role.REVIEWER, now=then), now=then)
        assert into is not None
        session = service.resume(tx, into.token, now=then)
        assert session is not None
        code = pyotp.TOTP(GENERATOR).at(then)
        service.set_password(tx, secret, session, PASSWORD, GENERATOR, code, now=then)


def browser(house: House) -> httpx2.Client:
    return httpx2.Client(base_url=house.origin, headers={"origin": house.origin}, timeout=60)


def log_in(http: httpx2.Client, house: House) -> float:
    """The seconds that it took."""
    with house.app.database.transaction() as tx:
        tx.execute("update staff_account set totp_used = totp_used - 10")
    code = pyotp.TOTP(GENERATOR).now()
    begun = time.perf_counter()
    answer = http.post("/login", data={"name": "Ada", "password": PASSWORD, "code": code})
    assert (answer.status_code, answer.headers.get("location")) == (303, "/"), answer.text
    return time.perf_counter() - begun


def test_s4_beside_a_crowd_that_tries_names_who_is_known_comes_in_at_once(house: House):
    """S4: invented names and her own, from her own address, as fast as twenty programs can."""
    with browser(house) as hers, ThreadPoolExecutor(20) as strangers:
        alone = statistics.median(log_in(hers, house) for _ in range(3))
        assert any(name.endswith("-known") for name in hers.cookies)
        stop: list[bool] = []

        def try_names(number: int) -> set[int]:
            said = set()
            with browser(house) as http:
                while not stop:
                    name = "Ada" if number % 2 else f"nobody {time.monotonic_ns()}"
                    said.add(http.post("/login", data={"name": name, **WRONG}).status_code)
            return said

        crowd = [strangers.submit(try_names, number) for number in range(20)]
        try:
            beside = statistics.median(log_in(hers, house) for _ in range(3))
        finally:
            stop.append(True)
        assert set().union(*(each.result() for each in crowd)) <= {403, 429}
    assert beside < 10 * alone + 1, (alone, beside)


@pytest.mark.parametrize("name", ["Ada", "Nobody"])
def test_a_wrong_password_takes_the_same_time_whether_the_name_exists_or_not(house: House, name: str):
    with browser(house) as http:
        begun = time.perf_counter()
        assert http.post("/login", data={"name": name, **WRONG}).status_code == 403
        assert time.perf_counter() - begun >= service.FLOOR.total_seconds()
