"""Every page, on a phone and at a desk, by day and by night: looked at, and usable by everybody."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from browser import snapshot
from crowds import new_token
from soaking import quick

NARROWEST = 320
SMALLEST_TARGET = 44
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def pages(visitor, photograph):  # noqa: PLR0915 (a way is as long as it is)
    """Walk through all pages; the name of each, while it is open."""
    page, url = visitor.page, visitor.portal.url
    page.goto(url)
    yield "start"
    visitor.begins()
    yield "age"
    visitor.presses("Continue")
    yield "age-fault"
    page.get_by_label("No", exact=True).check()
    visitor.presses("Continue")
    yield "younger"
    visitor.begins()
    visitor.is_adult()
    yield "picture"
    visitor.adds(photograph)
    yield "picture-ready"
    page.get_by_text("Look closer at what is sent").click()
    yield "picture-closer"
    page.set_input_files("#file", {"name": "notes.txt", "mimeType": "image/png", "buffer": b"no picture"})
    page.locator(".picture > .fault:visible").wait_for()
    yield "picture-fault"
    visitor.presses("Continue")
    page.get_by_text("How do I get a link?").click()
    yield "where"
    visitor.tells_where("https://t.me/lake/7\nhttps://photos.example/a\n$Zq1:chat.example")
    page.get_by_text("People who help, in some places").click()
    yield "where-nobody"
    visitor.tells_where(
        "https://chat.example/#/room/!lake:chat.example/$V7x\n$Zq1:chat.example\nhttps://t.me/lake/7"
    )
    page.get_by_label("What happened").fill("I sent it to one person.\nLast week it was in a group.")
    yield "account"
    visitor.presses("Continue")
    visitor.presses("Continue")
    yield "statements-fault"
    visitor.signs()
    yield "contact"
    page.get_by_label("An e-mail address").fill("river@example.org")
    visitor.presses("Continue")
    yield "check"
    receipt = visitor.sends()
    yield "receipt"
    page.get_by_role("link", name="See how things stand").click()
    yield "status-waiting"
    visitor.portal.removes_copies()
    visitor.looks_up(receipt)
    yield "status"
    visitor.presses("Another receipt")
    yield "status-ask"
    visitor.looks_up("1234 5678 9012 3456 7891")
    yield "status-fault"
    visitor.begins()
    visitor.is_adult()
    visitor.presses("I do not have the picture")
    visitor.tells_where("https://www.instagram.com/p/abc")
    yield "where-nobody-at-all"
    page.goto(f"{url}/weather")
    page.goto(f"{url}/steps/4")
    yield "gone"
    token = new_token(visitor.portal)
    page.goto(f"{url}/with/{token}")
    yield "with-a-link"
    for name in ("with/ended", "busy", "privacy", "weather", "nothing-here", "cookies", "trouble/503"):
        page.goto(f"{url}/{name}")
        yield name.replace("/", "-")


@pytest.mark.parametrize(
    ("device", "scheme", "judged"),
    quick(
        ("phone", "light", True),
        every=[
            ("phone", "light", True),
            ("desktop", "dark", True),
            ("phone", "dark", False),
            ("desktop", "light", False),
        ],
    ),
)
def test_every_page_is_pictured_and_has_no_barrier(
    device, scheme, judged, new_page, visiting, photograph, listen
):
    # Both layouts and both sets of colours are judged; the other two pairs of them would say nothing new.
    visitor = visiting(new_page(device, scheme))
    listen(visitor.page)
    axe = Axe()
    found = {}
    for number, name in enumerate(pages(visitor, photograph), 1):
        snapshot(visitor.page, f"portal-{number:02d}-{name}-{device}-{scheme}")
        barriers = axe.run(visitor.page, options={"runOnly": TAGS}).response["violations"] if judged else []
        if barriers:
            found[name] = [
                (barrier["id"], [node["html"] for node in barrier["nodes"]]) for barrier in barriers
            ]
    assert found == {}


@pytest.mark.soak
@pytest.mark.parametrize("width", quick(NARROWEST, every=[NARROWEST, 640]))
def test_nothing_is_cut_off_or_too_small_to_press(width, new_page, visiting, photograph):
    """On the narrowest phone, and at twice the size of text in a window twice as wide."""
    visitor = visiting(new_page("phone", width=width))
    for name in pages(visitor, photograph):
        if width != NARROWEST:
            visitor.page.evaluate("document.documentElement.style.fontSize = '225%'")
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert visitor.page.evaluate(TOO_SMALL, SMALLEST_TARGET) == [], name
        if name in {"start", "picture-closer", "check", "receipt", "status"}:
            snapshot(visitor.page, f"portal-width-{width}-{name}")


TOO_SMALL = """least => [...document.querySelectorAll(
  "button, .top .leave, footer a, .main, .other, .choice, summary, input[type=text], textarea")]
  .filter((target) => target.checkVisibility() && !target.closest("[aria-hidden]"))
  .filter((target) => {
    const box = target.getBoundingClientRect();
    return box.width < least || box.height < least;
  })
  .map((target) => target.outerHTML.slice(0, 80))"""


@pytest.mark.soak
def test_a_language_from_right_to_left_needs_no_other_style(new_page, visiting):
    visitor = visiting(new_page("phone"))
    visitor.begins()
    visitor.page.evaluate("document.documentElement.dir = 'rtl'")
    snapshot(visitor.page, "portal-rtl-age")
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
    box = visitor.page.locator(".choice input").first.bounding_box()
    assert box is not None
    assert box["x"] > 195
