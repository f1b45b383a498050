"""Messages that carry a picture."""

from carriers import PNG, Posted, Stage, edit, html, message, seen, unseen


def _thread(stage: Stage) -> Posted:
    root = stage.user.post_text(stage.room, "first words")
    relation = {"rel_type": "m.thread", "event_id": root, "is_falling_back": True}
    return stage.send(message("m.image", url=stage.media, **{"m.relates_to": relation}))


def _reaction(stage: Stage) -> Posted:
    first = stage.user.post_text(stage.room, "first words")
    relation = {"rel_type": "m.annotation", "event_id": first, "key": stage.media}
    return stage.send({"m.relates_to": relation, "shortcode": "smile"}, "m.reaction")


def _deep(stage: Stage) -> Posted:
    value: object = stage.media
    for _ in range(60):
        value = {"below": [value]}
    return stage.send(message("m.text", **{"org.example.deep": value}))


def _redaction(stage: Stage) -> Posted:
    first = stage.user.post_text(stage.room, "first words")
    return stage.send(
        {"redacts": first, "reason": "words", "org.example.url": stage.media}, "m.room.redaction"
    )


MESSAGES = (
    seen("Image", "`m.image`, `url`", lambda s: s.send(message("m.image", url=s.media, info=PNG))),
    seen(
        "Thumbnail of an image",
        "`info.thumbnail_url`",
        lambda s: s.send(message("m.image", url=s.harmless(), info={"thumbnail_url": s.media})),
    ),
    seen("Sticker", "`m.sticker`", lambda s: s.send({"body": "s", "url": s.media, "info": {}}, "m.sticker")),
    seen("Clip", "`m.video`, `url`", lambda s: s.send(message("m.video", url=s.media))),
    seen(
        "Thumbnail of a clip",
        "`m.video`, `info.thumbnail_url`",
        lambda s: s.send(message("m.video", url=s.harmless(), info={"thumbnail_url": s.media})),
    ),
    seen(
        "File that says it is a picture",
        "`m.file`",
        lambda s: s.send(message("m.file", url=s.media, info=PNG)),
    ),
    seen(
        "File that says it is something else",
        "`m.file`, `mimetype: application/zip`",
        lambda s: s.send(message("m.file", url=s.media, info={"mimetype": "application/zip"})),
    ),
    seen(
        "File that says nothing", "`m.file` without `info`", lambda s: s.send(message("m.file", url=s.media))
    ),
    seen("Sound that is a picture", "`m.audio`, `url`", lambda s: s.send(message("m.audio", url=s.media))),
    seen(
        "Cover of a sound",
        "`m.audio`, `info.thumbnail_url`",
        lambda s: s.send(message("m.audio", url=s.harmless(), info={"thumbnail_url": s.media})),
    ),
    seen(
        "Voice message",
        "`m.audio` with `org.matrix.msc3245.voice`",
        lambda s: s.send(message("m.audio", url=s.media, **{"org.matrix.msc3245.voice": {}})),
    ),
    seen(
        "Thumbnail of a location",
        "`m.location`, `info.thumbnail_url`",
        lambda s: s.send(message("m.location", geo_uri="geo:0,0", info={"thumbnail_url": s.media})),
    ),
    seen(
        "Text with an address beside it", "`m.text`, `url`", lambda s: s.send(message("m.text", url=s.media))
    ),
    seen("Notice", "`m.notice`, `url`", lambda s: s.send(message("m.notice", url=s.media))),
    seen(
        "Message of an unknown kind",
        "`msgtype: org.example`",
        lambda s: s.send(message("org.example", url=s.media)),
    ),
    seen(
        "Event of an unknown type",
        "`org.example.picture`",
        lambda s: s.send({"org.example.shown": {"where": [s.media]}}, "org.example.picture"),
    ),
    seen(
        "Name of a field",
        "an object's key is the address",
        lambda s: s.send(message("m.text", x={s.media: 1})),
    ),
    seen("Deep inside", "120 levels below the content", _deep),
    seen("Edit", "`m.new_content`", lambda s: edit(s, message("m.image", url=s.media))),
    seen(
        "Edit of formatted text",
        "`m.new_content.formatted_body`",
        lambda s: edit(s, html(f"<img src='{s.media}'>")),
    ),
    seen("Message in a thread", "`m.thread`", _thread),
    seen(
        "Caption",
        "`m.image` with a picture in its `formatted_body`",
        lambda s: s.send(html(f'<img src="{s.media}">') | {"msgtype": "m.image", "url": s.harmless()}),
    ),
    seen("Reaction", "`m.reaction`, the key is an address (MSC4027)", _reaction),
    seen(
        "Gallery",
        "`dm.filament.gallery`, `itemtypes` (MSC4274)",
        lambda s: s.send(
            message(
                "dm.filament.gallery",
                itemtypes=[
                    {"itemtype": "m.image", "body": "x", "url": each} for each in (s.harmless(), s.media)
                ],
            )
        ),
    ),
    seen(
        "Extensible event",
        "`m.file.url` (MSC1767, MSC3551)",
        lambda s: s.send({"m.text": [{"body": "x"}], "m.file": {"url": s.media, "name": "x"}}, "m.image"),
    ),
    seen(
        "Thumbnail of an extensible event",
        "`m.thumbnail` (MSC3552)",
        lambda s: s.send(
            {"m.file": {"url": s.harmless()}, "m.thumbnail": [{"m.file": {"url": s.media}}]}, "m.image"
        ),
    ),
    seen(
        "Link preview in the message",
        "`m.url_previews`, `og:image` (MSC4095)",
        lambda s: s.send(
            message(
                "m.text", **{"m.url_previews": [{"matched_url": "https://example.org", "og:image": s.media}]}
            )
        ),
    ),
    seen(
        "Poll",
        "`m.poll.start` with pictures beside its answers",
        lambda s: s.send(
            {"m.poll": {"answers": [{"m.id": "1", "m.text": [{"body": "a"}], "image": s.media}]}},
            "m.poll.start",
        ),
    ),
    seen(
        "Profile of one message",
        "`com.beeper.per_message_profile.avatar_url` (MSC4144)",
        lambda s: s.send(
            message("m.text", **{"com.beeper.per_message_profile": {"id": "x", "avatar_url": s.media}})
        ),
    ),
    seen(
        "Open fields of an encrypted event",
        "`m.room.encrypted` with an address beside the ciphertext",
        lambda s: s.send(
            {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "url": s.media}, "m.room.encrypted"
        ),
    ),
    seen("Redaction", "fields of `m.room.redaction`", _redaction),
    unseen(
        "Picture on the web",
        '`m.image`, `url: https://...`, or `<img src="https://...">`',
        "No client that we read fetches it; we ask the homeserver alone. Counted on the console.",
        lambda s: s.send(message("m.image", url="https://example.org/x.jpg")),
        "an address on the web in content.url",
    ),
    unseen(
        "Preview that the server makes of a link",
        "words with a link; each client asks the homeserver for it",
        "The picture is on somebody else's page: it cannot be removed here. A link to a picture file is "
        "counted on the console.",
        lambda s: s.send(message("m.text", body="see https://example.org/x.jpg")),
        "an address on the web in content.body",
    ),
    unseen(
        "Picture written out in the text",
        '`<img src="data:image/png;base64,...">`',
        "Clients drop it from formatted text. Counted on the console.",
        lambda s: s.send(html('<img src="data:image/png;base64,iVBORw0KGgo=">')),
        "a picture written out in the event itself in content.formatted_body",
    ),
    unseen(
        "Blurred placeholder alone",
        "`info.xyz.amorgan.blurhash` (MSC2448)",
        "Thirty letters make some coloured blots; nothing in them can be recognised.",
        lambda s: s.send(message("m.text", info={"xyz.amorgan.blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj"})),
    ),
    unseen(
        "Message encrypted for the room's members",
        "`m.room.encrypted` (Megolm)",
        "Only members' devices have its key. We see public rooms as a client without keys.",
        lambda s: s.send({"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA"}, "m.room.encrypted"),
    ),
)

TEXTS = (
    seen(
        "Picture in formatted text",
        '`<img src="mxc://...">`',
        lambda s: s.send(html(f'<img src="{s.media}">')),
    ),
    seen(
        "Emote in formatted text",
        "`<img data-mx-emoticon>`",
        lambda s: s.send(html(f"<img data-mx-emoticon height='32' src='{s.media}'>")),
    ),
    seen("Attribute without quotes", "`<img src=mxc://...>`", lambda s: s.send(html(f"<img src={s.media}>"))),
    seen(
        "Entities of HTML",
        "`&#109;xc://...`",
        lambda s: s.send(html("<img src='{}'>".format("".join(f"&#{ord(letter)};" for letter in s.media)))),
    ),
    seen(
        "Line end in an attribute",
        "`src` with a line end within the id",
        lambda s: s.send(html(f'<img src="{s.media[:-5]}\n{s.media[-5:]}">')),
    ),
    seen(
        "Style",
        '`style="background: url(mxc://...)"`',
        lambda s: s.send(html(f"<span style='background: url({s.media})'>x</span>")),
    ),
    seen("Link", '`<a href="mxc://...">`', lambda s: s.send(html(f'<a href="{s.media}">x</a>'))),
    seen("Address in words", "`body`", lambda s: s.send(message("m.text", body=f"look: {s.media}, quick"))),
    seen(
        "Link to the homeserver's own file",
        "`https://.../_matrix/media/v3/download/...`",
        lambda s: s.send(message("m.text", body=f"https://chat.example/_matrix/media/v3/download/{s.place}")),
    ),
    seen(
        "Link to a thumbnail there",
        "`https://.../_matrix/client/v1/media/thumbnail/...`",
        lambda s: s.send(
            html(f"<a href='https://x.example/_matrix/client/v1/media/thumbnail/{s.place}?width=9'>x</a>")
        ),
    ),
)
