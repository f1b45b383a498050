"""The trust file: whose signatures one believes. It never comes from the package that is to be checked.

It names the log and its witnesses (a C2SP tlog-policy), the roots of the time-stamping authorities, and how
many of those must have stamped. Get it from the service, a witness or a court by another way than the
package: whoever makes a package could also make the trust file that belongs to it.
"""

import base64
import binascii
from dataclasses import dataclass

from cryptography import x509

from takeback_verify.core.canonical import Value, read, record, write
from takeback_verify.core.errors import CannotCheck, Malformed, VerifyError
from takeback_verify.core.policy import Policy
from takeback_verify.core.policy_text import parse_policy

_WHAT = "the trust file"
_FIELDS = frozenset({"authorities", "policy", "timestamps", "v"})
_AUTHORITY = frozenset({"name", "roots"})


@dataclass(frozen=True, slots=True)
class Authority:
    """A time-stamping authority that one believes."""

    name: str
    roots: tuple[bytes, ...]
    """Certificates in DER; one of them must end the chain of a timestamp."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom one believes."""

    authorities: tuple[Authority, ...]
    policy: str
    """C2SP tlog-policy."""
    timestamps: int
    """Number of different authorities that must have stamped each anchor."""

    @property
    def parsed_policy(self) -> Policy:
        """The policy. Raises Malformed when it is none."""
        return parse_policy(self.policy)


def format_trust(trust: Trust) -> bytes:
    """The file's bytes. Raises CannotCheck for what `parse_trust` would not give back."""
    authorities: list[Value] = []
    for authority in trust.authorities:
        roots: list[Value] = [base64.b64encode(root).decode() for root in authority.roots]
        authorities.append({"name": authority.name, "roots": roots})
    data = write({"authorities": authorities, "policy": trust.policy, "timestamps": trust.timestamps, "v": 1})
    parse_trust(data)
    return data


def parse_trust(data: bytes) -> Trust:
    """Return the trust that `format_trust` wrote. Raises CannotCheck for anything else."""
    try:
        return _parse(data)
    except VerifyError as error:
        raise CannotCheck(f"the trust file cannot be used: {error}") from error


def _parse(data: bytes) -> Trust:
    whole = record(read(data, _WHAT), _WHAT, _FIELDS)
    whole.first_version()
    authorities = tuple(_authority(row) for row in whole.rows("authorities"))
    policy = whole.values["policy"]
    if not isinstance(policy, str):
        raise Malformed("its policy is not text")
    trust = Trust(authorities, policy, whole.count("timestamps"))
    if not trust.parsed_policy.logs:
        raise Malformed("its policy names no log")
    if len({authority.name for authority in authorities}) != len(authorities):
        raise Malformed("it names an authority twice")
    roots = [root for authority in authorities for root in authority.roots]
    if len(set(roots)) != len(roots):
        raise Malformed("one root belongs to two authorities, which would count as one")
    if trust.timestamps > len(authorities):
        raise Malformed(f"it asks for {trust.timestamps} authorities and names {len(authorities)}")
    return trust


def _authority(row: Value) -> Authority:
    fields = record(row, f"{_WHAT}: an authority", _AUTHORITY)
    roots = []
    for root in fields.rows("roots"):
        try:
            roots.append(base64.b64decode(root if isinstance(root, str) else "!", validate=True))
            x509.load_der_x509_certificate(roots[-1])
        except (binascii.Error, ValueError) as error:
            raise Malformed(f"a root of {fields.text('name')} is not a certificate in base64") from error
    if not roots:
        raise Malformed(f"{fields.text('name')} has no root")
    return Authority(fields.text("name"), tuple(roots))
