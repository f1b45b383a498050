"""Somebody tries receipts."""

import http.client
import time
from statistics import median
from urllib.parse import urlencode, urlsplit

from takeback.entrypoints.portal.limits import LIMITS
from takeback.entrypoints.portal.lookup import ANSWER_AFTER
from takeback.submissions.draft import new_key, write_key
from takeback.submissions.receipt import new_code


def ask(portal, receipt: str) -> tuple[int, str, str | None]:
    """What somebody with a cookie of her own is shown after typing a receipt."""
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "cookie": f"session={write_key(new_key())}",
    }
    connection = http.client.HTTPConnection(urlsplit(portal.url).netloc, timeout=20)
    connection.request("POST", "/status", urlencode({"receipt": receipt}), headers)
    led = connection.getresponse()
    assert (led.status, led.read(), led.getheader("location")) == (303, b"", "/status")
    connection.request("GET", "/status", headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, answer.getheader("retry-after")


def test_right_and_wrong_receipts_take_the_same_time_and_many_are_held_up(visitor):
    visitor.goes_to_the_last_page(where="https://chat.example/room/12")
    receipt = visitor.sends()
    times: dict[str, list[float]] = {"right": [], "wrong": []}
    for _ in range(4):
        for kind, code in (("right", receipt), ("wrong", new_code())):
            begun = time.perf_counter()
            status, _, _ = ask(visitor.portal, code)
            times[kind].append(time.perf_counter() - begun)
            assert status == (200 if kind == "right" else 404)
    assert min(min(taken) for taken in times.values()) >= ANSWER_AFTER.total_seconds() - 0.001
    assert abs(median(times["right"]) - median(times["wrong"])) < 0.1

    answers = [ask(visitor.portal, new_code()) for _ in range(LIMITS["ask"][0].burst)]
    held_up = [answer for answer in answers if answer[0] == 429]
    assert held_up
    assert all(0 < int(answer[2] or 0) <= 11 for answer in held_up)
    assert "try again in" in held_up[-1][1]
    # A slip of the pen costs nothing, also now: it is told before anybody is asked.
    assert ask(visitor.portal, "1")[0] == 422
    # The right one is held up like any other: the answer says nothing.
    assert ask(visitor.portal, receipt)[0] == 429
