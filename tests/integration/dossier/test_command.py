"""`takeback dossier`: one file, and the trust file that belongs to it."""

import pytest
from typer.testing import CliRunner

from dossiers import checked, the_log
from takeback.doors.cli import dossier as command
from takeback.facts import EvidenceAccessed
from takeback_verify.report import Verdict
from takeback_verify.trust import parse_trust

RUNNER = CliRunner()


@pytest.fixture
def run(house, monkeypatch):
    """The command, with the house's settings."""
    app = command.typer.Typer()
    app.command()(command.dossier)
    monkeypatch.setenv("TAKEBACK_DATA", str(house.app.settings.data))
    monkeypatch.setenv("TAKEBACK_DATABASE_URL", house.database.url)
    monkeypatch.setenv("TAKEBACK_BLOBS", house.app.keeper.blobs.where)
    return lambda *words: RUNNER.invoke(app, [*map(str, words)])


def test_a_package_and_its_trust_file_are_written_for_their_owner_only(house, case, run, tmp_path):
    package, trust = tmp_path / "case.zip", tmp_path / "trust.json"
    with the_log(house, tmp_path):
        done = run(case, "--to", package, "--trust", trust)
    assert done.exit_code == 0, done.output
    assert checked(package.read_bytes(), parse_trust(trust.read_bytes())).verdict is Verdict.VALID
    assert package.stat().st_mode & 0o777 == 0o600
    [asked] = house.facts(EvidenceAccessed)
    assert (asked.staff, asked.reason) == (None, "operator")


def test_a_case_that_is_not_there_is_said(house, run, tmp_path):
    with the_log(house, tmp_path):
        done = run("00000000-0000-0000-0000-000000000009")
    assert done.exit_code == command.CANNOT
    assert "There is no such case" in done.output


def test_nothing_asked_for_is_refused(run):
    assert run().exit_code != 0
