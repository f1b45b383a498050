"""The page "Not compared": numbers for each platform, and a list behind each number."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from browser import Device, NewPage, Scheme
from console_house import House
from console_pictures import SIZES, check
from soaking import quick
from takeback.connectors.api import Batch, Survey, Unseen, UnseenKind
from takeback.entrypoints.console.theme import COOKIE
from takeback.infra import clock
from takeback.sightings import unseen
from takeback.sightings.unseen import PAGE
from takeback.staff.model import Role

FULL = Survey(listed=12, unlisted=3, watched=13)


def keep(house: House, *told: Unseen, survey: Survey | None = FULL) -> None:
    with house.app.database.transaction() as tx:
        unseen.keep(tx, "chat", Batch((), "", unseen=told, survey=survey), clock.now())


def add_files(house: House, reason: str, many: int) -> None:
    with house.app.database.transaction() as tx:
        tx.execute(
            "insert into sightings_post (connector, place, message, media, sender, posted_at, seen_at, state,"
            " reason) select 'chat', '!garden:chat.example', %s || n, 'mxc://chat.example/' || n,"
            " '@secret-poster:chat.example', now(), now(), 'unreadable', %s from generate_series(1, %s) n",
            [f"${reason}", reason, many],
        )


def shut(place: str, why: str, kind: UnseenKind = UnseenKind.SHUT_OUT) -> Unseen:
    return Unseen(kind, f"!{place}:chat.example", "", why)


def a_lot(house: House) -> None:
    keep(
        house,
        shut("market", "banned"),
        shut("cellar", "knock"),
        shut("attic-of-a-house-with-a-very-long-name-that-nobody-would-type", "invite"),
        shut(
            "harbour", "503: not an answer of a Matrix homeserver that we understand", UnseenKind.NOT_LISTED
        ),
        *(
            Unseen(UnseenKind.ADDRESS, "!garden:chat.example", f"$message{n}", "content.formatted_body")
            for n in range(7)
        ),
    )
    add_files(house, "too_many_pixels", PAGE + 3)
    add_files(house, "not_a_picture", 4)
    add_files(house, "too_slow", 1)


def come_in(page: Page, house: House) -> None:
    page.goto(house.invite("Grace Hopper", Role.REVIEWER))
    page.get_by_role("button", name="Come in").click()
    page.wait_for_url("**/account/setup")


@pytest.mark.parametrize("scheme", quick("dark", every=["dark", "light"]))
@pytest.mark.parametrize("size", quick("narrow", every=["desktop", "narrow"]))
def test_it_looks_as_it_should(house: House, new_page: NewPage, scheme: Scheme, size: str):
    device: Device
    viewport: ViewportSize
    device, viewport = SIZES[size]
    page = new_page(device, scheme)
    page.set_viewport_size(viewport)
    page.context.add_cookies([{"name": COOKIE, "value": scheme, "url": house.origin}])
    come_in(page, house)

    def at(path: str, name: str) -> None:
        page.goto(house.origin + path)
        check(page, f"{name}-{size}-{scheme}")

    at("/unseen", "unseen-not-counted")
    keep(house, survey=Survey(0, 5, 5))
    at("/unseen", "unseen-empty-directory")
    a_lot(house)
    at("/unseen", "unseen")
    at("/unseen/list?platform=chat&what=unreadable", "unseen-files")
    at("/unseen/list?platform=chat&what=shut_out", "unseen-rooms")
    at("/unseen/list?platform=chat&what=not_listed&why=none", "unseen-list-empty")
    at("/attention", "attention-shut-out")


@pytest.mark.soak
def test_each_number_leads_to_its_list_and_a_page_to_the_next(house: House, page: Page):
    """Carriers: what cannot be read was recorded as unreadable, and nobody was told."""
    a_lot(house)
    come_in(page, house)
    page.get_by_role("link", name="Later").click()
    page.get_by_role("link", name="Not compared").click()
    expect(
        page.get_by_text("13 of 15 public rooms are watched; 3 of them are outside the directory.")
    ).to_be_visible()
    page.get_by_role("link", name="more pixels than are decoded").click()
    lines = page.locator(".lines li")
    expect(lines).to_have_count(PAGE)
    expect(lines.first).to_contain_text("!garden:chat.example")
    link = lines.first.get_by_role("link")
    assert re.match(r"https://chat\.example/.+/.+too_many_pixels53", link.get_attribute("href") or "")
    assert link.get_attribute("rel") == "noreferrer noopener"
    page.get_by_role("link", name="Earlier ones").click()
    expect(lines).to_have_count(3)
    page.get_by_role("link", name=re.compile("^All")).click()
    expect(lines).to_have_count(PAGE)
    assert "secret-poster" not in page.content()
    assert page.locator("main img").count() == 0


def test_a_room_is_told_in_words_until_it_is_mended(house: House, page: Page):
    """Carriers: rooms that ban the moderation account; the only trace was a line in the log."""
    keep(house, shut("market", "banned"), shut("cellar", "knock"))
    come_in(page, house)
    page.goto(house.origin + "/attention")
    expect(page.get_by_role("heading", name="2 rooms shut us out in the last seven days")).to_be_visible()
    expect(page.get_by_text("Nothing needs a person.")).to_have_count(0)
    page.get_by_role("link", name="See which").click()
    expect(page.get_by_role("link", name="bans our account")).to_be_visible()
    keep(house, shut("cellar", "knock"))
    page.reload()
    expect(page.get_by_role("link", name="bans our account")).to_have_count(0)
    expect(page.get_by_role("link", name="asks for knocking")).to_be_visible()
    keep(house)
    page.reload()
    expect(page.get_by_text("Nothing else is known to be left out.")).to_be_visible()


@pytest.mark.parametrize(
    ("survey", "said"),
    [
        (Survey(0, 0, 0), "nothing is watched"),
        (Survey(0, 2, 2), "Public rooms are found in the server's own list instead."),
        (Survey(0, 0, 0, "403 M_FORBIDDEN: refused"), "It said: 403 M_FORBIDDEN: refused."),
        (Survey(2, 0, 2, "404: not an answer"), "public rooms outside the directory are not known"),
    ],
)
def test_what_is_not_known_of_the_rooms_is_said(house: House, page: Page, survey: Survey, said: str):
    """S6: an empty directory, and a server that does not give its list, are stated events and not silence."""
    keep(house, survey=survey)
    come_in(page, house)
    page.goto(house.origin + "/unseen")
    expect(page.get_by_text(said)).to_be_visible()
    if not survey.listed:
        expect(page.get_by_text("The directory of this platform is empty.")).to_be_visible()
    with house.app.database.transaction() as tx:
        tx.execute("update sightings_survey set at = at - %s", [timedelta(hours=1)])
    page.reload()
    expect(page.get_by_text("These numbers are old")).to_be_visible()


@pytest.mark.parametrize(
    "query", ["", "?platform=chat", "?platform=chat&what=other", "?platform=chat&what=address&before=x"]
)
def test_an_address_that_does_not_fit_is_said_to_be_so(house: House, page: Page, query: str):
    come_in(page, house)
    answer = page.goto(f"{house.origin}/unseen/list{query}")
    assert answer is not None
    assert answer.status == 422
