"""Names of views: the canonical string that says which of a file's views a hash was made of. Pure.

A *view* is one thing that a viewer can be shown out of a file. The ordinary one, as a client shows the file
at first, has the empty name. Every other name is a path of one to six steps, outermost first; a step is a
word, mostly with a number that counts from 1:

    black           the same pixels on black instead of white
    frame:12        the twelfth frame of an animation, or picture of a multi-picture file
    page:3          the third page of a TIFF or PDF; `page:3/image:2` is the second picture object on it
    thumb:1         the preview inside the picture (1 EXIF, 2 Photoshop, 3 JFIF)
    size:2          the second size of an icon
    other           an AVIF's still picture, where its first bytes ask for the sequence, or the reverse
    zip:4           the fourth member of an archive, then what that shows: `zip:4/frame:2`
    svg:1           the first picture inside an SVG
    cover:1         the cover of a piece of music
    behind:1        the first clip behind a motion photograph, of which only moments are views
    clip:3400       the moment at 3,400 ms of a clip: `behind:1/clip:3400`, `zip:4/clip:0`

The fast and the exact reading give the same names.
"""

import re

MOST_CHARACTERS = 96
_STEPS = {
    "black": "on a black background",
    "frame": "frame {} of the animation",
    "page": "page {}",
    "image": "picture {}",
    "thumb": "the preview stored inside the file",
    "size": "size {} of the icon",
    "other": "its other form (still or moving)",
    "zip": "file {} in the archive",
    "svg": "picture {} inside the drawing",
    "cover": "the cover",
    "behind": "clip {} behind the picture",
    "clip": "moment {} of a clip",
}
_PLAIN = ("black", "other")
_STEP = "|".join(word if word in _PLAIN else f"{word}:(?:0|[1-9][0-9]{{0,9}})" for word in _STEPS)
_VIEW = re.compile(rf"(?:{_STEP})(?:/(?:{_STEP})){{0,5}}")


def is_view(name: str) -> bool:
    """Return whether a name has the one form that names have; the empty one does."""
    return not name or (len(name) <= MOST_CHARACTERS and _VIEW.fullmatch(name) is not None)


def join(name: str, step: str) -> str:
    """Return the name of a view inside a view; nothing joined to a name is that name."""
    return "/".join(filter(None, (name, step)))


def moment_in(name: str) -> int | None:
    """Return the milliseconds that a name ends with, if it names a moment of a clip."""
    word, _, number = name.removesuffix("/black").rpartition("/")[2].partition(":")
    return int(number) if word == "clip" else None


def in_words(name: str) -> str:
    """Return where in the file a view is, as in "page 3, picture 2"; empty for the ordinary view."""
    said = []
    for step in filter(None, name.split("/")):
        word, _, number = step.partition(":")
        at = f"{int(number) // 60_000}:{int(number) // 1000 % 60:02}" if word == "clip" else number
        said.append(_STEPS[word].format(at))
    return ", ".join(said)
