"""Nobody outside is asked while a transaction is open, and whoever does is told where."""

import logging
from contextvars import Context

import pytest

from takeback.errors import Unavailable
from takeback.infra import asking
from takeback.infra.asking import AskedInTransaction, ask_outside, transaction_open
from takeback.infra.blobs import Blobs
from takeback.infra.outbound import OutboundClient
from takeback.signals.sandbox import Decoder

HERE = __file__


def test_s14_nothing_outside_is_asked_while_a_transaction_is_open(tmp_path):
    """S14: a platform, a store of files and a decoder, each by the one way that leads to it."""
    blobs = Blobs(str(tmp_path))
    with OutboundClient("http://127.0.0.1:1") as client, Decoder(processes=1) as decoder:
        ways = [
            lambda: client.get("/"),
            lambda: blobs.put("a", b"a"),
            lambda: blobs.get("a"),
            lambda: blobs.get_range("a", 0, 1),
            lambda: blobs.about("a"),
            lambda: blobs.delete("a"),
            lambda: list(blobs.walk()),
            lambda: blobs.sweep_drafts(None),
            lambda: blobs.writing("b").__enter__(),
            lambda: decoder.read(b"GIF89a"),
            lambda: decoder.features(b"GIF89a"),
        ]
        for way in ways:
            with transaction_open(), pytest.raises(AskedInTransaction):
                way()
        with pytest.raises(Unavailable):
            client.get("/")


def test_s14_both_places_are_named(tmp_path):
    with transaction_open(), pytest.raises(AskedInTransaction) as fault:
        Blobs(str(tmp_path)).get("a")
    assert str(fault.value).count(HERE) == 2


def test_a_transaction_that_has_ended_or_is_another_threads_is_no_fault():
    with transaction_open():
        Context().run(ask_outside, "a platform")
    ask_outside("a platform")


def test_a_service_goes_on_and_logs_each_pair_of_places_once(monkeypatch, caplog):
    monkeypatch.setattr(asking, "_strict", False)
    monkeypatch.setattr(asking, "_said", set())
    with caplog.at_level(logging.ERROR), transaction_open():
        for _ in range(3):
            ask_outside("a platform")
    assert [HERE in record.getMessage() for record in caplog.records] == [True]
