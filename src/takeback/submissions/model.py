"""What a person tells us, as it is sealed on the portal and opened by the worker.

The wire format is JSON with exactly these fields; `decode(encode(report)) == report`, and whatever is not
complete, or is more than this, is refused: the portal is open to the world, and so is what arrives by it.

The limits stand here and nowhere else, in UTF-16 code units, because a browser counts so for `maxlength`. The
portal asks with these limits, and reads back what it has sealed before it gives a receipt (`proven`); so the
worker opens whatever was given one.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from takeback.signals.model import HASH_BYTES
from takeback.signals.pdq import claims

MAX_PICTURES = 10
MAX_LOCATIONS = 20
LONGEST_WHERE = 2500
"""All locations together, with their line ends: so also of one of them. Chosen with `LONGEST_ACCOUNT` so that
the fullest form in any script, nine bytes a character in its body, stays below the portal's limit of 65,536
bytes, and the fullest report, six bytes a character in its JSON, below `LARGEST`."""
LONGEST_ACCOUNT = 3000
LONGEST_SIGNATURE = 200
LONGEST_CONTACT = 300
LARGEST = 14 * 4096
"""Bytes of an encoded report: sealed and padded, it still fits the database's limit of 65,536."""
READER = 1
"""Counts on when `decode` accepts more than before: what an earlier reader refused is read once more."""


def units(text: str) -> int:
    """Return the length of a text in UTF-16 code units. Raises UnicodeEncodeError for a lone surrogate."""
    return len(text.encode("utf-16-le")) // 2


def _at_most(most: int) -> AfterValidator:
    def check(text: str) -> str:
        if units(text) > most:
            raise ValueError("too long")
        return text

    return AfterValidator(check)


_Hash = Annotated[str, Field(pattern=rf"^[0-9a-f]{{{2 * HASH_BYTES}}}$")]


@dataclass(frozen=True, slots=True)
class ReportedPicture:
    """A picture as its device describes it: never more than these numbers leave it."""

    flips: Annotated[tuple[_Hash, ...], Field(min_length=8, max_length=8)]
    """PDQ of the picture laid down in eight ways, hexadecimal, in the order of `signals.model.Flip`."""
    quality: Annotated[int, Field(ge=0, le=100)]


@dataclass(frozen=True, slots=True)
class Report:
    """An adult's report for herself or himself."""

    pictures: Annotated[tuple[ReportedPicture, ...], Field(max_length=MAX_PICTURES)]
    locations: Annotated[
        tuple[Annotated[str, Field(min_length=1), _at_most(LONGEST_WHERE)], ...],
        Field(max_length=MAX_LOCATIONS),
    ]
    """Links or message ids, as pasted. At least one picture or one location is there: see `complete`."""
    account: Annotated[str, _at_most(LONGEST_ACCOUNT)]
    """What happened, in her own words; may be empty."""
    statement_nonconsent: bool
    statement_good_faith: bool
    signature: Annotated[str, Field(min_length=1), _at_most(LONGEST_SIGNATURE)]
    """A typed name or pseudonym: the electronic signature."""
    contact: Annotated[str, _at_most(LONGEST_CONTACT)]
    """Any way to reach her; empty if she would rather not say."""
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]


def could_be_picture(picture: ReportedPicture) -> bool:
    """Return whether the eight numbers can be those of one picture; if not, they are never banked."""
    flips = tuple(bytes.fromhex(flip) for flip in picture.flips)
    return all(map(claims.could_be_hash, flips)) and claims.flips_agree(flips)


def missing(report: Report) -> tuple[str, ...]:
    """Return the names of the elements that a report still lacks, as in the law's catalogue."""
    lacks = []
    if not report.pictures and not report.locations:
        lacks.append("content_locator")
    if not report.statement_nonconsent:
        lacks.append("statement_nonconsent")
    if not report.statement_good_faith:
        lacks.append("statement_good_faith")
    if not report.signature.strip():
        lacks.append("signature")
    return tuple(lacks)


_REPORT: TypeAdapter[Report] = TypeAdapter(Report)


def encode(report: Report) -> bytes:
    """The report as JSON bytes."""
    return _REPORT.dump_json(report)


def decode(data: bytes) -> Report:
    """The report that `encode` wrote. Raises ValueError for anything else."""
    try:
        report = _REPORT.validate_json(data, strict=True)
    except ValidationError as error:
        raise ValueError(f"not a report: {error.error_count()} faults") from None  # the text may be personal
    if json.loads(data) != json.loads(encode(report)):
        raise ValueError("not a report: fields that it does not have")
    return report


def proven(report: Report) -> bytes:
    """Encode a report, and read it back as the worker will.

    Returns:
        Its JSON bytes, at most `LARGEST` of them; `decode` gives the same report for them.

    Raises:
        ValueError: no worker would open it. The message does not repeat what it says.
    """
    lacks = missing(report)
    if lacks:
        raise ValueError(f"the report is not complete: {', '.join(lacks)}")
    try:
        data = encode(report)
    except ValueError:  # a text that has no UTF-8, such as a lone surrogate
        raise ValueError("not a report: a text that is none") from None
    if len(data) > LARGEST:
        raise ValueError("the report is too long")
    if decode(data) != report:
        raise ValueError("not a report: it reads differently from what was written")
    return data


@dataclass(frozen=True, slots=True)
class CopyStatus:
    """How one found copy stands, as its reporter may know."""

    connector: str
    """The platform's key, such as "matrix"."""
    place: int
    """A number for each place within this report, from 1; never the place's name."""
    state: str
    """found | planned | acting | checking | gone | failed"""
    found_at: datetime
    changed_at: datetime
    gone_at: datetime | None
    unclear_at: datetime | None
    """When it was last looked for, if that look was not certain; None if it was."""


@dataclass(frozen=True, slots=True)
class CaseStatus:
    """How the case stands, as its reporter may know."""

    status: str
    """open | second_look | decided | removing | removed | declined | out_of_reach; the first three are told
    alike, and the database says "open" for all of them."""
    due_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class NotLookedFor:
    """A reported picture that is not looked for."""

    name: str
    """Which one of the report, as "picture 1"."""
    why: str
    """too_little_detail | inside_another | well_known | not_one_picture | not_a_pictures_numbers"""


@dataclass(frozen=True, slots=True)
class PackageStatus:
    """How one package stands that somebody with the receipt asked for."""

    state: str
    """asked | ready | deleted | failed | too_large"""
    asked_at: datetime
    dossier: UUID | None
    """Its name; None until the asking is recorded."""
    size: int | None
    """In bytes; None until it is ready."""
    expires_at: datetime | None
    """Then it is deleted here; None until it is ready."""
    taken_at: datetime | None
    """When its last download began."""


@dataclass(frozen=True, slots=True)
class EvidenceStatus:
    """What somebody with the receipt may know of the evidence, and have of it."""

    kept: bool
    """Something of the case is sealed here, and she may know it."""
    decided: bool
    """People decided that it was shared without consent, and a package may be asked for."""
    again_at: datetime | None
    """When the next one may be asked for; None: now."""
    packages: tuple[PackageStatus, ...]
    """The newest first."""


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """What `report_status` in the database answers for one receipt."""

    received_at: datetime
    case: CaseStatus | None
    """None until a worker has opened the report (seconds)."""
    copies: tuple[CopyStatus, ...]
    """Those that a decision in her favour covers; none before it."""
    refused: tuple[NotLookedFor, ...]
    """What of the report is not looked for, and why."""
    evidence: EvidenceStatus
    unusable: bool = False
    """No worker can read the report: nothing is done for it."""
    searched: bool = True
    """Something of it is looked for; False: nothing here can act on it."""
