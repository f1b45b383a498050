"""Pressing the buttons of the portal's pages without a browser."""

from dataclasses import asdict

from httpx2 import Client, Response

from made_flips import FIELD
from takeback.entrypoints.portal.answers import Answers
from takeback.entrypoints.portal.steps import ASKED_ON, ORDER, Step

PICTURE = FIELD
WHOLE = Answers(
    age="yes",
    pictures=PICTURE,
    account="Words that only the people who work on it may read",
    nonconsent="yes",
    good_faith="yes",
    signature="River",
)
FORM = {"content-type": "application/x-www-form-urlencoded"}


def press(client: Client, at: str, go: str = "next", **more: str) -> Response:
    """Press a button on one page, with the answers of `WHOLE` that it asks."""
    fields = {name: value for name, value in asdict(WHOLE).items() if name in ASKED_ON[Step(at)] and value}
    return client.post("/steps", data={"at": at, "go": go, **fields, **more})


def answered(client: Client, **more: str) -> Response:
    """Answer all questions; `more` in place of what `WHOLE` says."""
    client.get("/steps")
    for step in ORDER[:-1]:
        asked = {name: value for name, value in more.items() if name in ASKED_ON[step]}
        answer = press(client, step, **asked)
        assert answer.status_code == 303, step
    return answer
