"""Every page is photographed, dark and light, at a desk and on a phone, and looked over by axe."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from browser import NewPage, Scheme
from console_house import HOUR, House
from console_pictures import SIZES, check
from soaking import quick
from takeback.connectors.api import Deletion, Trouble, TroubleKind
from takeback.entrypoints.console.theme import COOKIE
from takeback.events import BatchSetAside, JobGaveUp, LocationUnusable, PictureUnreadable
from takeback.ids import ReportId, TargetId
from takeback.infra import clock
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.ledger.record import record
from takeback.jobs import Remove
from takeback.sightings import health, set_aside

OTHER: dict[Scheme, Scheme] = {"dark": "light", "light": "dark"}
"""What the system asks for while the other one is chosen: the choice counts."""


def not_watched(tx: Tx) -> None:
    """A note, a batch that was set aside, and a post of it that is left."""
    words = "The directory of the homeserver is empty."
    health.examined(tx, "matrix", [Trouble(TroubleKind.DIRECTORY_EMPTY, words, serious=False)])
    record(tx, BatchSetAside("matrix", "live", 2, "DataError"))
    gone = [Deletion("!a:chat.example", f"${'m' * 43}"), Deletion("!a:chat.example", "$n")]
    set_aside.put(tx, "matrix", "live", (None, "1"), gone[:1], "DataError")
    set_aside.put(tx, "matrix", "live", (None, "1"), gone, "DataError")


def work_waits(tx: Tx) -> None:
    """Jobs of another version, and one that a platform has us wait for."""
    for _ in range(3):
        tx.execute(
            "insert into procrastinate_jobs (queue_name, task_name, args)"
            " values ('default', 'of_tomorrow', '{}')"
        )
    enqueue(tx, Remove(TargetId(UUID(int=1))), at=clock.now() + timedelta(days=2))
    tx.execute("update procrastinate_jobs set attempts = 1 where task_name = 'remove'")


@pytest.mark.parametrize("scheme", quick("dark", every=["dark", "light"]))
@pytest.mark.parametrize("size", quick("narrow", every=["desktop", "narrow"]))
def test_every_page_looks_as_it_should(house: House, new_page: NewPage, scheme: Scheme, size: str):
    device, viewport = SIZES[size]
    page = new_page(device, OTHER[scheme])
    page.set_viewport_size(viewport)
    page.context.add_cookies([{"name": COOKIE, "value": scheme, "url": house.origin}])
    suffix = f"{size}-{scheme}"

    def at(path: str, name: str) -> None:
        page.goto(house.origin + path)
        check(page, f"{name}-{suffix}")

    at("/login", "login")
    at("/welcome/no-such-link", "link-ended")
    page.goto(house.invite())
    check(page, f"welcome-{suffix}")
    page.get_by_role("button", name="Come in").click()
    page.wait_for_url("**/account/setup")
    check(page, f"setup-{suffix}")
    at("/", "queue-empty")
    at("/attention", "attention-empty")
    at("/account/password", "password")
    at("/account", "account")
    with house.app.database.transaction() as tx:  # from here on she has a way back, and no page warns her
        tx.execute("update staff_account set password_hash = '-', totp_secret = '-'")

    main = house.case(
        copies=9, due_in=21 * HOUR + timedelta(minutes=30), contact="signal: +00 000",
        account="Someone I used to know put it into group chats. I never agreed.\nI found it by chance.",
        locations=("https://chat.example/#/room/$abc",),
    )  # fmt: skip
    house.case(copies=3, due_in=timedelta(minutes=45), opened_ago=23 * HOUR)
    house.case(copies=2, due_in=-2 * HOUR - timedelta(minutes=5), overdue=True, opened_ago=26 * HOUR)
    house.case(copies=1, due_in=5 * HOUR, status="second_look", opened_ago=19 * HOUR)
    waits = house.case(due_in=80 * HOUR, pictures=0, locations=("https://elsewhere.example/x",))
    house.case(copies=1, due_in=-1 * HOUR, status="removed")
    with house.app.database.transaction() as tx:
        record(tx, JobGaveUp("open_report", "report", "the database did not answer at 14 tries"))
        record(tx, LocationUnusable(ReportId(uuid4()), "no connected platform knows elsewhere.example"))
        for _ in range(3):
            record(tx, PictureUnreadable(1, "damaged"))
        not_watched(tx)
        work_waits(tx)
    at("/", "queue")
    at(f"/case/{main}", "case")
    at(f"/case/{waits}", "case-without-copies")
    page.goto(f"{house.origin}/case/{main}")
    page.get_by_role("radio", name="An intimate image, shared without consent").check()
    page.get_by_label("Intimate, and the person shown did not agree").check()
    check(page, f"case-deciding-{suffix}")
    if size == "desktop":
        page.keyboard.press("?")
        check(page, f"keys-{suffix}")
    at("/attention", "attention")
    page.goto(house.origin + "/staff")
    page.get_by_label("Name").first.fill("Grace Hopper")
    page.get_by_role("button", name="Invite").click()
    check(page, f"staff-{suffix}")
    at("/nothing/here", "not-here")
