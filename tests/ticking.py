"""A platform on which nothing happens but that its cursor moves on: for watchers to be seen alive."""

import threading

from pydantic import BaseModel

from takeback.connectors.api import Action, Batch, Capabilities, StreamId, Surface, Vantage
from takeback.connectors.platform import Platform

EVERY = 0.2
"""Seconds between two answers."""


class Ticking:
    """The platform. What nobody asks of it is not there."""

    name = "ticking"

    def capabilities(self) -> Capabilities:
        return Capabilities((Surface.MESSAGE,), tuple(Vantage), tuple(Action))

    def streams(self) -> list[StreamId]:
        return [StreamId("live")]

    def watch(self, stream: StreamId, cursor: str | None) -> Batch:
        assert stream.name == "live"
        threading.Event().wait(EVERY)
        return Batch((), str(int(cursor or 0) + 1))

    def locate(self, link: str) -> None:
        assert link

    def control(self) -> None:
        pass

    def close(self) -> None:
        pass


class TickingSettings(BaseModel):
    """There are none."""


PLATFORM = Platform(TickingSettings, lambda *_: Ticking())
