"""`takeback-verify`: check a package by a command, without network and without Takeback."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from takeback_verify.core.errors import CannotCheck
from takeback_verify.core.findings import Outcome, Step, Verification
from takeback_verify.core.trust import parse_trust
from takeback_verify.core.verdict import Unseal, verify
from takeback_verify.narration.report import Report, format_report, format_report_json, narrate

_DESCRIPTION = """\
Check an evidence package of Takeback: that not one byte of it was changed, added or taken away since it was
recorded, and what the records say of when something was public, removed, and absent.

The package is the zip as you received it. A zip that somebody packed again, or the unpacked folder, is judged
by its files: the answer then says that the wrapping is not the original one, and what else lies beside them.

It uses no network and believes nobody but those whom the trust file names.
"""
_EPILOG = """\
the trust file
  It names the log, the witnesses that watch it and the authorities that timestamp it, by their public keys.
  It must come by another way than the package: from the service's own publication, a witness, or a court's
  file. Whoever could forge a package could also make a trust file that fits it, so one that lies beside the
  package proves nothing. Compare its SHA-256 with one that somebody you trust tells you: sha256sum trust.json

what the answers mean
  VALID (exit code 0)         Every step holds: the package is complete and unchanged since the log committed
                              to it, and its times are bounded by independent authorities as it says.
  INVALID (exit code 1)       Something was changed, added, taken away, or contradicts something else. The
                              steps say what.
  CANNOT CHECK (exit code 2)  Nothing can be said: the file is not a package, the trust file cannot be used,
                              the package speaks of a log that the trust file does not know, or the key opens
                              nothing.
  VALID says that the records are unchanged since they were made. It does not say that a post was true, nor
  who wrote it.

example
  takeback-verify takeback-dossier-....zip --trust trust.json
"""
_LONGEST_TRUST = 2**22


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    asked = _parser().parse_args(arguments)
    report = _check(asked.package, asked.trust, asked.open)
    if asked.json:
        sys.stdout.buffer.write(format_report_json(report) + b"\n")
        sys.stdout.buffer.flush()
    else:
        sys.stdout.write(format_report(report))
    return report.verdict


def check_bytes(package: BinaryIO | Path, trust: bytes, key: str | None = None) -> Report:
    """Return what is said of a package; also of one that cannot be checked at all.

    Args:
        package: the zip, open in binary, seekable; or the folder.
        trust: the trust file.
        key: the text of an age key file to open sealed parts with.
    """
    try:
        unseal = None if key is None else _unseal_with(key)
        return narrate(verify(package, parse_trust(trust), unseal))
    except CannotCheck as error:
        return _nothing(str(error))


def _unseal_with(key: str) -> Unseal:
    """Return what opens sealed parts. Raises CannotCheck: no key in it, or the extra is not installed."""
    try:
        from takeback_verify.unsealing import parse_identities, unseal_with  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise CannotCheck("--open needs more: pip install 'takeback-verify[open]'") from error
    return unseal_with(parse_identities(key))


def _check(package: Path, trust_file: Path, key_file: Path | None) -> Report:
    try:
        trust = _read(trust_file, "the trust file")
        key = None if key_file is None else _read(key_file, "the key file").decode(errors="replace")
        if package.is_dir():
            return check_bytes(package, trust, key)
        with package.open("rb") as source:
            return check_bytes(source, trust, key)
    except CannotCheck as error:
        return _nothing(str(error))
    except OSError as error:
        return _nothing(f"the package cannot be read: {error.strerror}")


def _nothing(reason: str) -> Report:
    return narrate(Verification((Step(0, Outcome.CANNOT_CHECK, problems=(reason,)),)))


def _read(file: Path, what: str) -> bytes:
    """Return a small file's bytes. Raises CannotCheck."""
    try:
        with file.open("rb") as opened:
            data = opened.read(_LONGEST_TRUST + 1)
    except OSError as error:
        raise CannotCheck(f"{what} cannot be read: {error.strerror}") from error
    if len(data) > _LONGEST_TRUST:
        raise CannotCheck(f"{what} is longer than {_LONGEST_TRUST} bytes")
    return data


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="takeback-verify",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("package", metavar="PACKAGE", type=Path, help="the package: a zip, or a folder")
    parser.add_argument(
        "--trust", metavar="TRUST.json", type=Path, required=True, help="whom to believe; see below"
    )
    parser.add_argument(
        "--open",
        metavar="KEY.txt",
        type=Path,
        help="also open the sealed parts with this age key, in memory, and check what is inside",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, for programs")
    return parser
