"""Says in words what keeps us from watching a homeserver, for the watcher and for operators."""

from collections.abc import Callable, Collection

from takeback.connectors.api import Trouble, TroubleKind
from takeback.connectors.matrix.answers import at, objects, text
from takeback.connectors.matrix.calls import ADMIN, CLIENT, Caller, error_code, refusal
from takeback.connectors.matrix.calls import OK as FINE
from takeback.connectors.matrix.rooms import Refusal
from takeback.errors import PlatformError, Unavailable
from takeback.infra.outbound import Timeouts, path

PATIENCE = Timeouts(silence=10, total=10)
_UNKNOWN_TOKEN = frozenset({"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"})


def examine(
    admin: Caller, member: Caller | None, refused: Collection[Refusal], variable: Callable[[str], str]
) -> tuple[Trouble, ...]:
    """Ask what the two accounts can do. Empty: everything that is needed.

    Args:
        admin: the moderation account.
        member: the ordinary account, if there is one.
        refused: the rooms that did not let the moderation account in, as far as this process has tried.
        variable: names the environment variable of a setting.
    """
    address = variable("url")
    trouble = _token(admin, "moderation account", variable("admin_token"), "Nothing is watched.", address)
    if trouble is not None:
        return (trouble,)
    found = list[Trouble]()
    if member is not None:
        blind = "Nobody looks as a member does, so nothing is found to be gone."
        trouble = _token(member, "ordinary account", variable("member_token"), blind, address)
        found += [] if trouble is None else [trouble]
    try:
        is_admin = _may_list_rooms(admin)
        if not is_admin:
            found.append(
                Trouble(
                    TroubleKind.NOT_ADMINISTRATOR,
                    "The moderation account is not an administrator of the homeserver. The past of rooms and "
                    "rooms outside the directory are not seen, and media cannot be removed. Make the account "
                    "a server administrator.",
                )
            )
        if not _lists_a_room(admin):
            found.append(_empty_directory(is_admin=is_admin))
    except PlatformError as error:
        found.append(_away(error, address))
    if refused:
        found.append(_shut_out(refused))
    return tuple(found)


def _token(account: Caller, whose: str, setting: str, follows: str, address: str) -> Trouble | None:
    try:
        answer = account.client.get(path(CLIENT, "account", "whoami"), timeouts=PATIENCE)
        if error_code(answer) in _UNKNOWN_TOKEN:
            expired = at(answer.json(), "soft_logout") is True
            why = "has expired" if expired else "is not accepted by the homeserver (any more)"
            words = f"The access token of the {whose} {why}. {follows} Set {setting} to a new one."
            return Trouble(TroubleKind.TOKEN_REFUSED, words)
        if answer.status != FINE:
            raise refusal(answer)
        if not text(answer.json(), "user_id"):
            raise Unavailable("the homeserver does not say whose token ours is")
    except PlatformError as error:
        return _away(error, address)
    return None


def _away(error: PlatformError, address: str) -> Trouble:
    return Trouble(
        TroubleKind.AWAY,
        f"The homeserver gives no usable answer: {error}. Watching goes on when it is back; nothing that is "
        f"still there is missed. If this stays, check {address}.",
    )


def _may_list_rooms(admin: Caller) -> bool:
    """Return whether the account has the right of an administrator. Raises PlatformError."""
    answer = admin.client.get(path(ADMIN, "rooms", limit="1"), timeouts=PATIENCE)
    if error_code(answer) == "M_FORBIDDEN":
        return False
    if answer.status != FINE:
        raise refusal(answer)
    return True


def _lists_a_room(admin: Caller) -> bool:
    """Raises PlatformError."""
    return bool(objects(admin.get(path(CLIENT, "publicRooms", limit="1"), timeouts=PATIENCE), "chunk"))


def _empty_directory(*, is_admin: bool) -> Trouble:
    then = (
        "Public rooms are found in the server's own list instead, and watched."
        if is_admin
        else "So no room can be found, and nothing is watched."
    )
    return Trouble(
        TroubleKind.DIRECTORY_EMPTY,
        "The directory of the homeserver is empty. A stock Synapse publishes no room: set "
        f"room_list_publication_rules in homeserver.yaml, and list rooms. {then}",
        serious=not is_admin,
    )


def _shut_out(refused: Collection[Refusal]) -> Trouble:
    many = f"{len(refused):,} public rooms" if len(refused) != 1 else "1 public room"
    return Trouble(
        TroubleKind.SHUT_OUT,
        f"{many} could not be joined: what is posted there is not compared. The console's page "
        '"Not compared" names them.',
        serious=False,
    )
