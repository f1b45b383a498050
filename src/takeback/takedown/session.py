"""One session of looks: at the control, at the copy, and at the control again.

The order is the proof. What the platform answered of the copy lies between two answers of the same kind about
a picture that is there; a fault that hides both shows in at least one of them, unless it comes and goes again
within the moments in between, on the copy's question alone.

Looks of one moment share their looks at the control: one that ended just before the copy was looked at
(`WITHIN`) serves as the look before; whoever waits for a look after gets the next that begins. Only a look
in which the control was seen is used again. Each session has both in its record, or its round proves nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Condition, Lock

from takeback.connectors.api import Connector, Look, State, Surface, Target
from takeback.errors import PlatformError, Unavailable
from takeback.infra import clock
from takeback.takedown.model import ControlRow, LookRow, When

WITHIN = timedelta(seconds=10)
"""The look before begins, and the look after ends, at most so long before and after the copy's look."""


@dataclass(frozen=True, slots=True)
class Session:
    """What was seen."""

    looks: tuple[LookRow, ...]
    control: tuple[ControlRow, ...]
    no_control: str
    """Why there was no control to look at; empty if there was."""
    retry_after: float | None
    """Seconds that the platform asked us to wait when it did not give a control."""


@dataclass(frozen=True, slots=True)
class ControlLook:
    """One look at a platform's control."""

    target: Target | None
    """None: there was none to look at."""
    looks: tuple[Look, ...]
    began: datetime
    ended: datetime
    why: str = ""
    """Why there was none."""
    retry_after: float | None = None

    @property
    def shows(self) -> bool:
        """Whether message and media of the control were seen, and nothing was uncertain."""
        seen = {look.surface for look in self.looks if look.state is State.PRESENT}
        wanted = {look.surface for look in self.looks} - {Surface.THUMBNAIL}
        certain = all(look.state is not State.UNDETERMINED for look in self.looks)
        return bool(wanted) and wanted <= seen and certain


class ControlWatch:
    """The looks at one platform's control, shared by all threads of a process.

    Args:
        connector: the platform.
    """

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._changed = Condition()
        self._target: Target | None = None
        self._last: ControlLook | None = None
        self._begun = self._ended = 0
        self._under_way = False

    def make(self) -> None:
        """Have a control made where there is none, before it is needed. Raises PlatformError."""
        self._target = self._connector.control()

    def before(self) -> ControlLook:
        """Return a look that showed the control just now; a new one if there is none.

        If the control has vanished, the platform makes it again, and that one is looked at.
        """
        with self._changed:
            last = self._last
        if last is not None and last.shows and timedelta(0) <= clock.now() - last.began <= WITHIN / 2:
            return last
        found = self.after()
        return found if found.shows or found.target is None else self._renewed(found)

    def after(self) -> ControlLook:
        """Return the next look that begins from now on; whoever asks meanwhile gets the same one.

        Raises PlatformError: the platform did not let itself be looked at.
        """
        with self._changed:
            mine = self._begun + 1
            while self._under_way and self._ended < mine:
                self._changed.wait()
            if self._last is not None and self._ended >= mine:
                return self._last
            self._begun += 1
            number, self._under_way = self._begun, True
        found: ControlLook | None = None
        try:
            found = self._look()
        finally:
            with self._changed:
                self._under_way = False
                if found is not None:
                    self._last, self._ended = found, number
                self._changed.notify_all()
        return found

    def _look(self) -> ControlLook:
        began, target = clock.now(), self._target
        if target is None:
            try:
                target = self._target = self._connector.control()
            except PlatformError as error:
                wait = error.retry_after if isinstance(error, Unavailable) else None
                why = f"the control is not to be had: {error}"
                return ControlLook(None, (), began, clock.now(), why, wait)
        if target is None:
            return ControlLook(
                None, (), began, clock.now(), "the platform has no control to look at beside it"
            )
        looks = tuple(self._connector.verify(target))
        return ControlLook(target, looks, began, clock.now())

    def _renewed(self, found: ControlLook) -> ControlLook:
        """Look once more if the control is another one now; one that is only not seen is what was seen."""
        try:
            target = self._connector.control()
        except PlatformError:
            return found
        if target == found.target:
            return found
        self._target = target
        return self.after()


class Controls:
    """The controls of all platforms, for the looks of one process."""

    def __init__(self) -> None:
        self._watches: dict[str, ControlWatch] = {}
        self._guard = Lock()

    def of(self, connector: Connector) -> ControlWatch:
        """A platform's."""
        with self._guard:
            return self._watches.setdefault(connector.name, ControlWatch(connector))


def look_beside_control(connector: Connector, target: Target, round_: int, watch: ControlWatch) -> Session:
    """Look at a copy between two looks at the control. Raises PlatformError.

    Where there is no control the copy is looked at all the same: it may be there, which needs no proof.
    """
    before = watch.before()
    began = clock.now()
    looks = connector.verify(target)
    ended = clock.now()
    after = before if before.target is None else watch.after()
    near = before.target == after.target and max(began - before.began, after.ended - ended) <= WITHIN
    control = (*_rows(before, round_, When.BEFORE), *_rows(after, round_, When.AFTER)) if near else ()
    return Session(
        tuple(LookRow(round_, look.surface, look.vantage, look.state, look.seen, began) for look in looks),
        control,
        before.why or after.why,
        before.retry_after or after.retry_after,
    )


def _rows(control: ControlLook, round_: int, when: When) -> tuple[ControlRow, ...]:
    return tuple(
        ControlRow(round_, when, look.surface, look.vantage, look.state, look.seen) for look in control.looks
    )
