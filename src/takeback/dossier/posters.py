"""Leave out of a package what names the accounts that posted. Pure.

Whoever has a receipt is taken for the person concerned, and may be somebody else; and a name can bring her
into danger. So a package by receipt has a number in the place of each account, until a reviewer releases the
names. The log's entries cannot be changed, but an entry need not be opened: those that would name an account
are left out, and with them whatever would be in the package only because of them. Sealed parts stay as they
are: they are for others.
"""

import base64
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from takeback.cases.model import Copy
from takeback.dossier.case_summary import PostedCopy
from takeback.evidence.model import Exhibit, Part
from takeback.infra.ledger.proofs import ProvenEntry
from takeback.takedown.certificate import Certificate
from takeback.takedown.model import Round
from takeback_verify.core.exhibit import OPEN

_SHORTEST = 4
"""Letters that a name must have to be looked for inside other text; a shorter one is in too many words."""
_PLACES = frozenset({"place", "shard"})
"""Fields of entries that name a place."""
_OF_A_ROUND = frozenset({"found_again", "found_gone", "rechecked", "retry_asked"})


@dataclass(frozen=True, slots=True)
class Statement:
    """What of a case can be statement."""

    exhibits: tuple[Exhibit, ...]
    rounds: tuple[Round, ...]
    entries: tuple[ProvenEntry, ...]
    removals: tuple[Certificate, ...]


def named(copies: Iterable[Copy]) -> tuple[PostedCopy, ...]:
    """The copies with the accounts that posted them."""
    return tuple(
        PostedCopy(each.sighting, each.connector, each.place, each.message, each.sender, each.posted_at)
        for each in copies
    )


def numbered(copies: Sequence[Copy]) -> tuple[PostedCopy, ...]:
    """The copies with a number for each account, in the order in which they come."""
    senders = list(dict.fromkeys((each.connector, each.sender) for each in copies))
    is_named = Names(each.sender for each in copies)
    return tuple(
        PostedCopy(
            each.sighting,
            each.connector,
            None if is_named.by_place(each.place) else each.place,
            None if is_named.by_place(each.message) else each.message,
            senders.index((each.connector, each.sender)) + 1,
            each.posted_at,
        )
        for each in copies
    )


def without_names(statement: Statement, senders: Collection[str], read: Callable[[Part], bytes]) -> Statement:
    """The same without all that names one of these accounts.

    Args:
        statement: all of it.
        senders: the accounts' ids.
        read: the bytes of an open part, which may raise what the blob store does.
    """
    is_named = Names(senders)
    # 1. Exhibits that would name one in an open part, with the entries that speak of them.
    exhibits = tuple(
        each
        for each in statement.exhibits
        if not is_named.within(each.document)
        and not any(is_named.within(read(part)) for part in each.parts if part.name.startswith(OPEN))
    )
    hidden = {str(each.capture) for each in statement.exhibits} - {str(each.capture) for each in exhibits}
    # 2. Removals one of whose rounds would, with all rounds of theirs: a gap would be called a fault.
    veiled = {str(each.target) for each in statement.rounds if is_named.within(each.series)}
    # 3. Entries that would themselves.
    entries = tuple(
        each
        for each in statement.entries
        if str(each.opening.body.get("capture")) not in hidden
        and not (each.opening.kind in _OF_A_ROUND and str(each.opening.body.get("target")) in veiled)
        and not any(_names_one(is_named, name, str(value)) for name, value in each.opening.body.items())
    )
    return Statement(
        exhibits,
        tuple(each for each in statement.rounds if str(each.target) not in veiled),
        entries,
        tuple(each for each in statement.removals if str(each.target) not in veiled),
    )


def _names_one(names: "Names", field: str, value: str) -> bool:
    return names.by_place(value) if field in _PLACES else names.within(value.encode())


class Names:
    """Accounts, to be found in text: as they are spelt, in per cent, in hexadecimal and in base64."""

    def __init__(self, senders: Iterable[str]) -> None:
        names = {sender for sender in senders if len(sender) >= _SHORTEST}
        self._spelt = {form for name in names for form in _forms(name)}
        self._hexadecimal = {name.encode().hex().encode() for name in names}
        self._base64 = {form for name in names for form in _base64_forms(name.encode())}
        bare = {re.sub(r"^\W+", "", name).partition(":")[0] for name in names}
        self._bare = {name.casefold() for name in bare if len(name) >= _SHORTEST}

    def within(self, data: bytes) -> bool:
        """Return whether bytes hold one of the accounts."""
        lower = data.decode("utf-8", "replace").casefold().encode()
        return (
            any(form in lower for form in self._spelt)
            or any(form in data.lower() for form in self._hexadecimal)
            or any(form in data for form in self._base64)
        )

    def by_place(self, text: str) -> bool:
        """Return whether an id holds one, also without the server that follows its name."""
        return self.within(text.encode()) or any(name in text.casefold() for name in self._bare)


def _forms(name: str) -> set[bytes]:
    return {form.casefold().encode() for form in (name, quote(name), quote(name, safe=""), quote(name, "@:"))}


def _base64_forms(name: bytes) -> set[bytes]:
    """Its middle, wherever in three bytes it begins; in both alphabets."""
    found = set()
    for before in range(3):
        text = base64.b64encode(bytes(before) + name)
        middle = text[-(-before * 4 // 3) : len(text) - 4]
        if len(middle) > _SHORTEST:
            found |= {middle, middle.translate(bytes.maketrans(b"+/", b"-_"))}
    return found
