"""`takeback backfill`: take an old archive in, as if all of it had just been posted.

The archive is a connector with one stream, read as a watcher reads: a batch and the place where it ends are
committed together, under a lease, so whatever ends this process in between, nothing is lost or done twice.
What is new is that the next batches are read while one is committed, so that all cores decode all the time.
"""

import os
import secrets
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from takeback.app import App, open_app
from takeback.bank import service as bank
from takeback.connectors.api import Batch
from takeback.connectors.archive import FILES, ArchiveConnector
from takeback.errors import ConfigurationError, LeaseLost, PlatformError, WhyUnreadable
from takeback.infra import clock
from takeback.infra.config import Settings
from takeback.matching import service as matching
from takeback.matching.reading import read_closely
from takeback.sightings import leases, registry
from takeback.sightings import service as sightings
from takeback.sightings.model import Later, Lease, Reading, Seen

STOPPED = 130
_AHEAD = 4
"""Batches that are being read while one is committed."""
_AGAIN = "what was read is kept; the same command goes on from there"


def backfill(
    source: Annotated[str, typer.Argument(help="A folder, or s3://bucket/prefix.")],
    name: Annotated[
        str | None, typer.Option(help="What the archive is called. Default: the last word of SOURCE.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Pictures decoded at once. Default: one for each core.")
    ] = None,
) -> None:
    """Hash an old archive into the sightings, so that present and later entries find what is in it.

    Every file is taken for a picture or clip; hidden files and links are left out. Files that cannot be read
    are counted by reason. Ctrl-C or a crash loses nothing: the same command goes on where it stopped.
    Matches become copies of their cases as always. Nothing is changed in the archive.
    """
    if "://" not in source:
        source = str(Path(source).expanduser().absolute())
    called = name or source.rstrip("/").rpartition("/")[2]
    if not called:
        raise ConfigurationError(f"{source} has no name of its own; give one with --name")
    settings = Settings()
    settings = settings.model_copy(update={"decoders": processes or os.cpu_count() or 1})
    console, stop = Console(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with open_app(settings) as app:
        archive = ArchiveConnector(called, source, settings.max_media_bytes)
        with app.database.transaction() as tx:
            registry.open_source(tx, archive.name, source, clock.now())
            leases.open_stream(tx, archive.name, FILES, None)
            bank.refresh(tx, app.index)
        with _progress(console) as progress:
            run = _Backfill(app, archive, stop, _Shown(progress))
            try:
                ended = run.run()
            except PlatformError as error:
                raise ConfigurationError(f"{error}; {_AGAIN}") from error
        _say(console, app, archive, run.done, ended=ended)
    if not ended:
        raise typer.Exit(STOPPED)


@dataclass(slots=True)
class _Done:
    files: int = 0
    matches: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)


class _Shown:
    """The one line of progress."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID = progress.add_task("starting", total=None, matches=0, speed=0.0)

    def total(self, files: int) -> None:
        self._progress.update(self._task, total=files)

    def say(self, what: str) -> None:
        self._progress.update(self._task, description=what)

    def at(self, files: int, done: _Done) -> None:
        elapsed = self._progress.tasks[0].elapsed or 1.0
        self._progress.update(
            self._task, completed=files, matches=done.matches, speed=done.files / max(elapsed, 0.001)
        )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]:.0f} files/s"),
        TextColumn("{task.fields[matches]} matches"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


class _Backfill:
    """One run over an archive."""

    def __init__(self, app: App, archive: ArchiveConnector, stop: threading.Event, shown: _Shown) -> None:
        self._app = app
        self._archive = archive
        self._stop = stop
        self._shown = shown
        self._ended = threading.Event()
        self._length = timedelta(seconds=app.settings.lease_seconds)
        self.done = _Done()

    def run(self) -> bool:
        """Read on to the end; False if it was stopped before. Raises PlatformError."""
        threading.Thread(target=self._count, name="count", daemon=True).start()
        try:
            while (lease := self._take()) is not None:
                try:
                    return self._read_under(lease)
                except LeaseLost:  # this one was too slow, and another reads on from what was committed
                    self._shown.say("another process took over")
            return not self._stop.is_set()
        finally:
            self._ended.set()

    def _read_under(self, lease: Lease) -> bool:
        let_go = threading.Event()
        sealer = threading.Thread(target=self._keep, args=[lease, let_go], name="lease")
        sealer.start()
        readers = ThreadPoolExecutor(self._app.settings.decoders * 2, thread_name_prefix="read")
        try:
            return self._read_on(lease, readers)
        finally:
            readers.shutdown(cancel_futures=True)
            let_go.set()
            sealer.join()
            with self._app.database.transaction() as tx:
                leases.release(tx, lease)

    def _take(self) -> Lease | None:
        """The stream's lease; None if all was read, or it was stopped while another held it."""
        holder = f"{os.getpid()}-{secrets.token_hex(4)}"
        while not self._stop.is_set():
            with self._app.database.transaction() as tx:
                lease = leases.lease(tx, self._archive.name, holder, self._length)
                if lease is not None or leases.is_done(tx, self._archive.name, FILES):
                    return lease
            self._shown.say("waiting for another process that reads this archive")
            self._stop.wait(0.5)
        return None

    def _read_on(self, lease: Lease, readers: ThreadPoolExecutor) -> bool:
        with self._app.database.transaction() as tx:
            before = sightings.of_connector(tx, self._archive.name)
        self._shown.say("reading")
        ahead = deque[tuple[Batch, list[Future[Reading]]]]()
        cursor, listed = lease.cursor, False
        while not self._stop.is_set():
            while not listed and len(ahead) < _AHEAD:
                batch = self._archive.watch(FILES, cursor)
                ahead.append((batch, [readers.submit(self._read, post.message) for post in batch.posts]))
                cursor, listed = batch.cursor, batch.done
            if not ahead:
                return True
            batch, readings = ahead.popleft()
            self._commit(lease, batch, [each.result() for each in readings])
            self._shown.at(before.files + self.done.files, self.done)
        return False

    def _read(self, media: str) -> Reading:
        app = self._app
        return read_closely(self._archive, app.decoder, app.index, media, app.settings.max_media_bytes)

    def _commit(self, lease: Lease, batch: Batch, readings: list[Reading]) -> None:
        seen = [
            Seen(post, post.message, reading) for post, reading in zip(batch.posts, readings, strict=True)
        ]
        with self._app.database.transaction() as tx:
            ids = matching.commit_batch(
                tx, self._app.index, lease, seen, batch.cursor, done=batch.done, now=clock.now()
            )
            matches = matching.matched(tx, [each for each in ids if each is not None])
        self.done.files += len(seen)
        self.done.matches += matches
        for reading in readings:
            match reading:
                case WhyUnreadable():
                    self.done.unreadable[reading.value] += 1
                case Later():
                    self.done.unreadable["tried again later"] += 1
                case _:
                    pass

    def _keep(self, lease: Lease, let_go: threading.Event) -> None:
        while not let_go.wait(self._length.total_seconds() / 3):
            try:
                with self._app.database.transaction() as tx:
                    leases.renew(tx, lease, self._length)
            except LeaseLost:  # the next commit says so
                return
            except psycopg.OperationalError:  # renewed with the next turn, if it is back
                continue

    def _count(self) -> None:
        """Count the files beside the reading: time left is known when this is."""
        count = 0
        try:
            for _ in ArchiveConnector("", self._archive.source, 0).files():
                count += 1
                if self._ended.is_set():
                    return
        except PlatformError:  # the reading says so
            return
        self._shown.total(count)


def _say(console: Console, app: App, archive: ArchiveConnector, done: _Done, *, ended: bool) -> None:
    with app.database.transaction() as tx:
        whole = sightings.of_connector(tx, archive.name)
    say: Callable[[str], None] = lambda text: console.print(text, markup=False, highlight=False)  # noqa: E731 - plain text, four times
    if ended and done.files == 0:
        say(f"{archive.name} was read to its end before; to read it again give it another --name.")
    else:
        say(f"{archive.name}: {done.files} files read now, matches found: {done.matches}")
        for reason, count in done.unreadable.most_common():
            say(f"  {count} not read: {reason.replace('_', ' ')}")
    say(f"{archive.name}: {whole.files} files in all, {whole.files - whole.read} of them not read")
    if not ended:
        say(f"Stopped; {_AGAIN}.")
