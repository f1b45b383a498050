"""`takeback staff`: the operator agrees where no second administrator can (H9)."""

import re

import pytest
from typer.testing import CliRunner

from takeback.entrypoints.cli import staff as command
from takeback.ids import StaffId
from takeback.infra import clock
from takeback.infra.config import Settings
from takeback.infra.db.pool import Database
from takeback.staff import request_rules, requests, service, store
from takeback.staff.model import Role


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(command, "Settings", lambda: Settings(_env_file=None, database_url=database_url))

    def running(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(command.app, list(words))
        return done.exit_code, done.output

    return running


def somebody(database: Database, name: str, role: Role) -> StaffId:
    """Who has been here for long."""
    with database.transaction() as tx:
        at = clock.now() - request_rules.MATURE
        made = requests.invite(tx, name, role, by=None, now=at)
        store.add_passkey(tx, made.request.staff, name.encode(), b"key", 0, at)
    return made.request.staff


def test_the_operator_agrees_where_there_is_one_administrator(database: Database, run):
    ada, ruth = somebody(database, "Ada", Role.ADMINISTRATOR), somebody(database, "Ruth", Role.REVIEWER)
    with database.transaction() as tx:
        asked = requests.invite(tx, "Ruth", Role.REVIEWER, by=ada, now=clock.now())
    assert run("requests") == (0, f"{asked.request.id} new_way_in Ruth asked by Ada for the operator\n")
    code, said = run("approve", str(asked.request.id)[:8])
    assert code == 0
    (token,) = re.findall(r"/welcome/([\w-]{43})$", said, re.MULTILINE)
    with database.transaction() as tx:
        assert service.use_link(tx, token, now=clock.now()) is None
        into = service.use_link(tx, token, code=asked.code, now=clock.now())
    assert into is not None
    assert into.member.id == ruth
    assert run("approve", str(asked.request.id)[:8])[0] == 1


def test_the_operator_is_refused_where_somebody_else_can_agree_and_can_stop_it(database: Database, run):
    ada, ruth = somebody(database, "Ada", Role.ADMINISTRATOR), somebody(database, "Ruth", Role.REVIEWER)
    somebody(database, "Bea", Role.ADMINISTRATOR)
    with database.transaction() as tx:
        asked = requests.change_role(tx, ruth, Role.ADMINISTRATOR, by=ada, now=clock.now())
    wanted = str(asked.request.id)
    assert run("requests")[1].endswith("asked by Ada for Bea\n")
    assert run("approve", wanted)[0] == 1
    assert run("refuse", wanted[:7])[0] == 1
    assert run("refuse", wanted) == (0, "Stopped.\n")
    assert run("requests") == (0, "")


def test_the_operator_opens_what_an_administrator_closed(database: Database, run):
    ada, bea = somebody(database, "Ada", Role.ADMINISTRATOR), somebody(database, "Bea", Role.ADMINISTRATOR)
    assert run("enable", "bea")[0] == 1
    with database.transaction() as tx:
        requests.disable(tx, bea, by=ada, now=clock.now())
    assert run("enable", "bea") == (0, "Bea is enabled.\n")
    assert run("enable", "nobody")[0] == 1
