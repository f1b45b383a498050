"""Have the log's checkpoints cosigned by its witnesses (the client's side of C2SP tlog-witness).

Each witness is asked about the newest checkpoint only, in a thread of its own, so that one that does not
answer keeps nobody waiting. What it answers is checked before it is kept. And it is heeded: a witness that
has cosigned more than the log has, or another tree, proves that the log was set back or rewritten, even if
the database and the key's own memory were replaced together; then nothing is signed any more.
"""

import base64
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import psycopg

from takeback.errors import ConfigurationError, Unavailable
from takeback.infra import clock
from takeback.infra.db.pool import Database
from takeback.infra.ledger import parties, store
from takeback.infra.ledger.parties import Role
from takeback.infra.ledger.tiles import Tree
from takeback.infra.outbound import Answer, OutboundClient, Timeouts
from takeback_verify.core.cosignature import CosignerKey, format_cosigner_key, verify_cosignature
from takeback_verify.core.errors import Malformed, VerifyError
from takeback_verify.core.note import (
    Note,
    VerifierKey,
    format_note,
    format_signature,
    parse_note,
    parse_signature,
)
from takeback_verify.core.policy import Log, Policy, Witness
from takeback_verify.core.policy_text import parse_policy

LOOK_EVERY = 5.0
"""Seconds between looks when no checkpoint comes."""
PACE = 0.2
"""Seconds between two questions to one witness under load."""
LONGEST_WAIT = 30.0
"""Seconds at most until a witness that fails is asked again."""
CLOCKS_APART = 86_400
"""Seconds that a witness's clock and ours may differ."""
MAX_ANSWER = 65_536
TRIES = 4
"""Questions in a row, when the answer is from which size to begin."""

_OK, _CONFLICT, _UNPROVEN = 200, 409, 422
_SIZE_TYPE = "text/x.tlog.size"
_TIMEOUTS = Timeouts(connect=2, silence=5, total=10)

log = logging.getLogger(__name__)


def load_policy(path: Path | None, keys: tuple[VerifierKey, CosignerKey | None]) -> Policy:
    """The policy in a file, with our own log's keys added if it has none of them; without a file only these.

    Raises:
        ConfigurationError: the file cannot be used, or names our log with other keys only.
    """
    own = tuple(Log(key) for key in keys if key is not None)
    if path is None:
        return Policy(own)
    try:
        policy = parse_policy(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, Malformed) as error:
        raise ConfigurationError(f"TAKEBACK_WITNESS_POLICY, {path}: {error}") from error
    named = [each for each in policy.logs if each.key.name == keys[0].name]
    if not named:
        return Policy((*policy.logs, *own), policy.witnesses, policy.quorum)
    if keys[0] not in [each.key for each in named]:
        raise ConfigurationError(f"TAKEBACK_WITNESS_POLICY, {path}: the keys of {keys[0].name} are not ours")
    return policy


def split_address(url: str) -> tuple[str, str]:
    """Origin, and path without a slash at the end. Raises ConfigurationError for what is not an address."""
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise ConfigurationError("an address of a witness, an authority or a beacon must have no ? and no #")
    return f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")


@dataclass(frozen=True, slots=True)
class _Question:
    """What is to be cosigned."""

    size: int
    note: Note
    """With the log's signatures."""


class Witnesses:
    """The witnesses of a policy that have an address.

    Args:
        database: as its owner.
        policy: whom to ask.

    Raises:
        ConfigurationError: an address is none.
    """

    def __init__(self, database: Database, policy: Policy) -> None:
        self._database = database
        self._asked = tuple(
            _Asked(database, witness, witness.url) for witness in policy.witnesses if witness.url is not None
        )

    @property
    def keys(self) -> Sequence[str]:
        """Their verifier keys."""
        return tuple(asked.vkey for asked in self._asked)

    def ask_all(self) -> None:
        """Ask each of them once about the newest checkpoint, all at the same time, also if it was cosigned.

        Before a process signs for the first time, this finds out whether they have seen more than we have.
        """
        threads = [threading.Thread(target=asked.ask_once, args=[True]) for asked in self._asked]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def run(self, stop: threading.Event) -> None:
        """Ask about each newest checkpoint until `stop` is set."""
        threads = [
            threading.Thread(target=asked.run, args=[stop], name=f"witness {asked.name}")
            for asked in self._asked
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def close(self) -> None:
        """Let go of the connections."""
        for asked in self._asked:
            asked.close()


class _Asked:
    """One witness."""

    def __init__(self, database: Database, witness: Witness, url: str) -> None:
        origin, self._prefix = split_address(url)
        self._client = OutboundClient(origin, timeouts=_TIMEOUTS)
        self._database = database
        self._key = witness.key
        self.name = witness.name
        self.vkey = format_cosigner_key(witness.key)

    def close(self) -> None:
        self._client.close()

    def run(self, stop: threading.Event) -> None:
        wait, again_at = 0.0, 0.0
        for _ in self._database.look([store.SIGNED], stop, every=LOOK_EVERY):
            if monotonic() < again_at:
                continue
            wait = PACE if self.ask_once() else min(max(wait, PACE) * 2, LONGEST_WAIT)
            again_at = monotonic() + wait if wait > PACE else 0.0
            stop.wait(PACE)

    def ask_once(self, again: bool = False) -> bool:
        """Have the newest checkpoint cosigned, `again` also if it is; whether it is now."""
        try:
            return self._ask(again=again)
        except (Unavailable, VerifyError) as error:
            log.warning("witness %s does not cosign: %s", self.name, error)
            with self._database.transaction() as tx:
                parties.failed(tx, Role.WITNESS, self.vkey, str(error), clock.now())
        except psycopg.OperationalError as error:
            log.warning("witness %s waits for the database: %s", self.name, error)
        return False

    def _ask(self, *, again: bool) -> bool:
        old = None
        for _ in range(TRIES):
            with self._database.transaction() as tx:
                question = self._question(store.last_checkpoint(tx))
                known = parties.cosigned_up_to(tx, self.vkey)
                if question is None or (known >= question.size and not again):
                    return True
                begin = known if old is None else old
                if begin > question.size:
                    return self._contradicts(
                        f"witness {self.name} has cosigned {begin} entries, but the log has {question.size}: "
                        "the database is older than that. Restore a newer backup"
                    )
                proof = Tree(tx, question.size).consistency(begin)
            answer = self._send(begin, proof, question.note)
            if answer.status == _OK:
                self._keep(question, answer)
                return True
            if answer.status == _UNPROVEN:
                return self._contradicts(
                    f"witness {self.name} has cosigned {begin} entries that this log did not grow out of"
                )
            if answer.status != _CONFLICT or answer.content_type != _SIZE_TYPE:
                raise Unavailable(f"witness {self.name} answered {answer.status}: {_said(answer)}")
            old = _size(answer)
            if old == begin == question.size:
                return self._contradicts(f"witness {self.name} has cosigned another log of {old} entries")
        raise Unavailable(f"witness {self.name} does not say from which size to begin")

    def _question(self, stored: store.StoredCheckpoint | None) -> _Question | None:
        if stored is None:
            return None
        return _Question(stored.size, parse_note(stored.note.encode()))

    def _send(self, old: int, proof: Sequence[bytes], note: Note) -> Answer:
        lines = [f"old {old}", *(base64.b64encode(node).decode() for node in proof), "", ""]
        return self._client.send(
            "POST",
            f"{self._prefix}/add-checkpoint",
            content="\n".join(lines).encode() + format_note(note),
            headers={"Content-Type": "text/plain; charset=utf-8"},
            max_bytes=MAX_ANSWER,
        )

    def _keep(self, question: _Question, answer: Answer) -> None:
        """Check what came, and keep this witness's line. Raises VerifyError."""
        try:
            lines = answer.body.decode("utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise Malformed("cosignatures are UTF-8") from error
        own = [s for s in map(parse_signature, lines) if (s.name, s.key_id) == (self._key.name, self._key.id)]
        if len(own) != 1:
            raise Malformed(f"{len(own)} cosignatures by the key that the policy names")
        seconds = verify_cosignature(Note(question.note.text, tuple(own)), self._key)
        now = clock.now()
        if abs(seconds - now.timestamp()) > CLOCKS_APART:
            raise Malformed("its clock is more than a day from ours")
        at = datetime.fromtimestamp(seconds, UTC)
        with self._database.transaction() as tx:
            parties.insert_cosignature(tx, question.size, self.vkey, format_signature(own[0]), at)
            parties.answered(tx, Role.WITNESS, self.vkey, now)

    def _contradicts(self, conflict: str) -> bool:
        log.critical("the ledger is not continued: %s", conflict)
        with self._database.transaction() as tx:
            parties.contradicted(tx, self.vkey, conflict, clock.now())
        return False


def _size(answer: Answer) -> int:
    text = answer.body.decode("ascii", "replace").rstrip("\n")
    if not (text.isascii() and text.isdigit() and len(text) < len(str(2**63))):
        raise Malformed("a witness answered with a size that is none")
    return int(text)


def _said(answer: Answer) -> str:
    return "".join(filter(str.isprintable, answer.body[:200].decode("utf-8", "replace")))
