"""Spellings of addresses, encrypted files, and states of rooms that carry a picture."""

from collections.abc import Callable
from urllib.parse import quote

from carriers import Content, Posted, Stage, Tried, edit, message, seen, unseen
from waiting import until


def _spelled(name: str, what: str, spell: Callable[[str], str]) -> Tried:
    return seen(name, what, lambda s: s.send(message("m.image", url=spell(s.place))))


ADDRESSES = (
    _spelled("Query", "`mxc://server/id?x`", "mxc://{}?x=1".format),
    _spelled("Fragment", "`mxc://server/id#x`", "mxc://{}#auto".format),
    _spelled("Slash at the end", "`mxc://server/id/`", "mxc://{}/".format),
    _spelled("File name at the end", "`mxc://server/id/x.jpg`", "mxc://{}/x.jpg".format),
    _spelled("Blank at the end", "`mxc://server/id `", "mxc://{} ".format),
    _spelled("Blanks before", "` mxc://server/id`", "\t\n mxc://{}".format),
    _spelled("Percent signs", "`mxc://server/%41...`", lambda each: "mxc://" + _percents(each)),
    _spelled("Slash as percent sign", "`mxc://server%2Fid` is none; `%2e%2e` is", "mxc://x/%2e%2e/{}".format),
    _spelled("Scheme in capitals", "`MXC://server/id`", "MXC://{}".format),
    _spelled("Server in capitals", "`mxc://SERVER/id`", lambda each: f"mxc://{each[:12].upper()}{each[12:]}"),
    _spelled("User before the server", "`mxc://somebody@server/id`", "mxc://somebody@{}".format),
    _spelled("Backslash", "`mxc://server\\id`", lambda each: "mxc://" + each.replace("/", "\\")),
    _spelled("Dots", "`mxc://./x/../server/id`", "mxc://./x/../{}".format),
    _spelled("Tab in the middle", "a tab within the id", lambda each: f"mxc://{each[:-3]}\t{each[-3:]}"),
    seen(
        "Escapes of JSON",
        "`\\u006dxc://...`",
        lambda s: s.send(message("m.image", url="\u006dxc:\u002f/" + s.place)),
    ),
)


def _percents(place: str) -> str:
    server, _, identity = place.partition("/")
    return f"{server}/" + "".join(f"%{ord(letter):02X}" for letter in identity)


SEALED = (
    seen("Encrypted file", "`file` with its key", lambda s: s.send(message("m.image", file=s.sealed()))),
    seen(
        "Encrypted thumbnail",
        "`info.thumbnail_file`",
        lambda s: s.send(
            message("m.file", file=s.sealed() | {"key": {}}, info={"thumbnail_file": s.sealed()})
        ),
    ),
    seen(
        "Encrypted file behind a harmless one",
        "a harmless `url` beside `file`",
        lambda s: s.send(message("m.image", url=s.harmless(), file=s.sealed())),
    ),
    seen(
        "Harmless encrypted file",
        "a harmless `file` beside `url`",
        lambda s: s.send(message("m.image", url=s.media, file=s.sealed() | {"url": s.harmless()})),
    ),
    seen(
        "Encrypted clip",
        "`m.video`, `file`",
        lambda s: s.send(message("m.video", file=s.sealed(), info={"w": 1})),
    ),
    seen(
        "Edit to an encrypted file",
        "`m.new_content.file`",
        lambda s: edit(s, message("m.image", file=s.sealed())),
    ),
    seen(
        "Encrypted gallery",
        "`itemtypes` with `file` (MSC4274)",
        lambda s: s.send(
            message("dm.filament.gallery", itemtypes=[{"itemtype": "m.image", "file": s.sealed()}])
        ),
    ),
    seen(
        "Encrypted extensible event",
        "`m.file` with its key (MSC3551)",
        lambda s: s.send({"m.file": {"name": "x", **s.sealed()}}, "m.image"),
    ),
    seen(
        "Encrypted link preview",
        "`beeper:image:encryption`",
        lambda s: s.send(
            message("m.text", **{"com.beeper.linkpreviews": [{"beeper:image:encryption": s.sealed()}]})
        ),
    ),
    seen(
        "Encrypted picture of one message's profile",
        "`avatar_file` (MSC4144)",
        lambda s: s.send(
            message("m.text", **{"com.beeper.per_message_profile": {"avatar_file": s.sealed()}})
        ),
    ),
    seen(
        "Counter that runs over after 64 bits",
        "as Element Web counts",
        lambda s: s.send(message("m.image", file=s.sealed(counter_bits=64))),
    ),
    seen(
        "Counter that runs over after 128 bits",
        "as Element X counts",
        lambda s: s.send(message("m.image", file=s.sealed(counter_bits=128))),
    ),
)


def _member(stage: Stage) -> Posted:
    content: Content = {"membership": "join", "displayname": "somebody", "avatar_url": stage.media}
    return stage.state("m.room.member", content, stage.user.user_id)


def _pack(stage: Stage) -> Content:
    return {"images": {"smile": {"url": stage.media}}, "pack": {"display_name": "pack"}}


def _profile(stage: Stage) -> Posted:
    """The server writes it into each room that the person is in."""
    stage.profile("avatar_url", stage.media)

    def told() -> dict[str, object] | None:
        event = stage.current("m.room.member", stage.user.user_id)
        return event if stage.media in str(event) else None

    return stage.room, str(until(told, 20, "the profile to be in the room")["event_id"])


def _purged(stage: Stage) -> Posted:
    """A room of its own: only its state is left of what was there before we came."""
    room = stage.user.create_room("a public room")
    posted = stage.state("m.room.avatar", {"url": stage.media}, room=room)
    stage.user.post_text(room, "words")
    stage.purge(room, before=stage.user.post_text(room, "words"))
    return posted


def _purged_person(stage: Stage) -> Posted:
    room = stage.user.create_room("a public room")
    content: Content = {"membership": "join", "avatar_url": stage.media}
    posted = stage.state("m.room.member", content, stage.user.user_id, room=room)
    stage.user.post_text(room, "words")
    stage.purge(room, before=stage.user.post_text(room, "words"))
    return posted


def _profile_field(stage: Stage) -> Posted:
    stage.profile("org.example.banner", stage.media)
    return stage.room, stage.user.post_text(stage.room, "my banner is new")


STATES = (
    seen("Picture of a room", "`m.room.avatar`", lambda s: s.state("m.room.avatar", {"url": s.media})),
    seen(
        "Thumbnail of a room's picture",
        "`m.room.avatar`, `info.thumbnail_url`",
        lambda s: s.state("m.room.avatar", {"url": s.harmless(), "info": {"thumbnail_url": s.media}}),
    ),
    seen("Picture of a person", "`m.room.member`, `avatar_url`", _member),
    seen("Picture of a person, from the profile", "`PUT /profile/{user}/avatar_url`", _profile),
    seen("Picture of a room whose past was purged", "`m.room.avatar`, older than all that is kept", _purged),
    seen("Picture of a person there", "`m.room.member`, older than all that is kept", _purged_person),
    seen(
        "Pack of emotes",
        "`im.ponies.room_emotes`",
        lambda s: s.state("im.ponies.room_emotes", _pack(s), "one"),
    ),
    seen("Pack of stickers", "`m.image_pack` (MSC2545)", lambda s: s.state("m.image_pack", _pack(s), "two")),
    seen(
        "Picture of a pack",
        "`pack.avatar_url`",
        lambda s: s.state("im.ponies.room_emotes", {"pack": {"avatar_url": s.media}}, "three"),
    ),
    seen(
        "Topic",
        "`m.room.topic` with formatted text (MSC3765)",
        lambda s: s.state(
            "m.room.topic",
            {
                "topic": "x",
                "m.topic": {"m.text": [{"mimetype": "text/html", "body": f"<img src='{s.media}'>"}]},
            },
        ),
    ),
    seen(
        "Banner of a room",
        "an unknown type of state",
        lambda s: s.state("page.example.room.banner", {"url": s.media}),
    ),
    seen(
        "Picture of a widget",
        "`im.vector.modular.widgets`, `avatar_url`",
        lambda s: s.state(
            "im.vector.modular.widgets", {"type": "m.custom", "name": "x", "avatar_url": s.media}, "one"
        ),
    ),
    seen(
        "Widget that is given a picture",
        "`url: https://...?picture=mxc%3A%2F%2F...`",
        lambda s: s.state(
            "im.vector.modular.widgets", {"url": f"https://x.example/?p={quote(s.media, safe='')}"}, "two"
        ),
    ),
    seen(
        "Bridge",
        "`m.bridge`, `protocol.avatar_url` (MSC2346)",
        lambda s: s.state("m.bridge", {"protocol": {"id": "x", "avatar_url": s.media}}, "one"),
    ),
    seen(
        "Shared position",
        "`m.beacon_info` with a picture beside it",
        lambda s: s.state("m.beacon_info", {"m.asset": {"type": "x", "image": s.media}}, s.user.user_id),
    ),
    seen(
        "Room of a space",
        "`m.space.child` with a picture beside it",
        lambda s: s.state(
            "m.space.child", {"via": ["demo.invalid"], "avatar_url": s.media}, "!x:demo.invalid"
        ),
    ),
    unseen(
        "Page of a widget",
        "`url: https://...`",
        "The page is on somebody else's server: it cannot be removed here. Counted on the console.",
        lambda s: s.state(
            "im.vector.modular.widgets", {"type": "m.custom", "url": "https://x.example/"}, "three"
        ),
        "an address on the web in content.url",
    ),
    unseen(
        "Fields of a profile that no room shows",
        "`/profile/{user}/...` (MSC4133), such as a banner",
        "No event tells of it; one would have to ask for every person's profile again and again.",
        _profile_field,
    ),
)


def _profile_field(stage: Stage) -> Posted:
    stage.profile("org.example.banner", stage.media)
    return stage.room, stage.user.post_text(stage.room, "my banner is new")
