"""`takeback demo`: the whole way on one machine, to be walked by a person or, with --check, by a program."""

import json
import sys
import threading
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Annotated

import typer

from takeback.dossier.trusting import trust_of
from takeback.errors import ConfigurationError, NotReady, TakebackError
from takeback.infra import clock, process
from takeback.infra.db.pool import Database
from takeback.staff import service as staff
from takeback.staff.model import Role
from takeback_dev import pictures
from takeback_dev.demo import check, room_page, scenario
from takeback_dev.demo.outside import LAWYER_KEY
from takeback_dev.demo.processes import Processes, free_port, start_processes
from takeback_verify.core.trust import format_trust

STOPPED = 130
"""Exit code after Ctrl-C before the end, as shells have it."""


def demo(
    check_only: Annotated[
        bool, typer.Option("--check", help="Walk the way without a person and print one line of JSON.")
    ] = False,
    cache: Annotated[
        Path, typer.Option(help="Folder for Synapse's own environment, kept, and the demo's data, made anew.")
    ] = Path(".cache"),
    dossier: Annotated[
        Path | None,
        typer.Option(help="With --check: also write the case's evidence package there, and verify it."),
    ] = None,
    trust: Annotated[
        Path | None, typer.Option(help="With --dossier: also write the trust file that belongs to it there.")
    ] = None,
) -> None:
    """Watch a reported picture being found, reviewed, removed from a real chat server, and seen to be gone.

    Everything runs on this machine and is reachable from this machine only; the pictures are painted.
    """
    if (dossier is not None and not check_only) or (trust is not None and dossier is None):
        raise typer.BadParameter("--dossier needs --check, and --trust needs --dossier")
    stop = process.begin()
    began = time.monotonic()

    def say(text: str) -> None:
        print(
            f"[{time.monotonic() - began:5.1f} s] {text}",
            file=sys.stderr if check_only else sys.stdout,
            flush=True,
        )

        if stop.is_set():
            raise typer.Exit(STOPPED)

    if check_only:
        wanted = None if dossier is None else check.Wanted(dossier.resolve(), trust and trust.resolve())
        raise typer.Exit(_check(cache, say, stop, wanted))
    with start_processes(cache.resolve(), say, stop, evidence=True) as processes:
        copies = cycle(scenario.EDITS)
        with room_page.serve(
            processes.member_view,
            processes.scenario.room,
            free_port(8183),
            lambda: processes.scenario.post_copy(next(copies)),
        ) as room:
            print(
                _what_to_try(processes, room, _picture_file(cache), _trust_file(processes, cache)), flush=True
            )
            processes.service.run(stop)
        print("Stopping ...", flush=True)
    print("Stopped.", flush=True)


def _check(
    cache: Path, say: Callable[[str], None], stop: threading.Event, wanted: check.Wanted | None
) -> int:
    evidence = wanted is not None
    try:
        with start_processes(cache.resolve(), say, stop, evidence=evidence, undo_seconds="0") as processes:
            result = check.walk(processes, say, stop, wanted)
    except (ConfigurationError, NotReady):
        raise
    except TakebackError as error:
        print(f"takeback: {error}", file=sys.stderr)
        return 1
    print(json.dumps(check.as_line(result)), flush=True)
    return 0 if result.holds else 1


def _picture_file(cache: Path) -> Path:
    """The picture as a file that a person can choose in the portal."""
    path = cache.resolve() / "demo" / "the-picture.jpg"
    path.write_bytes(pictures.encode(scenario.the_picture(), "JPEG", quality=95))
    return path


def _trust_file(processes: Processes, cache: Path) -> Path:
    """What a stranger needs to check a package, and would have got another way."""
    path = cache.resolve() / "demo" / "trust.json"
    path.write_bytes(format_trust(trust_of(processes.settings)))
    return path


def _what_to_try(processes: Processes, room: str, picture: Path, trust: Path) -> str:
    with Database(processes.service.database_url) as database, database.transaction() as tx:
        token = staff.invite(tx, "administrator", Role.ADMINISTRATOR, now=clock.now())
    addresses = processes.service.addresses()
    return f"""
  The room     {room}
               a public chat room with {len(processes.scenario.others)} landscapes
               and {len(processes.scenario.copies)} copies of one picture
  The portal   {addresses["portal"]}
               where a person reports; choose this file as "the picture":
               {picture}
  The console  {processes.settings.console_url}/welcome/{token}
               where staff decide; this link signs you in once, as the first administrator
  The API      {addresses["api"]}

  What to try
    1. Look at the room. Then report the picture in the portal; keep the receipt.
    2. Open the console: the case is there, with the copies that were posted before the report.
    3. Decide. Watch the copies go, in the console and in the room, and ask the portal with the receipt.
    4. Press "Post another copy" in the room: it is removed without anybody's doing.
    5. Open the case again, press "Evidence package", and download it: one file that proves itself. The
       portal hands it out as well, for the receipt. Check it, without trusting who made it:
       .venv/bin/takeback-verify takeback-dossier-*.zip --trust {trust}
       (and --open {trust.with_name(LAWYER_KEY)} looks into the sealed parts, as the lawyer can)
       or unpack it, open VERIFY.html, and give the page the two files.
    6. Ctrl-C, then `takeback ledger verify` recomputes the log of all that happened:
       export TAKEBACK_DATA={processes.settings.data}
       TAKEBACK_LEDGER_ORIGIN={processes.settings.ledger_origin} .venv/bin/takeback ledger verify

  Ctrl-C stops all of it.
"""
