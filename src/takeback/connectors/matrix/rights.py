"""What our accounts may do on a homeserver, asked by calls that change nothing."""

from collections.abc import Iterator

from takeback.connectors.matrix.answers import text
from takeback.connectors.matrix.calls import ADMIN, CLIENT, Account
from takeback.errors import Gone, NotAllowed
from takeback.ground.outbound import path


def wrong_rights(admin: Account, member: Account | None) -> Iterator[str]:
    """Sentences about rights that are missing. Raises Unavailable: the homeserver does not answer."""
    ours = None
    try:
        ours = text(admin.get(path(f"{CLIENT}/account/whoami")), "user_id")
    except NotAllowed as error:
        yield f"TAKEBACK_MATRIX_ADMIN_TOKEN is not accepted ({error})."
    else:
        try:
            admin.get(path(f"{ADMIN}/rooms", limit="1"))
        except (NotAllowed, Gone) as error:
            yield f"{ours} is no server administrator: it cannot quarantine media ({error})."
    if member is None:
        yield "Nobody looks as an ordinary member does: TAKEBACK_MATRIX_MEMBER_TOKEN is not set."
        return
    try:
        theirs = text(member.get(path(f"{CLIENT}/account/whoami")), "user_id")
    except NotAllowed as error:
        yield f"TAKEBACK_MATRIX_MEMBER_TOKEN is not accepted ({error})."
    else:
        if theirs == ours:
            yield f"Both tokens are of {theirs}: it does not see what an ordinary member sees."
