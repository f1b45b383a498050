"""What we seal, other people's age opens; what other people's age makes, we take."""

import subprocess
from pathlib import Path

import pytest

import others
from takeback.infra.vault.exhibit_key import make_key
from takeback.infra.vault.recipients import Role
from takeback.infra.vault.sealing import open_stream, seal_stream
from takeback.infra.vault.shares import combine, new_identity, public_key, split

pytestmark = pytest.mark.agrees(others.AGE)

PART = b"WARC/1.1\r\n" + bytes(range(256)) * 1000


@pytest.fixture
def holders(tmp_path):
    """A private key in a file for each role but the reviewers, and one of somebody else."""
    made = {}
    for name in (*(role for role in Role if role is not Role.REVIEWERS), "stranger"):
        path = tmp_path / f"{name}.key"
        identity = new_identity()
        path.write_text(f"{identity}\n")
        made[name] = (path, public_key(identity))
    return made


@pytest.fixture
def capture(holders, tmp_path):
    """A folder with one capture's parts, sealed to everybody but the stranger."""
    key = make_key([recipient for name, (_, recipient) in holders.items() if name != "stranger"])
    (tmp_path / "key.age").write_bytes(key.sealed)
    with (tmp_path / "part.age").open("wb") as file:
        seal_stream([key.recipient], [PART], file.write)
    return tmp_path


def opened(capture: Path, identity: Path) -> subprocess.CompletedProcess[bytes]:
    """As the page of a private key says, in one line."""
    line = 'set -o pipefail; "$0" -d -i "$1" key.age | "$0" -d -i - part.age'
    return subprocess.run(
        ["bash", "-c", line, others.program("age"), identity],
        cwd=capture,
        capture_output=True,
        timeout=30,
        check=False,
    )


def test_each_holder_opens_a_capture_with_age_alone(holders, capture):
    for name, (identity, _) in holders.items():
        if name != "stranger":
            done = opened(capture, identity)
            assert (name, done.returncode, done.stdout == PART) == (name, 0, True)


def test_age_refuses_a_key_that_is_nobodys(holders, capture):
    done = opened(capture, holders["stranger"][0])
    assert done.returncode != 0
    assert done.stdout == b""
    assert b"no identity matched" in done.stderr


def test_a_key_put_together_from_shares_is_the_one_that_age_knows(holders, capture):
    path, recipient = holders[Role.RECOVERY]
    shares = split(path.read_text().strip())
    again = capture / "again.key"
    again.write_text(f"{combine(shares[1:])}\n")
    assert again.read_text() == path.read_text()
    said = subprocess.run(
        [others.program("age-keygen"), "-y", again], capture_output=True, text=True, timeout=30, check=True
    )
    assert said.stdout.strip() == recipient
    assert opened(capture, again).stdout == PART


def test_a_key_of_age_keygen_is_split_and_put_together(tmp_path):
    path = tmp_path / "made.key"
    subprocess.run([others.program("age-keygen"), "-o", path], capture_output=True, timeout=30, check=True)
    [line] = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert combine(split(line)[:2]) == line
    assert public_key(line) in path.read_text()


def test_what_age_sealed_is_opened_here():
    identity = new_identity()
    done = subprocess.run(
        [others.program("age"), "-r", public_key(identity)],
        input=PART,
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert open_stream([identity], done.stdout) == PART


def test_a_holder_hands_a_captures_key_on_to_another(holders, capture):
    line = 'set -o pipefail; "$0" -d -i "$1" key.age | "$0" -r "$2" -o handed.age && mv handed.age key.age'
    lawyer, stranger = holders[Role.LAWYER][0], holders["stranger"]
    subprocess.run(
        ["bash", "-c", line, others.program("age"), lawyer, stranger[1]], cwd=capture, timeout=30, check=True
    )
    assert opened(capture, stranger[0]).stdout == PART
