"""Gives a message out raw: what the server answered, byte for byte, for evidence.

Three questions, the one whose answer can vanish first asked first: the message with its neighbours as
administrators are shown it, the file, and the server's own copy of the event, which outlives a redaction by
seven days. A message that people are not shown any more is recorded from that copy, and said to be deleted.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from takeback.connectors.api import Exchange, Recording, Target
from takeback.connectors.matrix.addresses import key_of, without_key
from takeback.connectors.matrix.answers import members, moment, number, objects, text
from takeback.connectors.matrix.calls import ADMIN, MEDIA, NOT_FOUND, OK, Caller, error_code, file_in, refusal
from takeback.connectors.matrix.encrypted import FileKey
from takeback.connectors.matrix.posts import redacted_by
from takeback.connectors.matrix.removal import media_of
from takeback.errors import Gone, Unavailable, Unreadable
from takeback.infra import outbound
from takeback.infra.outbound import path

NEIGHBOURS = 10
"""Events around the message, half of them before it."""
LIKENESSES = frozenset({"blurhash", "thumbhash", "thumbnail_url", "thumbnail_file", "k"})
"""Members of an event that show its picture (MSC2448; until it is accepted, as xyz.amorgan.blurhash), lead to
a small one (client-server API, ImageInfo), or open an encrypted one (JWK).
"""
_EXPIRY = "org.matrix.self_destruct_after"
"""Milliseconds since 1970, where a client supports it (MSC2228); Matrix itself has no time to live."""


def record_message(admin: Caller, target: Target, max_bytes: int) -> Recording:
    """See `connectors.api.Recorder`. Raises Gone, Unreadable or another PlatformError."""
    client = admin.client
    around = client.exchange(
        path(ADMIN, "rooms", target.place, "context", target.message, limit=str(NEIGHBOURS))
    )
    file = _file(admin, target, max_bytes)
    kept = client.exchange(path(ADMIN, "fetch_event", target.message))
    shown = _event(around.answer, target, "event")
    event = _event(kept.answer, target, "event") or shown
    key = key_of(target.media)
    if event is None:
        raise Gone("the homeserver has neither the message nor its own copy of it")
    deleted = shown is None or redacted_by(shown) is not None
    if deleted and not members(event, "content"):
        raise Gone("the message was redacted, and its content is gone")
    return Recording(
        target=target,
        sender=text(event, "sender"),
        posted_at=moment(event, "origin_server_ts"),
        exchanges=(_as_exchange(around), _as_exchange(file), _as_exchange(kept)),
        file=1 if file.answer.status == OK else None,
        deleted=deleted,
        expires_at=_expiry(event),
        edits=_edits(event) + (() if shown is None else _edited_by(shown)),
        forwarded_from=_source(event),
        around=_around(around.answer) if around.answer.status == OK else (),
        likenesses=LIKENESSES,
        bare_media=without_key(target.media),
        encrypted=key is not None,
        opened=None if key is None or file.answer.status != OK else _opened(key, file.answer.body),
    )


def _file(admin: Caller, target: Target, max_bytes: int) -> outbound.Exchange:
    server, media = media_of(target.media)
    file = admin.client.exchange(path(MEDIA, "download", server, media), max_bytes=max_bytes)
    with suppress(Gone):  # the message is evidence without its file
        file_in(file.answer, max_bytes)
    return file


def _opened(key: FileKey, file: bytes) -> bytes | None:
    try:
        return key.open(file)
    except Unreadable:  # clients show nothing of it either; what was fetched is evidence all the same
        return None


def _event(answer: outbound.Answer, target: Target, *inside: str) -> Mapping[str, object] | None:
    """The event in an answer; None if the server says that there is none. Raises PlatformError."""
    if answer.status == NOT_FOUND and error_code(answer) == "M_NOT_FOUND":
        return None
    if answer.status != OK:
        raise refusal(answer)
    event = members(answer.json(), *inside)
    if text(event, "event_id") != target.message:
        raise Unavailable("the homeserver answered with another event than the one asked for")
    return event


def _expiry(event: Mapping[str, object]) -> datetime | None:
    return moment(event, "content", _EXPIRY) if number(event, "content", _EXPIRY) else None


def _edits(event: Mapping[str, object]) -> tuple[str, ...]:
    """The message that this one replaces (client-server API, "Event replacements")."""
    related = members(event, "content", "m.relates_to")
    replaced = text(related, "event_id") if text(related, "rel_type") == "m.replace" else ""
    return (replaced,) if replaced else ()


def _edited_by(event: Mapping[str, object]) -> tuple[str, ...]:
    """The newest message that replaces this one."""
    newest = text(event, "unsigned", "m.relations", "m.replace", "event_id")
    return (newest,) if newest else ()


def _source(event: Mapping[str, object]) -> str | None:
    """Room and message that this one says it was forwarded from, as some clients write it (MSC2723)."""
    source = members(event, "content", "m.forwarded")
    return " ".join(filter(None, (text(source, "room_id"), text(source, "event_id")))) or None


def _around(answer: outbound.Answer) -> tuple[str, ...]:
    context = answer.json()
    before = [text(event, "event_id") for event in reversed(objects(context, "events_before"))]
    after = [text(event, "event_id") for event in objects(context, "events_after")]
    return tuple(filter(None, before + after))


def _as_exchange(made: outbound.Exchange) -> Exchange:
    return Exchange(
        at=made.at,
        method=made.method,
        url=made.url,
        asked=made.asked,
        status=made.answer.status,
        reason=made.reason,
        said=made.said,
        body=made.answer.body,
        chain=made.chain,
        peer=made.peer,
    )
