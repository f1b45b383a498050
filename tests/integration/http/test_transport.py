"""S3: nobody keeps others out by holding a connection, and no request is read in two ways. Real sockets."""

import socket
import statistics
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from own_entrypoints import EntryPoint, crowd, is_closed, serving
from takeback.infra.http.connections import Limits
from waiting import until

HALF = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
QUICK = Limits(
    connections=64, per_source=16, head_seconds=1, body_seconds=1, bytes_per_second=10_000, unread_seconds=1
)


@pytest.fixture(scope="module")
def entry_point() -> Iterator[EntryPoint]:
    """With the limits that every entry point has."""
    with serving(Limits()) as running:
        yield running


@pytest.fixture(scope="module")
def quick() -> Iterator[EntryPoint]:
    """With short times and few places, behind no proxy."""
    with serving(QUICK, {"FORWARDED_ALLOW_IPS": "127.0.0.9"}) as running:
        yield running


def test_s3_beside_hundreds_of_slow_visitors_an_honest_one_is_answered_as_if_alone(entry_point: EntryPoint):
    alone = statistics.median(entry_point.visit() for _ in range(20))
    with crowd(entry_point, 400, HALF), crowd(entry_point, 200, BODY), crowd(entry_point, 100, b""):
        beside = statistics.median(entry_point.visit() for _ in range(20))
    assert beside < 10 * alone + 0.05, (alone, beside)


@pytest.mark.parametrize("sent", [b"", HALF, BODY, POST + b"Transfer-Encoding: chunked\r\n\r\n"])
def test_s3_who_sends_too_little_for_too_long_is_closed(quick: EntryPoint, sent: bytes):
    with quick.connect(sent) as silent, quick.connect(sent) as dripping:
        until(lambda: is_closed(silent), 30, "who sends nothing more")

        def drip() -> bool:
            try:
                dripping.send(b"1")
            except ConnectionError:
                return True
            return is_closed(dripping)

        until(drip, 30, "who sends a byte now and then")


def test_s3_who_reads_nothing_is_closed_and_who_is_silent_after_an_answer_too(quick: EntryPoint):
    with quick.connect() as deaf, quick.connect(POST + b"\r\n") as idle:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(b"GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(12) == b"HTTP/1.1 200"
        idle.recv(1000)
        until(lambda: is_closed(idle), 30, "who asks nothing more")
        # Nobody reads what was answered, so only that sending fails shows that it is over.
        until(lambda: _fails(deaf), 30, "who reads nothing")


def _fails(connection: socket.socket) -> bool:
    try:
        connection.send(b"G")
    except ConnectionError:
        return True
    return False


def test_s3_a_body_at_the_least_speed_or_above_is_read_whole(quick: EntryPoint):
    with quick.connect(BODY.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")) as slow:
        sent = 0

        def next_piece() -> bool:
            nonlocal sent
            slow.sendall(b"a" * 1000)
            sent += 1000
            return sent == 60_000

        until(next_piece, 60)  # a piece each 20 ms at most: 50 kB a second
        assert slow.recv(12) == b"HTTP/1.1 200"


def test_s3_one_source_has_so_many_places_and_takes_none_of_others(quick: EntryPoint):
    with crowd(quick, QUICK.per_source, HALF, source="127.0.0.3") as others, crowd(quick, 20, HALF) as own:
        until(lambda: sum(is_closed(each) for each in own) >= 20 - QUICK.per_source)
        assert is_closed(own[0]), "the oldest makes room"
        assert not is_closed(own[-1])
        assert not any(is_closed(each) for each in others)


def test_s3_behind_a_believed_proxy_the_visitor_is_counted_and_not_the_proxy(quick: EntryPoint):
    head = POST + b"X-Forwarded-For: 192.0.2.%d\r\nContent-Length: 9\r\n\r\n"
    with (
        crowd(quick, 5, head % 1, source="127.0.0.9") as few,
        crowd(quick, 20, head % 2, source="127.0.0.9") as many,
    ):
        until(lambda: sum(is_closed(each) for each in many) >= 20 - QUICK.per_source)
        assert not any(is_closed(each) for each in few)
        few[0].sendall(b"finished.")
        few[0].settimeout(10)
        until(lambda: b"192.0.2.1 sent finished." in few[0].recv(1000))


def test_s3_in_all_there_are_so_many_places_and_the_oldest_makes_room():
    few = replace(QUICK, connections=8, per_source=100, head_seconds=60)
    with serving(few) as entry_point, crowd(entry_point, 20, HALF) as all_of_them:
        until(lambda: sum(is_closed(each) for each in all_of_them) >= 12)
        assert [is_closed(each) for each in all_of_them] == [True] * 12 + [False] * 8
        entry_point.visit()


LENGTHS = st.sampled_from(["Content-Length: 5", "Content-Length: 6", "Transfer-Encoding: chunked"])


@given(
    first=LENGTHS,
    second=LENGTHS,
    between=st.sampled_from(["", "X-A: b\r\n"]),
    case=st.sampled_from([str.lower, str.upper, str.title]),
)
def test_s3_a_request_that_says_its_length_twice_is_answered_400_and_closed(
    entry_point: EntryPoint, first: str, second: str, between: str, case
):
    sent = POST + f"{first}\r\n{between}{case(second)}\r\n\r\n5\r\nhello\r\n0\r\n\r\n".encode()
    smuggled = sent + GET + b"\r\n"
    said = entry_point.ask(smuggled)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "sent",
    [
        POST + b"Content-Length: 5, 5\r\n\r\nhello",
        POST + b"Content-Length: +5\r\n\r\nhello",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length:\r\n\r\nhello",
        POST + b"Content-Length : 5\r\n\r\nhello",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: identity\r\n\r\n",
        POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nhello\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello.\r\n0\r\n\r\n",
        GET + b"X-Long: " + b"a" * 33_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 33_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        GET + b"X-A: b\r\n c: folded\r\n\r\n",
        GET.replace(b"\r\n", b"\n") + b"\n",
        GET + b"X-A: b\nContent-Length: 3\r\n\r\nabc",
        GET + b"Host: localhost\r\n\r\n",
        GET + b"X-A: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_s3_what_can_be_read_in_two_ways_is_answered_400_and_closed(entry_point: EntryPoint, sent: bytes):
    assert entry_point.ask(sent).startswith(b"HTTP/1.1 400 ")


def test_s3_what_is_sent_ahead_is_not_looked_at(entry_point: EntryPoint):
    said = entry_point.ask(POST + b"Content-Length: 5\r\n\r\nhello" + GET + b"\r\n")
    assert said.count(b"HTTP/1.1 200") == 1
    assert said.endswith(b" sent hello")
