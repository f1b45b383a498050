"""Files in a folder and in an object store, by the same calls."""

from datetime import UTC, datetime, timedelta

import pytest

from s3_in_memory import BUCKET, s3_in_memory
from takeback.connectors.archive import BATCH, FILES, ArchiveConnector
from takeback.errors import ConfigurationError, Gone, NotFound, StorageUnavailable, Unavailable
from takeback.infra.blobs import Blobs

BODY = bytes(range(256)) * 40


@pytest.fixture
def s3(monkeypatch):
    with s3_in_memory() as (files, environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield files


@pytest.fixture(params=["folder", "s3"])
def blobs(request, tmp_path):
    if request.param == "folder":
        return Blobs(str(tmp_path / "made" / "when missing"))
    request.getfixturevalue("s3")
    return Blobs(f"s3://{BUCKET}/some/prefix")


def test_what_was_put_is_there_until_it_is_deleted(blobs):
    blobs.put("days/2026/a.parquet", BODY)
    assert blobs.get("days/2026/a.parquet") == BODY
    assert blobs.size("days/2026/a.parquet") == len(BODY)
    assert [(blob.name, blob.size) for blob in blobs.walk("days")] == [("days/2026/a.parquet", len(BODY))]
    blobs.delete("days/2026/a.parquet")
    blobs.delete("days/2026/a.parquet")
    assert list(blobs.walk("days")) == []
    for ask in (blobs.get, blobs.size):
        with pytest.raises(NotFound):
            ask("days/2026/a.parquet")


def test_a_part_of_a_file_is_read_alone(blobs):
    blobs.put("dossier/a.zip", BODY)
    assert blobs.get_range("dossier/a.zip", 1000, 300) == BODY[1000:1300]
    assert blobs.get_range("dossier/a.zip", len(BODY) - 1, 1) == BODY[-1:]
    with pytest.raises(NotFound):
        blobs.get_range("dossier/b.zip", 0, 1)


@pytest.mark.parametrize("pieces", [0, 1, 30, 1200], ids="{} pieces".format)
def test_what_was_written_in_pieces_is_there_whole(blobs, pieces):
    with blobs.writing("evidence/a/b.age") as file:
        for _ in range(pieces):
            assert file.write(BODY) == len(BODY)
        assert list(blobs.walk()) == []
    assert blobs.get("evidence/a/b.age") == BODY * pieces


@pytest.mark.parametrize("pieces", [1, 1200])
def test_what_was_not_written_to_its_end_is_not_there(blobs, pieces):
    blobs.put("a", b"as it was")

    def give_up(name: str) -> None:
        with blobs.writing(name) as file:
            for _ in range(pieces):
                file.write(BODY)
            raise KeyError

    for name in ("a", "b"):
        with pytest.raises(KeyError):
            give_up(name)
    assert [blob.name for blob in blobs.walk()] == ["a"]
    assert blobs.get("a") == b"as it was"
    if blobs.folder is not None:
        assert [path.name for path in blobs.folder.rglob("*") if path.is_file()] == ["a"]
    assert blobs.sweep_drafts(datetime.now(UTC) + timedelta(days=1)) == 0


def test_a_file_ends_once(blobs):
    with blobs.writing("a") as file:
        file.write(b"x")
    with pytest.raises(ValueError, match="after its end"):
        file.write(b"y")
    with pytest.raises(ValueError, match="twice"):
        file.finish()


def test_a_name_that_cannot_be_written_is_said(tmp_path):
    blobs = Blobs(str(tmp_path))
    blobs.put("a", b"a file")
    with pytest.raises(StorageUnavailable, match="cannot write"), blobs.writing("a/b") as file:
        file.write(b"x")
    assert blobs.get("a") == b"a file"


def test_a_prefix_is_whole_words(blobs):
    for name in ("days/a", "days/b/c", "dayspring"):
        blobs.put(name, b"x")
    assert sorted(blob.name for blob in blobs.walk("days")) == ["days/a", "days/b/c"]
    assert len(list(blobs.walk())) == 3


def test_an_empty_place_has_no_files(blobs):
    assert list(blobs.walk("days")) == []


@pytest.mark.usefixtures("s3")
def test_other_programs_find_a_file_by_its_url(tmp_path):
    assert Blobs(str(tmp_path)).url("a/b") == str(tmp_path / "a/b")
    assert Blobs(f"s3://{BUCKET}/prefix/").url("a/b") == f"s3://{BUCKET}/prefix/a/b"


@pytest.mark.parametrize("where", ["nonsense://x", "s3://"])
def test_an_address_of_nothing_is_refused(where):
    with pytest.raises(ConfigurationError, match="cannot use"):
        Blobs(where)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot use"):
        Blobs(str(tmp_path / "file" / "inside"))


def test_a_store_that_does_not_answer_is_not_empty(monkeypatch):
    with s3_in_memory() as (_, environment):
        pass
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("takeback.infra.blobs._RETRY", {"max_retries": 0})
    blobs = Blobs(f"s3://{BUCKET}")

    def write() -> None:
        with blobs.writing("a") as file:
            file.write(bytes(12 << 20))

    for ask in (lambda: blobs.get("a"), lambda: blobs.put("a", b""), write, lambda: list(blobs.walk())):
        with pytest.raises(StorageUnavailable):
            ask()
    archive = ArchiveConnector("old", f"s3://{BUCKET}", 100)
    for ask in (lambda: archive.fetch("a", 9), lambda: archive.watch(FILES, None)):
        with pytest.raises(Unavailable):
            ask()


def test_an_archive_in_an_object_store_is_read_in_order_from_any_file(s3):
    names = [f"{n % 3}/{n:03}.jpg" for n in range(BATCH + 20)]
    s3.update({f"old/{name}": name.encode() for name in names})
    s3["other/x.jpg"] = b"x"
    archive = ArchiveConnector("old", f"s3://{BUCKET}/old", 100)
    first = archive.watch(FILES, None)
    second = archive.watch(FILES, first.cursor)
    assert [post.message for post in (*first.posts, *second.posts)] == sorted(names)
    assert (first.done, second.done) == (False, True)
    assert ArchiveConnector("old", f"s3://{BUCKET}/old", 100).watch(FILES, first.cursor) == second
    assert archive.fetch(names[5], 100) == names[5].encode()
    with pytest.raises(Gone):
        archive.fetch("nothing.jpg", 100)
