"""Addresses as they stand in settings: what is one, and what of it may be shown."""

import re
from urllib.parse import urlsplit

_LAST_PORT = 65535


def an_address(url: str) -> str:
    """An http or https address. Raises ValueError."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1) <= _LAST_PORT
    except ValueError:
        fits = False
    if not fits or not url.isprintable() or " " in url:
        raise ValueError("must be an address, as https://service.example")
    return without_credentials(url)


def without_credentials(text: str) -> str:
    """A place or a list of places, none of which carries a user, a password or a query. Raises ValueError."""
    if "://" in text and re.search(r"[@?#]", text.partition("://")[2]):
        raise ValueError(
            "must not carry a user, a password or a query: addresses are written to logs and error messages"
        )
    return text


def an_origin(url: str) -> str:
    """Scheme, host and port of an address, nothing else. Raises ValueError."""
    parts = urlsplit(an_address(url))
    if parts.path.strip("/"):
        raise ValueError("must be scheme, host and port, as https://service.example")
    return url


def without_secrets(text: str) -> str:
    """An address, or a list of them, without user, password and query; other text as it is, printable."""
    if "://" in text:
        text = re.sub(r"://.*@", "://…@", text, flags=re.DOTALL)
        text = re.sub(r"[?#].*", "?…", text, flags=re.DOTALL)
    return text if text.isprintable() else ascii(text)
