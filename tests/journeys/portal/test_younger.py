"""What somebody younger than 18 sends is kept nowhere: no report, so no case, no hash and no capture."""

from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psycopg
import pytest

from made_flips import FIELD

WHOLE = {
    "at": "check",
    "go": "send",
    "pictures": FIELD,
    "where": "https://chat.example/room/1",
    "nonconsent": "yes",
    "good_faith": "yes",
    "signature": "A.",
    "account": "words that are hers",
}
"""All that a report needs but the answer to the first question, sent at once and not by our pages."""


def send(portal, age: str) -> str:
    request = Request(f"{portal.url}/steps", data=urlencode({**WHOLE, "age": age}).encode(), method="POST")
    with urlopen(request, timeout=30) as answer:
        return answer.read().decode()


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


@pytest.mark.parametrize("age", ["no", "unsure"])
def test_a_whole_report_with_that_answer_leaves_no_row_anywhere(portal, age):
    before = rows(portal)
    page = send(portal, age)
    assert "There is better help for you than ours" in page
    assert WHOLE["account"] not in page
    assert rows(portal) == before


def test_the_same_with_the_other_answer_is_a_report(portal):
    """So that the test above could fail."""
    before = rows(portal)["intake_report"]
    assert "Your report has arrived" in send(portal, "yes")
    assert rows(portal)["intake_report"] == before + 1
