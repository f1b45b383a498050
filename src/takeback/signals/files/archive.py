"""Members of a ZIP, and so of the many documents that are one (docx, pptx, xlsx, odt, epub, cbz).

The standard library reads them, in the study child only. A member's first bytes say what it is. Members are
bounded in number and in unpacked bytes together; an encrypted one counts as left out.
"""

import zipfile
from collections.abc import Iterator
from io import BytesIO

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.files.kind import kind_of
from takeback.signals.parts.budget import Budget
from takeback.signals.parts.decode import MAX_BYTES, said_as_unreadable

MOST_LISTED = 10_000
"""Members whose first bytes are looked at; an archive that lists more is refused."""
_CENTRAL_HEADER = b"PK\1\2"
_ENCRYPTED = 1
_HEAD = 1 << 16


def members(data: bytes, budget: Budget) -> Iterator[tuple[int, bytes]]:
    """Yield the members that can show a picture: their number, from 1, and their bytes.

    Raises Unreadable: DAMAGED, or more members than are listed.
    """
    if data.count(_CENTRAL_HEADER) > MOST_LISTED:
        raise Unreadable(WhyUnreadable.TOO_SLOW, f"an archive with more than {MOST_LISTED} members")
    with said_as_unreadable(), zipfile.ZipFile(BytesIO(data)) as archive:
        listed = archive.infolist()
        for number, member in enumerate(listed, 1):
            if budget.is_spent:
                budget.leave_out(len(listed) - number + 1)
                return
            if member.is_dir():
                continue
            if member.flag_bits & _ENCRYPTED:
                budget.leave_out()
                continue
            try:
                found = _unpacked(archive, member, budget)
            except Unreadable as error:
                budget.could_not(error)
                continue
            if found is not None:
                yield number, found


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: Budget) -> bytes | None:
    """Return a member's bytes; None if its first ones are no picture's, clip's or document's."""
    with said_as_unreadable(), archive.open(member) as file:
        head = file.read(_HEAD)
        budget.take_bytes(len(head))
        # A ZIP or a clip may be known by its end only; what is that odd is not looked for inside another.
        if kind_of(head) is None:
            return None
        room = min(MAX_BYTES, budget.bytes_left) - len(head)
        rest = file.read(max(0, room) + 1)
        budget.take_bytes(len(rest))
        if len(rest) > room:
            raise Unreadable(WhyUnreadable.TOO_MANY_BYTES, "a member that unpacks to too much")
        return head + rest
