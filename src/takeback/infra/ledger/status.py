"""How far the log is signed, witnessed and timestamped, for the operator: what waits, and for whom."""

from dataclasses import dataclass
from datetime import datetime

from takeback.infra.db.pool import Tx
from takeback.infra.ledger import parties, proofs, store
from takeback.infra.ledger.parties import Party, Role
from takeback_verify.core.checkpoint import parse_checkpoint
from takeback_verify.core.cosignature import format_cosigner_key
from takeback_verify.core.policy import Policy


@dataclass(frozen=True, slots=True)
class Status:
    """How it stands."""

    lines: tuple[str, ...]
    """Sentences."""
    well: bool
    """Whether nobody who vouches for the log fails."""


def how_it_stands(tx: Tx, policy: Policy, now: datetime) -> Status:
    """Return where the log stands.

    Args:
        tx: a transaction.
        policy: our own, with the witnesses and their quorum.
        now: the present, for how long entries have waited.
    """
    last, waiting = store.last_checkpoint(tx), store.waiting(tx)
    size = 0 if last is None else last.size
    lines = [f"{size} entries are signed."]
    if waiting.oldest is not None:
        seconds = max((now - waiting.oldest).total_seconds(), 0)
        lines.append(f"{waiting.count} more wait for their place, the oldest for {seconds:.1f} s.")
    found = parties.all_parties(tx)
    heeded = {format_cosigner_key(each.key): each.name for each in policy.witnesses}
    if policy.quorum is not None:
        note = proofs.final(tx, policy)
        covered = 0 if note is None else parse_checkpoint(note.text).size
        lines.append(f"The quorum of witnesses covers {covered}; {size - covered} wait for it.")
    shown = [each for each in found if each.role is Role.AUTHORITY or each.name in heeded]
    if any(each.role is Role.AUTHORITY for each in shown):
        anchor = parties.last_anchor(tx)
        lines.append(f"The last timestamp covers {anchor}; {size - anchor} wait for the next.")
    lines += [_line(each, heeded.get(each.name, each.name), size) for each in shown]
    never = [name for vkey, name in heeded.items() if vkey not in {each.name for each in found}]
    lines += [f"witness {name}: never asked." for name in never]
    return Status(tuple(lines), well=not any(each.failing_since or each.conflict for each in shown))


def _line(party: Party, name: str, size: int) -> str:
    when = "" if party.at is None else f", at {party.at:%Y-%m-%d %H:%M:%S} UTC by its clock"
    line = f"{party.role} {name}: covers {party.size} of {size} entries{when}."
    if party.conflict is not None:
        return f"{line} CONFLICT: {party.conflict}. Nothing is signed until a person has looked."
    if party.failing_since is not None:
        return f"{line} FAILS since {party.failing_since:%Y-%m-%d %H:%M:%S} UTC: {party.failure}"
    return line
