"""What is said of links that nobody here can follow, and what else can be done about them."""

from datetime import date

import pytest

from takeback.entrypoints.portal.links import door_of
from takeback.law.doors import load_doors, load_helpers

DOORS = load_doors()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("https://t.me/lake/7", "Telegram"),
        ("t.me/lake/7", "Telegram"),
        ("HTTPS://T.ME/lake", "Telegram"),
        ("https://www.instagram.com/p/abc/", "Instagram"),
        ("old.reddit.com/r/x/1", "Reddit"),
        ("https://notreddit.com/r/x", None),
        ("https://reddit.com.example/", None),
        ("https://[", None),
        ("$event:chat.example", None),
        ("a friend told me, on t.me", None),
        ("", None),
    ],
)
def test_a_platform_is_known_by_its_host(line, name):
    """H4: what can be done instead is said by platform where it is known."""
    door = door_of(line, DOORS)
    assert (None if door is None else door.name) == name


def test_every_row_has_its_source_and_day_and_no_host_twice():
    hosts = [host for door in DOORS for host in door.hosts]
    assert len(hosts) == len(set(hosts))
    for row in (*DOORS, *load_helpers()):
        assert row.source
        assert row.checked <= date(2026, 11, 30)
    for door in DOORS:
        assert door.address.startswith("https://") or not door.address
        assert door.address or door.stopncii, f"{door.name} says nothing that helps"
