"""How strangers can spell the address of a file so that a client still fetches it."""

import string
from urllib.parse import quote

from hypothesis import strategies as st

_NAMES = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=12)
_PORTS = st.sampled_from(["", ":8448", ":1"])
SERVERS = st.builds(
    str.__add__,
    st.lists(_NAMES, min_size=1, max_size=3).map(".".join)
    | st.sampled_from(["[::1]", "[2001:db8::7]", "192.0.2.7", "Chat.Example", "DEMO.invalid"]),
    _PORTS,
)
"""Names of servers (Matrix specification, appendix "Server name")."""
IDS = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=40)
"""Media ids as the specification has them."""

_BLANKS = st.text(st.sampled_from(" \t\n\r\f\v\0\xa0\ufeff"), max_size=3)
_TAILS = st.sampled_from(
    [
        "",
        "/",
        "?",
        "#",
        "/picture.jpg",
        "?width=8",
        "#auto",
        "/x?y#z",
        "?mxc://other/id",
        "#/../..",
        "\\x",
        "/./.",
    ]
)
_WAYS = st.sampled_from(["", "./", "x/../", "%2e/", "x/%2E%2e/", "..\\download/", "../download/"])


def _with_percents(data: st.DrawFn, written: str) -> str:
    return "".join(
        f"%{ord(letter):02x}" if letter.isalnum() and data(st.booleans()) else letter for letter in written
    )


@st.composite
def spellings(draw: st.DrawFn, server: str, identity: str) -> str:
    """One way to write the address of this file."""
    scheme = draw(st.sampled_from(["mxc", "MXC", "Mxc"]))
    name = draw(st.sampled_from([server, server.lower(), quote(server, safe=""), f"somebody@{server}"]))
    where = f"{draw(_WAYS)}{name}/{_with_percents(draw, identity)}"
    dropped = draw(st.sampled_from(["", "\t", "\n", "\r\n"]))
    at = draw(st.integers(0, len(where)))
    return f"{draw(_BLANKS)}{scheme}://{where[:at]}{dropped}{where[at:]}{draw(_TAILS)}{draw(_BLANKS)}"
