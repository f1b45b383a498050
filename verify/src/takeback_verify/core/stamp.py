"""A timestamp by an authority (RFC 3161): these bytes existed at that time, whoever made them.

`rfc3161-client` checks the signature, the chain up to a root that the caller trusts, and that the chain was
good at the time of the stamp; so a stamp lasts longer than the authority's certificate. Certificates inside
the response can only fill the chain, never end it: 1.0.9 is the first release that sees to that. Revocation
is not looked at. What is under no signature (versions of CMS, the name of the signature's algorithm) must
have the one value that it can have (`stamp_form`), but for certificates that the chain does not need: whoever
needs each byte compares the response's hash with the one that the log keeps of it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

from takeback_verify.core.errors import Malformed, NotProven
from takeback_verify.core.stamp_form import check_form

MAX_RESPONSE = 65_536
"""Longest response, in bytes."""


def verify_stamp(response: bytes, text: bytes, roots: Sequence[bytes]) -> datetime:
    """Return the time at which an authority saw the text, in UTC.

    Args:
        response: a whole TimeStampResp in DER, with the authority's certificates.
        text: what was stamped; its SHA-256, SHA-384 or SHA-512 is in the response.
        roots: certificates, in DER, of which one must end the chain.

    Raises:
        NotProven: no authority under these roots stamped this text.
        Malformed: the response is not a timestamp in strict DER, or a root is no certificate.
    """
    # 1. Bounded, and in the one spelling that DER allows.
    if len(response) > MAX_RESPONSE:
        raise Malformed(f"a timestamp of {len(response)} bytes; at most {MAX_RESPONSE} are allowed")
    try:
        trusted = [x509.load_der_x509_certificate(root) for root in roots]
    except ValueError as error:
        raise Malformed(f"a root of the timestamp authorities is no certificate: {error}") from error
    try:
        stamp = decode_timestamp_response(response)
        if stamp.as_bytes() != response:
            raise Malformed("the timestamp is not in canonical form (DER)")
        if stamp.status != 0:
            raise NotProven(f"the authority did not grant the timestamp (status {stamp.status})")
        at = stamp.tst_info.gen_time
    except ValueError as error:
        raise Malformed(f"not a timestamp (RFC 3161): {error}") from error
    check_form(response)
    # 2. Signed under one of the roots, at the time it tells, by a key for timestamps, over this text.
    if not trusted:
        raise NotProven("no root of a timestamp authority is trusted")
    try:
        VerifierBuilder(roots=trusted).build().verify_message(stamp, text)
    except (VerificationError, ValueError) as error:
        raise NotProven(f"the timestamp does not hold: {error}") from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
