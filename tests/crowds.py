"""Many people who come the same way: a link for many reports, and a network that has sent all that it may."""

import secrets
from itertools import count
from typing import Protocol

import httpx2

from pages_of_portal import answered, press
from takeback.entrypoints.portal.limits import LIMITS
from takeback.entrypoints.portal.work import PARTS, zero_bits
from takeback.submissions.submit import link_hash


class Behind(Protocol):
    """What a test may see behind a portal."""

    def execute(self, statement: str, *values: object) -> None:
        """Run SQL as the owner."""
        ...


def new_token(portal: Behind, reports: int = 60) -> str:
    """The token of a new link for many reports."""
    token = secrets.token_urlsafe(32)
    portal.execute(
        "insert into submissions_link (id, token_hash, note, allowed, made_by, made_at, ends_at) values"
        " (gen_random_uuid(), %s, 'a shelter', %s, gen_random_uuid(), now(), now() + interval '5 days')",
        link_hash(token),
        reports,
    )
    return token


def use_up(url: str, address: str) -> None:
    """Send as many reports from one address as it may send now."""
    for _ in range(2 * LIMITS["send"][0].burst):
        with httpx2.Client(base_url=url, headers={"x-forwarded-for": address}, timeout=60) as client:
            answered(client)
            if press(client, "check", "send").headers["location"] != "/steps/done":
                return
    raise AssertionError("a network may send without an end")


def solve(puzzle: str) -> str:
    """Do what a visitor's device does with a puzzle."""
    bits = int(puzzle.partition(".")[0])
    numbers = [next(n for n in count() if zero_bits(puzzle, part, str(n)) >= bits) for part in range(PARTS)]
    return f"{puzzle}:{','.join(map(str, numbers))}"
