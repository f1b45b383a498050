"""Why a database cannot be reached, without its password, and whether trying again may help."""

from collections.abc import Iterator
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from takeback.errors import ConfigurationError, NotReady

_MEND = (
    "password authentication failed",
    "authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
    "is not permitted to log in",
    "permission denied for database",
    "invalid connection option",
    "Name or service not known",
    "certificate verify failed",
)
"""What libpq says when another try comes to the same. It does not hand on the server's code (SQLSTATE)."""


def cannot_reach(error: psycopg.OperationalError, url: str) -> ConfigurationError | NotReady:
    """The error to raise: ConfigurationError if a person must change something, else NotReady.

    Args:
        error: what connecting raised.
        url: what was connected to; of it nothing secret is text.
    """
    text = " ".join(str(error).split())
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, "…")
    if any(words in text for words in _MEND):
        return ConfigurationError(f"cannot reach the database: {text}")
    return NotReady(f"cannot reach the database now: {text}")


def _secrets(url: str) -> Iterator[str]:
    """The password, plain and as it is written in a URL, and the URL."""
    yield url
    password = conninfo_to_dict(url).get("password")
    if password:
        yield from {str(password), quote(str(password), safe="")}
