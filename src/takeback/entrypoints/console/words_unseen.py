"""Words for what is not compared. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from takeback.entrypoints.console.counting import count
from takeback.errors import WhyUnreadable
from takeback.sightings.unseen import MOST, Number, Surveyed, What

TITLE: Mapping[What, str] = {
    What.SHUT_OUT: "Rooms that shut us out",
    What.NOT_LISTED: "Public rooms outside the directory, not watched",
    What.UNREADABLE: "Files that could not be read",
    What.PARTLY_READ: "Files of which a part was read",
    What.ADDRESS: "Addresses not understood",
}
MEANS: Mapping[What, str] = {
    What.SHUT_OUT: "Anybody may join or read them, or the directory lists them. They do not let our account "
    "in: nothing new that is posted there is compared. Ask whoever runs the room to let the account in.",
    What.NOT_LISTED: "The server knows them and gave no usable answer when our account tried to join. "
    "It tries again by itself.",
    What.UNREADABLE: "People may see a picture there; it was compared with nothing. A few are usual: damaged "
    "files, and files that only look like pictures.",
    What.PARTLY_READ: "They show more frames, pages or pictures than are looked at in one file. What was "
    "looked at is spread over the file, and was compared.",
    What.ADDRESS: "A message names a file in a way that is not followed. What it shows is not compared.",
}
_PLACES: Mapping[str, str] = {
    "banned": "bans our account",
    "blocked": "blocked by the server's administrators",
    "invite": "asks for an invitation",
    "knock": "asks for knocking, which somebody inside must answer",
    "private": "asks for an invitation",
    "restricted": "is for members of another room only",
    "knock_restricted": "is for members of another room, or for who knocks",
    "waiting": "not tried yet",
}
_FILES: Mapping[str, str] = {
    WhyUnreadable.EMPTY: "an empty file",
    WhyUnreadable.NOT_A_PICTURE: "not a picture or clip of a kind that is read",
    WhyUnreadable.DAMAGED: "damaged",
    WhyUnreadable.WRONG_DIGEST: "does not open with the key that its message brings",
    WhyUnreadable.TOO_MANY_BYTES: "larger than files that are fetched",
    WhyUnreadable.TOO_MANY_PIXELS: "more pixels than are decoded",
    WhyUnreadable.TOO_MUCH_MEMORY: "needs more memory than a decoder has",
    WhyUnreadable.TOO_SLOW: "takes longer to decode than is waited",
    WhyUnreadable.DECODER_DIED: "ended the process that decodes it",
    WhyUnreadable.GONE: "gone before it could be read",
    "platform_unavailable": "the platform did not give it out, at any try",
    "": "no reason was recorded",
}
NOT_COUNTED = (
    "The rooms of this platform have not been counted yet: the first look at all of them is not finished, "
    "or no watcher runs."
)
STALE = timedelta(minutes=30)
"""A survey that is older says so."""


def why(what: What, reason: str) -> str:
    """A reason in words; what the platform itself said, and names of fields, stand as they are."""
    if what is What.PARTLY_READ:
        return f"{count(int(reason), 'frame, page or picture', 'frames, pages or pictures')} left out"
    known = _FILES if what is What.UNREADABLE else {} if what is What.ADDRESS else _PLACES
    return known.get(reason, reason)


def number(of: Number) -> str:
    """Return a number as in "3" or "more than 10,000"."""
    return f"more than {MOST:,}" if of.more else f"{of.at_least:,}"


def rooms(surveyed: Surveyed | None, now: datetime) -> list[str]:
    """Return what is known of a platform's rooms, in sentences."""
    if surveyed is None:
        return [NOT_COUNTED]
    survey, sentences = surveyed.survey, list[str]()
    public = survey.listed + survey.unlisted
    if public:
        sentences.append(
            f"{survey.watched:,} of {count(public, 'public room')} {'is' if survey.watched == 1 else 'are'} "
            f"watched; {survey.unlisted:,} of them {'is' if survey.unlisted == 1 else 'are'} outside the "
            "directory."
        )
    if not survey.listed:
        sentences.append(
            "The directory of this platform is empty. On a stock Synapse nobody may list a room there "
            "(room_list_publication_rules)."
        )
        if not survey.trouble:
            sentences.append("Public rooms are found in the server's own list instead.")
    if survey.trouble:
        sentences.append(
            "The server does not give out its own list of rooms, so public rooms outside the directory are "
            f"not known. It said: {survey.trouble}."
        )
    if not public:
        sentences.append("No public room is known, so nothing is watched.")
    if now - surveyed.at > STALE:
        sentences.append("These numbers are old: no watcher has counted since.")
    return sentences
