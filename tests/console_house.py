"""What the console's tests put on its table: cases, and a platform that holds benign pictures."""

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID, uuid4

import numpy as np
import uvicorn
from PIL import Image, ImageDraw, ImageFilter

import waiting
from takeback.app import App, keys_folder
from takeback.connectors.api import Action, Capabilities, Look, Receipt, State, Surface, Target, Vantage
from takeback.errors import Gone, NotAllowed
from takeback.ids import CaseId, SightingId
from takeback.infra import clock
from takeback.infra.http import serving
from takeback.infra.vault import seal
from takeback.staff import service
from takeback.staff.model import Role
from takeback.submissions import model as submissions

HOUR = timedelta(hours=1)


def picture(seed: int, width: int = 480, height: int = 360) -> bytes:
    """A benign picture with enough detail for a hash: a heap of coloured tiles."""
    random = np.random.default_rng(seed)
    canvas = Image.new("RGB", (width, height), tuple(random.integers(60, 200, 3).tolist()))
    pen = ImageDraw.Draw(canvas)
    for _ in range(60):
        left, top = random.integers(-40, width), random.integers(-40, height)
        across, down = random.integers(20, 160, 2)
        colour = tuple(random.integers(0, 256, 3).tolist())
        pen.ellipse((int(left), int(top), int(left + across), int(top + down)), fill=colour)
    data = io.BytesIO()
    canvas.filter(ImageFilter.GaussianBlur(1)).save(data, "JPEG", quality=90)
    return data.getvalue()


@dataclass
class Platform:
    """A platform in memory, for pages to look at: what it removes is gone."""

    name: str = "chat"
    pictures: dict[str, bytes] = field(default_factory=dict)
    messages: set[str] = field(default_factory=set)
    refuses: bool = False
    fetched: list[str] = field(default_factory=list)

    def capabilities(self) -> Capabilities:
        everybody = (Vantage.ANONYMOUS, Vantage.MEMBER, Vantage.ADMIN)
        return Capabilities((Surface.MESSAGE, Surface.MEDIA), everybody, tuple(Action))

    def fetch(self, media: str, max_bytes: int) -> bytes:
        assert max_bytes > 0
        self.fetched.append(media)
        if media not in self.pictures:
            raise Gone("M_NOT_FOUND")
        return self.pictures[media]

    def act(self, action: Action, target: Target, key: str) -> Receipt:
        assert key
        if self.refuses:
            raise NotAllowed("403 M_FORBIDDEN: the account may not do this")
        if action is Action.QUARANTINE_MEDIA:
            self.pictures.pop(target.media, None)
        else:
            self.messages.discard(target.message)
        return Receipt("done")

    def verify(self, target: Target) -> list[Look]:
        looks = []
        for surface, there in (
            (Surface.MESSAGE, target.message in self.messages),
            (Surface.MEDIA, target.media in self.pictures),
        ):
            state = State.PRESENT if there else State.ABSENT
            looks += [Look(surface, who, state, "200" if there else "404 M_NOT_FOUND") for who in Vantage]
        return looks

    def control(self) -> Target:
        self.messages.add("$control")
        self.pictures.setdefault("chat/control", b"")
        return Target("!control", "$control", "chat/control")

    def link(self, place: str, message: str) -> str:
        return f"https://chat.example/{quote(place)}/{quote(message)}"

    def close(self) -> None:
        pass


@dataclass
class House:
    """The console under test, and how a test puts things into it."""

    app: App
    platform: Platform
    origin: str

    def invite(self, name: str = "Ada Byron", role: Role = Role.ADMINISTRATOR) -> str:
        with self.app.database.transaction() as tx:
            return f"{self.origin}/welcome/{service.invite(tx, name, role, now=clock.now())}"

    def case(
        self,
        *,
        copies: int = 0,
        due_in: timedelta = 21 * HOUR,
        status: str = "open",
        account: str = "",
        contact: str = "",
        pictures: int = 1,
        locations: tuple[str, ...] = (),
        overdue: bool = False,
        opened_ago: timedelta = 3 * HOUR,
    ) -> CaseId:
        """A case as the workflow leaves it."""
        now = clock.now()
        report, case = uuid4(), CaseId(uuid4())
        told = submissions.Report(
            tuple(submissions.ReportedPicture(("ab" * 32,) * 8, 90) for _ in range(pictures)),
            locations=locations,
            account=account,
            statement_nonconsent=True,
            statement_good_faith=True,
            signature="K.",
            contact=contact,
            language="en",
        )
        recipient = seal.load_recipient(keys_folder(self.app.settings) / "portal")
        with self.app.database.transaction() as tx:
            tx.execute(
                "insert into submissions_report (id, locator, sealed, received_at) values (%s, %s, %s, %s)",
                (report, uuid4().bytes * 2, seal.seal(recipient, submissions.encode(told)), now - opened_ago),
            )
            tx.execute(
                "insert into cases_case values (%s, %s, %s, %s, 'house', %s, %s, %s)",
                (case, report, now - opened_ago, now + due_in, status, overdue, now),
            )
        for number in range(copies):
            self.add_copy(case, number, now)
        return case

    def add_copy(self, case: CaseId, number: int, now: datetime, data: bytes | None = None) -> SightingId:
        """A post in one of four rooms that shows the case's picture."""
        media, message = f"mxc://chat.example/{uuid4().hex[:12]}", f"${uuid4().hex[:12]}"
        self.platform.pictures[media] = data if data is not None else picture(number // 2)
        self.platform.messages.add(message)
        looked_back = number % 3 != 2
        with self.app.database.transaction() as tx:
            row = tx.execute(
                """
                insert into sightings_post
                (connector, place, message, media, sender, posted_at, seen_at, state, hash, sha256, quality,
                 signals_seq)
                values ('chat', %s, %s, %s, %s, %s, %s, 'read', %s, %s, 90, nextval('sightings_signals'))
                returning id
                """,
                (
                    f"!room{number % 4}:chat.example", message, media, f"@p{number % 5}:chat.example",
                    now - HOUR * (40 if looked_back else 1), now, b"\xab" * 32, b"\0" * 32,
                ),
            ).fetchone()  # fmt: skip
            assert row is not None
            tx.execute(
                "insert into cases_copy values (%s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    case, row[0], self._entry(tx, case), "look_back" if looked_back else "live",
                    (number * 5) % 31, number % 8 if number % 3 == 0 else 0, number % 7 == 6, now,
                ),
            )  # fmt: skip
        return SightingId(row[0])

    def _entry(self, tx, case: CaseId) -> UUID:
        row = tx.execute("select report_id from cases_case where id = %s", (case,)).fetchone()
        assert row is not None
        known = tx.execute("select id from bank_entry where report_id = %s", (row[0],)).fetchone()
        if known:
            return known[0]
        entry = uuid4()
        tx.execute(
            """
            insert into bank_entry values
            (%s, %s, 'seed', 90, (select coalesce(max(seq), 0) + 1 from bank_entry), now(), now())
            """,
            (entry, row[0]),
        )
        return entry


@contextmanager
def served(web, port_socket: socket.socket) -> Iterator[None]:
    """Serve an application in a thread, on a socket that is bound already."""
    server = uvicorn.Server(serving.configure(web))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [port_socket]})
    thread.start()
    try:
        waiting.until(lambda: server.started)
        yield
    finally:
        server.should_exit = True
        thread.join()
