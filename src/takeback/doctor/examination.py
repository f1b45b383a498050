"""Run the checks beside each other, each within its time, and say what came of them."""

import logging
import queue
import threading
import time
from collections.abc import Mapping, Sequence

from takeback.app import App
from takeback.doctor.checks import CHECKS
from takeback.doctor.model import Check, Finding, Level, Result, Subject, worst
from takeback.errors import TakebackError

_log = logging.getLogger("takeback.doctor")


def examine(subject: Subject, checks: Sequence[Check] = CHECKS) -> tuple[Result, ...]:
    """The results in the order of the checks. It takes as long as the slowest check may; raises nothing."""
    answers = [_begun(check, subject) for check in checks]
    began = time.monotonic()
    return tuple(
        Result(check, _awaited(check, answer, began)) for check, answer in zip(checks, answers, strict=True)
    )


def _begun(check: Check, subject: Subject) -> queue.Queue[tuple[Finding, ...]]:
    """Look in a thread that nobody waits for at the end: what hangs must not keep the process."""
    answer = queue.Queue[tuple[Finding, ...]](1)
    threading.Thread(
        target=lambda: answer.put(_looked(check, subject)), daemon=True, name=f"doctor-{check.name}"
    ).start()
    return answer


def _looked(check: Check, subject: Subject) -> tuple[Finding, ...]:
    found: list[Finding] = []
    try:
        found.extend(check.look(subject))
    except TakebackError as error:
        found.append(Finding(Level.FAILING, f"{error}."))
    except Exception as error:  # noqa: BLE001 - recorded as a finding; its text may hold what nobody should read
        found.append(Finding(Level.FAILING, f"This could not be looked at ({type(error).__name__})."))
    return tuple(found) or (Finding(Level.OK, "Nothing to say."),)


def _awaited(check: Check, answer: queue.Queue[tuple[Finding, ...]], began: float) -> tuple[Finding, ...]:
    try:
        return answer.get(timeout=max(0.0, began + check.seconds - time.monotonic()))
    except queue.Empty:
        return (Finding(Level.WARNING, f"No answer within {check.seconds:g} seconds."),)


def subject_of(app: App) -> Subject:
    """The service as one of its own processes sees it."""
    return Subject(app.settings, app.database, app.connectors, sealer=app.sealer)


def begin_at_start(subject: Subject) -> threading.Thread:
    """Examine in the background when a process starts, and log a line for each trouble. Delays nothing."""
    thread = threading.Thread(target=_log_troubles, args=[subject], daemon=True, name="doctor")
    thread.start()
    return thread


def _log_troubles(subject: Subject) -> None:
    for result in examine(subject):
        for each in result.findings:
            if each.level is not Level.OK:
                level = logging.ERROR if each.level is Level.FAILING else logging.WARNING
                _log.log(level, "%s: %s %s", result.check.name, each.statement, each.remedy)


def as_document(results: Sequence[Result]) -> Mapping[str, object]:
    """The results for programs: docs/commands.md, "takeback doctor", describes it."""
    return {
        "v": 1,
        "level": worst(each.level for each in results).value,
        "checks": [
            {
                "name": each.check.name,
                "level": each.level.value,
                "findings": [
                    {"level": one.level.value, "said": one.statement, "remedy": one.remedy}
                    for one in each.findings
                ],
            }
            for each in results
        ],
    }
