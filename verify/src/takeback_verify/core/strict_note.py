"""A checkpoint's note inside a package: each of its lines is by somebody whom the trust file names.

C2SP lets verifiers skip signatures by keys that they do not know, so that a log can add cosigners. In a
package such a line could say anything and be changed by anybody, unseen. So here every line is checked, each
key signs once, and the lines have one order: the log's by type of key, then the witnesses' by name and key
id. The writer leaves out what its policy does not name.
"""

from takeback_verify.core.cosignature import verify_cosignature
from takeback_verify.core.errors import NotProven
from takeback_verify.core.note import ED25519, Note, Signature, VerifierKey
from takeback_verify.core.policy import LogKey, Policy, open_of_log

_Place = tuple[int, int, bytes, bytes]


def check_lines(policy: Policy, note: Note) -> None:
    """Check every signature line of a note that the policy's log signed.

    Raises:
        NotProven: a line by nobody whom the policy names, twice by one key, out of order, or wrong; or the
            log has not signed the whole text (with Ed25519).
        UnknownLog, Malformed: as `open_of_log` does.
    """
    # 1. The log's own signatures, and by Ed25519, which covers every line of the text.
    checkpoint, _ = open_of_log(policy, note)
    places = _places(policy, checkpoint.origin)
    # 2. Each line by somebody who is known, once, and in order.
    order = list[_Place]()
    for line in note.signatures:
        place = places.get((line.name, line.key_id))
        if place is None:
            raise NotProven(
                f"a checkpoint carries a signature by {line.name}, whom the trust file does not name "
                "(if the trust file is older than the package, there may be a newer one)"
            )
        order.append(place)
    if order != sorted(set(order)):
        raise NotProven("the signatures of a checkpoint are not in their order, each once")
    if order[0][:2] != (0, ED25519[0]):
        raise NotProven(f"the log {checkpoint.origin} did not sign the whole checkpoint, with Ed25519")
    # 3. The witnesses' signatures, also where nobody asks for them.
    for witness in policy.witnesses:
        if any((s.name, s.key_id) == (witness.key.name, witness.key.id) for s in note.signatures):
            verify_cosignature(note, witness.key)


def known_lines(policy: Policy, note: Note, *, witnesses: bool = True) -> Note:
    """Return the note with the lines alone that the policy names, in their order; nothing is verified.

    Args:
        policy: that of the trust file.
        note: a checkpoint.
        witnesses: False: the log's own lines alone.

    Raises:
        Malformed: no line is left.
    """
    places = _places(policy, note.text.split("\n", 1)[0])
    kept: dict[_Place, Signature] = {}
    for line in note.signatures:
        place = places.get((line.name, line.key_id))
        if place is not None and (witnesses or place[0] == 0):
            kept.setdefault(place, line)
    return Note(note.text, tuple(kept[place] for place in sorted(kept)))


def _places(policy: Policy, origin: str) -> dict[tuple[str, bytes], _Place]:
    """Return where the line of each key stands among the lines of a log's checkpoint."""
    logs: list[LogKey] = [log.key for log in policy.logs if log.key.name == origin]
    places = {(key.name, key.id): (0, _kind(key), key.name.encode(), key.id) for key in logs}
    keys = [witness.key for witness in policy.witnesses]
    return {(key.name, key.id): (1, 0, key.name.encode(), key.id) for key in keys} | places


def _kind(key: LogKey) -> int:
    return ED25519[0] if isinstance(key, VerifierKey) else int(key.kind)
