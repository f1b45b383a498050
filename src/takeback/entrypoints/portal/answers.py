"""The answers so far, and the reading of a page's form.

Each page sends its own fields alone; what was answered before is in the draft (see `session`). What comes
back from a browser is anybody's text: it is read strictly, and a body that our own pages cannot have made is
refused as a whole.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl

from takeback.signals.model import HASH_BYTES, Flip
from takeback.submissions.model import MAX_LOCATIONS, MAX_PICTURES, Report, ReportedPicture

BODY_LIMIT = 64 * 1024
"""Bytes of a request."""

_MOST_FIELDS = 40
_PICTURE = re.compile(rf"(\d{{1,3}})((?:\.[0-9a-f]{{{2 * HASH_BYTES}}}){{{len(Flip)}}})")
_BEST_QUALITY = 100


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers as typed. Every field is also the name of a form field."""

    age: str = ""
    """ "yes", "no", "unsure" or nothing yet."""
    pictures: str = ""
    """What the page's script wrote: see `read_pictures`."""
    where: str = ""
    """Links and message ids, one a line."""
    account: str = ""
    nonconsent: str = ""
    """ "yes" when ticked."""
    good_faith: str = ""
    signature: str = ""
    contact: str = ""


FIELDS = tuple(Answers.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class FormPost:
    """One press of a button on one page."""

    at: str
    """The step that was shown."""
    go: str
    """next | skip | back | send | change:STEP"""
    then: str
    """ "check" when she came from the last page to change one answer."""
    trap: str
    """A field that people do not see. Whoever filled it is a program, her own browser's perhaps."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Answers that the page sent, by the names of `Answers`' fields."""
    work: str = ""
    """A puzzle that her device solved, to be let past a limit that is used up."""

    def answered(self, before: Answers, asked: tuple[str, ...]) -> Answers:
        """Return the answers with those of this page in place: what it asks and did not send is empty."""
        return replace(before, **{name: self.fields.get(name, "") for name in asked})


def parse(body: bytes) -> FormPost:
    """Read a page's form. Raises ValueError: none of our pages sends this."""
    pairs = parse_qsl(
        body.decode("ascii"),
        keep_blank_values=True,
        encoding="utf-8",
        errors="strict",
        max_num_fields=_MOST_FIELDS,
    )
    sent = {name: value.replace("\r\n", "\n") for name, value in pairs}
    if len(sent) != len(pairs):
        raise ValueError("a field was sent twice")
    read_pictures(sent.get("pictures", ""))
    return FormPost(
        at=sent.get("at", ""),
        go=sent.get("go", "next"),
        then=sent.get("then", ""),
        trap=sent.get("website", ""),
        work=sent.get("work", ""),
        fields={name: value for name, value in sent.items() if name in FIELDS},
    )


def read_pictures(text: str) -> tuple[ReportedPicture, ...]:
    """Read the hidden field that the page's script fills: QUALITY.HASH.HASH... for each, with spaces.

    Raises:
        ValueError: it is written in another way, or there are too many.
    """
    pictures: list[ReportedPicture] = []
    for word in text.split():
        match = _PICTURE.fullmatch(word)
        if match is None or int(match[1]) > _BEST_QUALITY:
            raise ValueError("not a picture's numbers")
        pictures.append(ReportedPicture(flips=tuple(match[2][1:].split(".")), quality=int(match[1])))
    if len(pictures) > MAX_PICTURES:
        raise ValueError("too many pictures")
    return tuple(pictures)


def locations(where: str) -> tuple[str, ...]:
    """The lines that say something, each once, in their order."""
    return tuple(dict.fromkeys(line for raw in where.split("\n") if (line := raw.strip())))


def report(answers: Answers, language: str) -> Report:
    """The report that these answers make; call it once no step has faults."""
    return Report(
        pictures=read_pictures(answers.pictures),
        locations=locations(answers.where)[:MAX_LOCATIONS],
        account=answers.account.strip(),
        statement_nonconsent=answers.nonconsent == "yes",
        statement_good_faith=answers.good_faith == "yes",
        signature=answers.signature.strip(),
        contact=answers.contact.strip(),
        language=language,
    )
