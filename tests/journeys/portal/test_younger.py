"""What somebody younger than 18 sends is kept nowhere: no report, so no case, no hash and no capture."""

from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psycopg
import pytest

from made_flips import FIELD
from takeback.submissions.draft import new_key, write_key

WHOLE = {
    "age": {},
    "picture": {"pictures": FIELD},
    "where": {"where": "https://chat.example/room/1"},
    "account": {"account": "words that are hers"},
    "statements": {"nonconsent": "yes", "good_faith": "yes", "signature": "A."},
    "contact": {},
    "check": {"go": "send"},
}
"""All that a report needs but the answer to the first question, page by page."""


def ask(portal, address: str, key: str, fields: dict[str, str] | None = None) -> str:
    """What a program gets that holds a cookie; after a form, the page that it is led to."""
    request = Request(
        f"{portal.url}{address}",
        data=None if fields is None else urlencode(fields).encode(),
        headers={"cookie": f"session={key}"},
    )
    try:
        with urlopen(request, timeout=30) as answer:
            return answer.read().decode()
    except HTTPError as error:
        return error.read().decode()


def send(portal, age: str, *, at_once: bool) -> str:
    """Send everything, and that answer: on each page, or with each page at once; the last page."""
    key = write_key(new_key())
    everything = {name: value for fields in WHOLE.values() for name, value in fields.items() if name != "go"}
    page = ""
    for at, fields in WHOLE.items():
        shown = {**everything, "age": age} if at_once else fields
        page = ask(portal, "/steps", key, {"at": at, "go": fields.get("go", "next"), **shown, "age": age})
    return page


def rows(portal) -> dict[str, int]:
    with psycopg.connect(portal.database) as connection:
        names = [
            row[0]
            for row in connection.execute(
                "select table_name from information_schema.tables"
                " where table_schema = 'public' and table_type = 'BASE TABLE'"
            )
        ]
        return {
            name: connection.execute(
                psycopg.sql.SQL("select count(*) from {}").format(psycopg.sql.Identifier(name))
            ).fetchone()[0]
            for name in names
        }


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("age", ["no", "unsure", "", "maybe"])
def test_a_whole_report_with_that_answer_leaves_no_row_anywhere(portal, age, at_once):
    before = rows(portal)
    page = send(portal, age, at_once=at_once)
    assert "Your report has arrived" not in page
    assert "words that are hers" not in page
    assert rows(portal) == before


@pytest.mark.parametrize("age", ["no", "unsure"])
def test_that_answer_leads_to_better_help(portal, age):
    key = write_key(new_key())
    assert "There is better help for you than ours" in ask(portal, "/steps", key, {"at": "age", "age": age})


@pytest.mark.parametrize("age", ["no", "unsure"])
def test_an_answer_that_is_changed_to_it_later_wipes_what_was_kept(portal, age):
    before, key = rows(portal), write_key(new_key())
    for at, fields in WHOLE.items():
        if at != "check":
            ask(portal, "/steps", key, {"at": at, **fields, "age": "yes"})
    assert rows(portal)["submissions_draft"] == before["submissions_draft"] + 1
    ask(portal, "/steps", key, {"at": "age", "then": "check", "age": age})
    assert rows(portal) == before


@pytest.mark.parametrize("at_once", [True, False])
def test_the_same_with_the_other_answer_is_a_report(portal, at_once):
    """So that the tests above could fail."""
    before = rows(portal)["submissions_report"]
    assert "Your report has arrived" in send(portal, "yes", at_once=at_once)
    assert rows(portal)["submissions_report"] == before + 1
