"""`takeback dossier`: one file, and the trust file that belongs to it."""

import pytest
from typer.testing import CliRunner

from canaries import plain_bytes
from dossiers import checked, the_log
from takeback.entrypoints.cli import dossier as command
from takeback.events import EvidenceAccessed
from takeback_verify.core.findings import Verdict
from takeback_verify.core.trust import parse_trust

RUNNER = CliRunner()


@pytest.fixture
def run(house, monkeypatch):
    """The command, with the house's settings."""
    app = command.typer.Typer()
    app.command()(command.dossier)
    monkeypatch.setenv("TAKEBACK_DATA", str(house.app.settings.data))
    monkeypatch.setenv("TAKEBACK_DATABASE_URL", house.database.url)
    monkeypatch.setenv("TAKEBACK_BLOBS", house.app.sealer.blobs.where)
    return lambda *words: RUNNER.invoke(app, [*map(str, words)])


def test_a_package_and_its_trust_file_are_written_for_their_owner_only(house, case, run, tmp_path):
    package, trust = tmp_path / "case.zip", tmp_path / "trust.json"
    with the_log(house, tmp_path):
        done = run(case, "--to", package, "--trust", trust)
    assert done.exit_code == 0, done.output
    assert checked(package.read_bytes(), parse_trust(trust.read_bytes())).verdict is Verdict.VALID
    assert package.stat().st_mode & 0o777 == 0o600
    [asked] = house.events(EvidenceAccessed)
    assert (asked.staff, asked.reason) == (None, "operator")


@pytest.mark.soak
@pytest.mark.agrees("pdftotext")
def test_times_stand_in_the_zone_that_is_named_or_set(house, case, run, tmp_path, monkeypatch):
    """E4: the zone is an option of the command, and a setting."""
    with the_log(house, tmp_path):
        assert run(case, "--to", tmp_path / "seoul.zip", "--time-zone", "Asia/Seoul").exit_code == 0
        monkeypatch.setenv("TAKEBACK_TIME_ZONE", "Asia/Shanghai")
        assert run(case, "--to", tmp_path / "set.zip").exit_code == 0
    for name, said in (("seoul.zip", b"UTC+09:00"), ("set.zip", b"UTC+08:00")):
        texts = [data for where, data in plain_bytes((tmp_path / name).read_bytes()) if "text of" in where]
        assert len(texts) == 4
        assert all(said in text for text in texts)
    refused = run(case, "--to", tmp_path / "no.zip", "--time-zone", "Nowhere/Land")
    assert refused.exit_code != 0
    assert "is not a time zone" in " ".join(refused.output.split())


def test_a_case_that_is_not_there_is_said(house, run, tmp_path):
    with the_log(house, tmp_path):
        done = run("00000000-0000-0000-0000-000000000009")
    assert done.exit_code == command.CANNOT
    assert "There is no such case" in done.output


def test_nothing_asked_for_is_refused(run):
    assert run().exit_code != 0
