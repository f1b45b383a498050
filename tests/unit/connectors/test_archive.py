"""An old archive as a platform: read in order, from any place, and nothing in it can be changed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from takeback.connectors.api import Action, Recorder, State, Surface, Target
from takeback.connectors.archive import BATCH, FILES, ArchiveConnector, walk
from takeback.errors import Gone, NotAllowed, Unavailable, Unreadable, WhyUnreadable
from takeback.infra import clock

TARGET = Target("b", "b/c.jpg", "b/c.jpg")


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b/c.jpg", "b/d/e.png", "b.jpg", "z/y.gif", ".hidden", ".cache/x.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(name.encode())
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    (tmp_path / "up").symlink_to(tmp_path.parent)
    return tmp_path


@pytest.fixture
def archive(folder):
    return ArchiveConnector("old", str(folder), 100)


def names(batch):
    return [post.message for post in batch.posts]


def test_files_come_in_order_without_hidden_ones_and_links(archive):
    batch = archive.watch(FILES, None)
    assert names(batch) == ["a.jpg", "b/c.jpg", "b/d/e.png", "b.jpg", "z/y.gif"]
    assert batch.done
    assert [post.place for post in batch.posts] == [".", "b", "b/d", ".", "z"]
    assert batch.cursor == "z/y.gif"


def test_a_file_is_a_post_with_one_picture(archive):
    post = archive.watch(FILES, None).posts[1]
    assert [(media.address, media.size) for media in post.media] == [("b/c.jpg", 7)]
    assert post.posted_at.tzinfo is not None


def test_batches_follow_each_other_and_can_be_asked_for_again(tmp_path):
    for n in range(2 * BATCH + 5):
        (tmp_path / f"{n:04}.jpg").touch()
    archive = ArchiveConnector("old", str(tmp_path), 100)
    first = archive.watch(FILES, None)
    second = archive.watch(FILES, first.cursor)
    third = archive.watch(FILES, second.cursor)
    assert [first.done, second.done, third.done] == [False, False, True]
    assert names(first) + names(second) + names(third) == sorted(path.name for path in tmp_path.iterdir())
    assert archive.watch(FILES, first.cursor) == second
    assert ArchiveConnector("old", str(tmp_path), 100).watch(FILES, second.cursor) == third
    assert archive.watch(FILES, third.cursor).posts == ()


WORDS = st.lists(st.sampled_from(["a", "a!", "a.b", "b", "c"]), min_size=1, max_size=3).map("/".join)


@settings(suppress_health_check=list(HealthCheck))
@given(files=st.sets(WORDS, max_size=12), cursor=WORDS)
def test_from_any_name_on_come_exactly_those_after_it(tmp_path_factory, files, cursor):
    folder = tmp_path_factory.mktemp("files")
    for name in sorted(files, key=len, reverse=True):
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    everything = [file.name for file in walk(folder, "", ())]
    assert everything == sorted(everything, key=lambda name: name.split("/"))
    after = cursor.split("/")
    assert [file.name for file in walk(folder, "", tuple(after))] == [
        name for name in everything if name.split("/") > after
    ]


def test_a_file_is_fetched(archive):
    assert archive.fetch("b/d/e.png", 100) == b"b/d/e.png"


def test_a_file_that_is_not_there_is_gone(archive):
    with pytest.raises(Gone):
        archive.fetch("b/nothing.jpg", 100)


def test_a_file_that_is_too_long_is_not_read(archive):
    with pytest.raises(Unreadable) as refused:
        archive.fetch("b/d/e.png", 3)
    assert refused.value.why is WhyUnreadable.TOO_MANY_BYTES


@pytest.mark.parametrize("name", ["../secret", "b/../../secret"])
def test_nothing_outside_is_fetched(archive, folder, name):
    (folder.parent / "secret").write_text("no")
    with pytest.raises((Gone, Unavailable)):
        archive.fetch(name, 100)


def test_a_folder_that_is_not_mounted_is_not_gone(tmp_path):
    archive = ArchiveConnector("old", str(tmp_path / "nowhere"), 100)
    for ask in (lambda: archive.watch(FILES, None), lambda: archive.fetch("a.jpg", 100)):
        with pytest.raises(Unavailable, match="not a folder"):
            ask()
    assert [look.state for look in archive.verify(TARGET)] == [State.UNDETERMINED]
    assert not Path(tmp_path / "nowhere").exists()


def test_a_look_says_whether_the_file_is_there(archive, folder):
    assert [(look.surface, look.state) for look in archive.verify(TARGET)] == [(Surface.MEDIA, State.PRESENT)]
    (folder / "b" / "c.jpg").unlink()
    assert [look.state for look in archive.verify(TARGET)] == [State.ABSENT]


def test_nothing_can_be_removed_and_it_says_so(archive, folder):
    assert archive.capabilities().actions == ()
    with pytest.raises(NotAllowed, match="nothing can be removed"):
        archive.act(Action.QUARANTINE_MEDIA, TARGET, "key")
    assert (folder / "b" / "c.jpg").exists()


def test_nobody_has_links_into_it(archive):
    assert archive.locate("b/c.jpg") is None


def test_a_file_is_recorded_as_it_lies_there_with_its_path_and_time(archive, folder):
    before = clock.now()
    made = archive.record(TARGET, 100)
    [file] = made.exchanges
    assert isinstance(archive, Recorder)
    assert made.picture == file.body == b"b/c.jpg"
    assert file.url == (folder / "b" / "c.jpg").as_uri()
    assert file.modified_at == datetime.fromtimestamp((folder / "b" / "c.jpg").stat().st_mtime, UTC)
    assert before <= file.at <= clock.now()
    assert (made.target, made.sender, made.posted_at, made.file) == (TARGET, "", file.modified_at, 0)


def test_what_is_not_there_too_long_or_outside_is_not_recorded(archive, folder):
    with pytest.raises(Gone):
        archive.record(Target("b", "b/nothing.jpg", "b/nothing.jpg"), 100)
    with pytest.raises(Unreadable) as refused:
        archive.record(TARGET, 3)
    assert refused.value.why is WhyUnreadable.TOO_MANY_BYTES
    with pytest.raises(Gone):
        archive.record(Target("..", "../x", f"../{folder.name}-x/y"), 100)


def test_a_file_is_there_until_it_is_deleted_and_an_archive_that_is_away_says_nothing(
    archive, folder, tmp_path
):
    assert archive.exists("b", "b/c.jpg")
    (folder / "b" / "c.jpg").unlink()
    assert not archive.exists("b", "b/c.jpg")
    with pytest.raises(Unavailable):
        ArchiveConnector("old", str(tmp_path / "nowhere"), 100).exists("b", "b/c.jpg")
