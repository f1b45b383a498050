"""One account's calls to a homeserver, and what its refusals mean.

A refusal counts only with a Matrix error code in it (client-server API, "Standard error response"): a 404
without one comes from a proxy on the way, and says nothing about the thing asked for.
"""

from takeback.connectors.matrix.answers import text
from takeback.errors import Gone, NotAllowed, PlatformError, Unavailable, Unreadable, WhyUnreadable
from takeback.infra.outbound import MAX_ANSWER_BYTES, Answer, OutboundClient, Timeouts

CLIENT = "/_matrix/client/v3"
MEDIA = "/_matrix/client/v1/media"
MEDIA_BEFORE_ACCOUNTS = "/_matrix/media/v3"
"""The old path, at which media from before Matrix 1.11 is still served to everybody."""
ADMIN = "/_synapse/admin/v1"

OK = 200
BAD_REQUEST = 400
NOT_FOUND = 404


class Caller:
    """Calls as one account, or as nobody.

    Args:
        client: holds the account's token, or none.
    """

    def __init__(self, client: OutboundClient) -> None:
        self.client = client

    def get(
        self, path: str, *, max_bytes: int = MAX_ANSWER_BYTES, timeouts: Timeouts | None = None
    ) -> object:
        """Return the JSON there. Raises PlatformError."""
        return understood(self.client.get(path, max_bytes=max_bytes, timeouts=timeouts))

    def send(self, method: str, path: str, document: object) -> object:
        """Send JSON, get JSON. Raises PlatformError."""
        return understood(self.client.send(method, path, document=document))

    def close(self) -> None:
        """Let go of the connections."""
        self.client.close()


def understood(answer: Answer) -> object:
    """Return the JSON of a good answer. Raises what `refusal` says of any other."""
    if answer.status != OK:
        raise refusal(answer)
    return answer.json()


def refusal(answer: Answer) -> PlatformError:
    """Return what an answer other than 200 means for the caller."""
    code = error_code(answer)
    said = f"{answer.status} {code}".rstrip()
    if answer.status == NOT_FOUND and code == "M_NOT_FOUND":
        return Gone(said)
    if code in {"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"}:
        return NotAllowed(
            f"{said}: the homeserver does not accept the account's access token; give a new one"
        )
    if code and code != "M_UNRECOGNIZED" and answer.status != NOT_FOUND and answer.status >= BAD_REQUEST:
        return NotAllowed(f"{said}: the homeserver refuses this to our account")
    return Unavailable(f"{said}: not an answer of a Matrix homeserver that we understand")


def file_in(answer: Answer, max_bytes: int) -> bytes:
    """Return the file that an answer brings. Raises Unreadable(TOO_MANY_BYTES), or what `refusal` says."""
    if answer.status != OK:
        raise refusal(answer)
    if answer.content_type == "text/html" and answer.body.lstrip()[:1] == b"<":
        # Taken for the file, a log-in page of a network on the way would mark it as unreadable for good.
        raise Unavailable("a page in place of the picture")
    if not answer.whole:
        raise Unreadable(WhyUnreadable.TOO_MANY_BYTES, f"more than {max_bytes} bytes")
    return answer.body


def error_code(answer: Answer) -> str:
    """Such as M_NOT_FOUND; empty if the answer has none."""
    try:
        return text(answer.json(), "errcode")
    except Unavailable:
        return ""
