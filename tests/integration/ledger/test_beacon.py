"""A beacon's value is in the checkpoint, and no checkpoint waits for one."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import ledgers
from takeback.errors import ConfigurationError, Unavailable
from takeback.infra import clock
from takeback.infra.ledger.beacon import FRESH, Drand, Newest
from takeback.infra.ledger.check import Verdict
from takeback.infra.ledger.sequencer import Sequencer

CHAIN = "8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce"
SIGNATURE = "ab" * 96


class StandInForDrand:
    """Not drand: answers as its HTTP interface does, strictly, with rounds that anybody could make."""

    def __init__(self) -> None:
        self.round = 7
        self.instead: bytes | None = None
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != f"/{CHAIN}/public/latest":
                    self.send_error(404)
                    return
                body = stand_in.answer() if stand_in.instead is None else stand_in.instead
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, **other: object) -> bytes:
        value = hashlib.sha256(bytes.fromhex(SIGNATURE)).hexdigest()
        fields = {"round": self.round, "randomness": value, "signature": SIGNATURE, "previous_signature": ""}
        return json.dumps({**fields, **other}).encode()


@pytest.fixture
def stand_in():
    made = StandInForDrand()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def drand(stand_in):
    made = Drand(f"{stand_in.origin}/{CHAIN}")
    yield made
    made.close()


def test_the_newest_round_is_in_the_checkpoint_that_all_sign(database, signer, drand, verified):
    newest = Newest(drand)
    sequencer = Sequencer(database, signer, beacon=newest)
    ledgers.record_events(database, 1)
    assert sequencer.sequence_once().extensions == ()  # none came yet; nobody waits
    newest.read_once()
    ledgers.record_events(database, 1)
    value = hashlib.sha256(bytes.fromhex(SIGNATURE)).hexdigest()
    assert sequencer.sequence_once().extensions == (f"beacon drand/{CHAIN} 7 {value}",)
    ledgers.record_events(database, 1)
    assert sequencer.sequence_once() is not None
    assert verified().verdict is Verdict.VALID


def test_an_old_value_is_left_out(stand_in, drand):
    newest = Newest(drand)
    newest.read_once()
    assert newest.lines(clock.now())
    stand_in.instead = b"{}"
    newest.read_once()  # nothing new: the last one stays for its time
    assert newest.lines(clock.now())
    assert newest.lines(clock.now() + FRESH * 2) == ()


@pytest.mark.parametrize(
    "other",
    [
        {"round": 0},
        {"round": "7"},
        {"round": True},
        {"randomness": "ab"},
        {"randomness": "ab" * 32},
        {"randomness": None},
        {"signature": "xy"},
        {"signature": "ab\n" * 96},
    ],
)
def test_what_is_no_round_is_not_taken(stand_in, drand, other):
    stand_in.instead = stand_in.answer(**other)
    with pytest.raises(Unavailable):
        drand.read()


@pytest.mark.parametrize("body", [b"", b"[]", b"hello", b"{" * 9000])
def test_what_is_no_json_object_is_not_taken(stand_in, drand, body):
    stand_in.instead = body
    with pytest.raises(Unavailable):
        drand.read()


def test_an_address_without_a_chain_is_refused():
    for url in ("https://api.drand.sh", f"https://api.drand.sh/{CHAIN}/public", "https://api.drand.sh/abc"):
        with pytest.raises(ConfigurationError, match="TAKEBACK_BEACON"):
            Drand(url)


def test_without_a_beacon_there_is_no_line():
    newest = Newest(None)
    newest.run(threading.Event())
    assert newest.lines(clock.now()) == ()
