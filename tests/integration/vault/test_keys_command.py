"""`takeback keys`: from a first key to a lost one, as people type it."""

import re
import stat
import subprocess
from datetime import date
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import cv2
import pytest
from typer.testing import CliRunner

from takeback.entrypoints.cli import keys
from takeback.errors import ConfigurationError
from takeback.infra.config import Settings
from takeback.infra.vault.recipients import Role, Use, directory_path, fingerprint, in_use, load_directory
from takeback.infra.vault.shares import new_identity, public_key, split
from takeback.infra.vault.sheets import identity_sheet, share_sheet

CASE, OTHER = UUID(int=1), UUID(int=2)
needs_poppler = pytest.mark.agrees("pdftoppm", "pdftotext")


class Said(NamedTuple):
    """What a command did."""

    exit: int
    out: str


@pytest.fixture
def takeback_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("TAKEBACK_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def run(*words: str | Path, typed: str = "") -> Said:
        done = CliRunner().invoke(keys.app, list(map(str, words)), input=typed)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Said(done.exit_code, done.output)

    return run


def directory(tmp_path):
    return load_directory(directory_path(Settings(data=tmp_path / "data")))


def add_as_told(run, told: str) -> None:
    """Types the line that `make` and `split` print."""
    [words] = re.findall(r"takeback keys (add .*)", told)
    assert run(*words.split()).exit == 0


def test_a_directory_grows_and_is_checked(takeback_keys, tmp_path):
    with pytest.raises(ConfigurationError, match="keys add"):
        takeback_keys("check")
    add_as_told(takeback_keys, takeback_keys("make", "law-clinic", "--role", "lawyer", "--to", "a").out)
    assert "no recovery key" in takeback_keys("check").out
    assert takeback_keys("check").exit == 1
    add_as_told(takeback_keys, takeback_keys("split", "--to", "b").out)
    checked = takeback_keys("check")
    assert (checked.exit, checked.out) == (
        0,
        "Well: evidence is sealed to law-clinic and the recovery key.\n",
    )
    tried = takeback_keys("check", "--identity", "a/law-clinic.key")
    assert "law-clinic's key, and opens" in tried.out
    listed = takeback_keys("list").out.splitlines()
    assert [line.split()[:3] for line in listed] == [
        ["lawyer", "law-clinic", "standing"],
        ["recovery", "recovery", "standing"],
    ]
    assert listed[0].endswith(fingerprint(in_use(directory(tmp_path), "law-clinic").key))


def test_what_is_secret_is_for_its_user_only_and_never_written_over(takeback_keys, tmp_path):
    said = takeback_keys("make", "court", "--role", "court", "--to", "new/folder")
    takeback_keys("split", "--to", "new/folder")
    files = sorted((tmp_path / "new" / "folder").iterdir())
    assert [path.name for path in files] == [
        "court.key",
        "court.pdf",
        *(f"recovery-share-{n}.pdf" for n in (1, 2, 3)),
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "new" / "folder").stat().st_mode) == 0o700
    (tmp_path / "new" / "folder" / "court.key").unlink()
    files = files[1:]
    before = [path.read_bytes() for path in files]
    for words in (("make", "court", "--role", "court"), ("split",)):
        with pytest.raises(ConfigurationError, match="not written over"):
            takeback_keys(*words, "--to", "new/folder")
    assert sorted((tmp_path / "new" / "folder").iterdir()) == files
    assert [path.read_bytes() for path in files] == before
    assert "SECRET" not in said.out


def test_only_the_recovery_key_is_not_enough(takeback_keys):
    add_as_told(takeback_keys, takeback_keys("split").out)
    assert "only the recovery key" in takeback_keys("check").out


def test_a_strangers_key_is_nobodys(takeback_keys, tmp_path):
    for told in (takeback_keys("make", "l", "--role", "lawyer"), takeback_keys("split")):
        add_as_told(takeback_keys, told.out)
    takeback_keys("make", "stranger", "--role", "lawyer")
    checked = takeback_keys("check", "--identity", "stranger.key")
    assert (checked.exit, "nobody's in the directory" in checked.out) == (1, True)
    (tmp_path / "words.key").write_text("only words\n")
    assert "does not hold one age private key" in takeback_keys("check", "--identity", "words.key").out
    assert "cannot read" in takeback_keys("check", "--identity", "nothing.key").out


def test_rotation_leaves_the_old_key_listed(takeback_keys, tmp_path):
    for told in (takeback_keys("make", "l", "--role", "lawyer"), takeback_keys("split")):
        add_as_told(takeback_keys, told.out)
    old, new = in_use(directory(tmp_path), "l").key, public_key(new_identity())
    assert "Keep the old one" in takeback_keys("rotate", "l", new).out
    assert in_use(directory(tmp_path), "l").key == new
    assert [each.use for each in directory(tmp_path).members if each.key == old] == [Use.RETIRED]
    assert "l's key (retired, lawyer)" in takeback_keys("check", "--identity", "l.key").out
    assert takeback_keys("retire", "l").exit == 0
    with pytest.raises(ConfigurationError, match="no key in use"):
        takeback_keys("rotate", "l", old)


def test_a_person_is_for_her_case_and_for_more_of_them(takeback_keys, tmp_path):
    key = public_key(new_identity())
    takeback_keys("add", "person", "p-1", key, "--case", CASE)
    takeback_keys("add", "person", "p-1", key, "--case", OTHER)
    member = in_use(directory(tmp_path), "p-1")
    assert (member.role, member.use, member.cases) == (Role.PERSON, Use.CASES, (CASE, OTHER))
    with pytest.raises(ConfigurationError, match="already"):
        takeback_keys("add", "person", "p-2", key)
    with pytest.raises(ConfigurationError, match="not an age public key"):
        takeback_keys("add", "court", "c", "age1nonsense")


@pytest.mark.parametrize("name", ["Mia", "a b", "../up", ""])
def test_a_name_that_the_directory_refuses_makes_no_key(takeback_keys, tmp_path, name):
    with pytest.raises(ConfigurationError, match="no name"):
        takeback_keys("make", name, "--role", "lawyer")
    with pytest.raises(ConfigurationError, match="no name"):
        takeback_keys("split", "--name", name)
    assert not list(tmp_path.rglob("*.*"))


def test_two_holders_type_their_shares(takeback_keys, tmp_path):
    identity = new_identity()
    first, _, third = (" ".join(share.words) for share in split(identity))
    other = " ".join(split(identity)[1].words)
    wrong = first.replace(first.split()[3], "mistake", 1)
    said = takeback_keys("combine", "--to", "k", typed=f"{wrong}\n{third}\n{third}\n{other}\n{first}\n")
    assert said.exit == 0
    assert (tmp_path / "k").read_text() == f"{identity}\n"
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o600
    assert "word 4 is in no share" in said.out
    assert "the same share again" in said.out
    assert fingerprint(public_key(identity)) in said.out
    with pytest.raises(ConfigurationError, match="not written over"):
        takeback_keys("combine", "--to", "k")


def test_shares_are_read_from_files(takeback_keys, tmp_path):
    identity = new_identity()
    shares = split(identity)
    for share in shares:
        (tmp_path / f"{share.number}.txt").write_text(" ".join(share.words))
    assert takeback_keys("combine", "--to", "k", "--share", "3.txt", "--share", "2.txt").exit == 0
    assert (tmp_path / "k").read_text() == f"{identity}\n"
    with pytest.raises(ConfigurationError, match="2 different shares"):
        takeback_keys("combine", "--to", "other", "--share", "1.txt")
    (tmp_path / "1.txt").write_text("not a share")
    with pytest.raises(ConfigurationError, match=r"1\.txt: word 1 is in no share"):
        takeback_keys("combine", "--to", "other", "--share", "1.txt", "--share", "2.txt")
    with pytest.raises(ConfigurationError, match="cannot read"):
        takeback_keys("combine", "--to", "other", "--share", "4.txt", "--share", "2.txt")
    assert not (tmp_path / "other").exists()


def test_an_existing_key_is_split(takeback_keys):
    takeback_keys("make", "old", "--role", "recovery")
    assert "age1" in takeback_keys("split", "--identity", "old.key").out


def pages_of(pdf: bytes, folder: Path) -> tuple[str, list[Path]]:
    """(the text, pictures of the pages)."""
    (folder / "sheet.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", "150", "-png", "sheet.pdf", "page"], cwd=folder, timeout=60, check=True)
    text = subprocess.run(
        ["pdftotext", "-layout", "sheet.pdf", "-"],
        cwd=folder,
        timeout=60,
        check=True,
        capture_output=True,
        text=True,
    )
    return text.stdout, sorted(folder.glob("page*.png"))


def code_on(page: Path) -> str:
    return cv2.QRCodeDetector().detectAndDecode(cv2.imread(str(page)))[0]


@needs_poppler
def test_a_shares_sheet_says_what_is_needed_on_one_page(tmp_path):
    identity = new_identity()
    share = split(identity)[1]
    text, pages = pages_of(share_sheet(share, public_key(identity), date(2026, 11, 28)), tmp_path)
    numbered = dict(re.findall(r"(\d+)\.\s+([a-z]+)", text))
    assert [numbered[str(at)] for at in range(1, 34)] == list(share.words)
    for told in (
        "Recovery share 2 of 3",
        str(share.set_number),
        fingerprint(public_key(identity)),
        "2026-11-28",
    ):
        assert told in text
    assert identity not in text
    [page] = pages
    assert code_on(page) == " ".join(share.words)


@needs_poppler
def test_a_keys_sheet_holds_the_key_on_one_page(tmp_path):
    identity = new_identity()
    pdf = identity_sheet("law-clinic", Role.LAWYER, identity, date(2026, 11, 28))
    assert pdf == identity_sheet("law-clinic", Role.LAWYER, identity, date(2026, 11, 28))
    text, [page] = pages_of(pdf, tmp_path)
    assert identity in re.sub(r"\s", "", text)
    assert public_key(identity) in text
    assert code_on(page) == identity


@needs_poppler
def test_the_longest_names_stay_on_the_page(tmp_path):
    pdf = identity_sheet("n" * 63, Role.REVIEWERS, new_identity(), date(2026, 11, 28))
    text, pages = pages_of(pdf, tmp_path)
    assert "n" * 63 in re.sub(r"\s", "", text)
    [page] = pages
    margin = cv2.imread(str(page), cv2.IMREAD_GRAYSCALE)[:, -90:]
    assert margin.min() == 255
