"""METHOD.md and VERIFY.txt: what a person reads who has the package and not us. Pure."""

from importlib import resources

from takeback.dossier.case_summary import CaseSummary
from takeback_verify.core.words import when

_STAMP = """
   A timestamp, as of {at} (the text is the checkpoint without its signatures):
       sed '/^$/,$d' data/proof/anchors/{size}.note > text
       openssl ts -verify -in data/proof/anchors/{size}.{number}.tsr -data text \\
           -CAfile ROOT-OF-{authority}.pem -attime {seconds}
"""


def method(summary: CaseSummary) -> bytes:
    """`data/METHOD.md`."""
    return _text("METHOD.txt").format_map(_values(summary)).encode()


def instructions(summary: CaseSummary) -> bytes:
    """`VERIFY.txt`."""
    numbers: dict[int, int] = {}
    stamps = []
    for stamp in summary.stamps:
        number = numbers[stamp.size] = numbers.get(stamp.size, 0) + 1
        stamps.append(
            _STAMP.format(
                at=when(stamp.at),
                authority=stamp.authority,
                number=number,
                seconds=int(stamp.at.timestamp()),
                size=stamp.size,
            )
        )
    return _text("VERIFY.txt").format_map(_values(summary) | {"stamps": "".join(stamps)}).encode()


def _text(name: str) -> str:
    return resources.files("takeback.dossier").joinpath("texts", name).read_text("utf-8")


def _values(summary: CaseSummary) -> dict[str, str]:
    head = summary.head
    return {
        "case": str(head.case),
        "dossier": str(head.id),
        "environment": summary.environment,
        "made": when(head.made),
        "service": head.service,
        "software": head.software,
    }
