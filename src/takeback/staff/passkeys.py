"""Passkeys: log in without a name and without a secret that can be told to a stranger (WebAuthn Level 3).

Discoverable credentials with user verification, bound to the console's origin. A challenge lasts minutes, is
for the browser that asked, and lets somebody in once (`challenges.py`). No attestation is asked for, since
which device a person uses is not ours to know.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import webauthn
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from takeback.errors import Refused
from takeback.infra.db.pool import Tx
from takeback.staff import challenges, service, store
from takeback.staff.challenges import Challenge
from takeback.staff.model import How, Member, Passkey, Session, SignedIn, Site
from takeback.staff.secret import Secret

T = TypeVar("T", AuthenticationCredential, RegistrationCredential)
_NO_ANSWER = (WebAuthnException, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What the library raises for what no browser sends: it reads JSON and CBOR without a schema."""


def begin_registration(tx: Tx, site: Site, secret: Secret, session: Session, *, now: datetime) -> str:
    """Return what the browser is asked, as JSON for `navigator.credentials.create` (WebAuthn, section 5.4).

    Raises Refused if the session is too old for a new passkey.
    """
    service.require_fresh(session, now)
    member = session.member
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=site.name,
        user_id=member.id.bytes,
        user_name=member.name,
        challenge=challenges.make(secret, _of_session(session), now),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=known.credential_id) for known in store.passkeys(tx, member.id)
        ],
    )
    return webauthn.options_to_json(options)


def finish_registration(
    tx: Tx, site: Site, secret: Secret, session: Session, credential: str, *, now: datetime
) -> None:
    """Keep the passkey that the browser made; `credential` is the JSON of a RegistrationResponseJSON.

    Raises Refused if the answer does not fit a challenge of this session, came too late, or came before.
    """
    service.require_fresh(session, now)
    answer, challenge = _read(parse_registration_credential_json, credential)
    if answer is None:
        raise Refused("The browser's answer does not fit what was asked. Begin again.")
    ours = challenges.check(secret, challenge, _of_session(session), now)
    if ours is None:
        raise Refused("This took too long. Begin again.")
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except _NO_ANSWER as error:
        raise Refused("The browser's answer does not fit what was asked. Begin again.") from error
    if not _use(tx, ours, now) or not store.add_passkey(
        tx, session.member.id, made.credential_id, made.credential_public_key, made.sign_count, now
    ):
        raise Refused("This passkey is here already.")


def begin_sign_in(site: Site, secret: Secret, browser: str, *, now: datetime) -> str:
    """Return what the browser is asked, as JSON for `navigator.credentials.get` (WebAuthn, section 5.5).

    No name is asked, so none can be tried out. `browser` is what its cookie holds.
    """
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        challenge=challenges.make(secret, browser, now),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def finish_sign_in(
    tx: Tx, site: Site, secret: Secret, browser: str, credential: str, *, now: datetime
) -> SignedIn | None:
    """Open a session by a passkey; None if anything does not fit.

    `credential` is the JSON of an AuthenticationResponseJSON; `browser` is what the browser's cookie holds.
    """
    answer, challenge = _read(parse_authentication_credential_json, credential)
    ours = None if answer is None else challenges.check(secret, challenge, browser, now)
    if answer is None or ours is None:
        return None
    try:
        known = store.passkey(tx, answer.raw_id)
        if known is None or answer.response.user_handle != known[0].bytes:
            return None
        checked = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=known[1],
            credential_current_sign_count=known[2],
            require_user_verification=True,
        )
    except _NO_ANSWER:
        return None
    member = store.member(tx, known[0])
    if member is None or member.disabled or not _use(tx, ours, now):
        return None
    store.count_signature(tx, answer.raw_id, checked.new_sign_count)
    return service.open_session(tx, member.id, How.PASSKEY, now=now)


def _of_session(session: Session) -> str:
    """Return what binds a registration's challenge: nobody else's session can answer it."""
    return f"session {session.token_hash.hex()}"


def _read(parse: Callable[[str], T], credential: str) -> tuple[T | None, bytes]:
    """Return a browser's answer and the challenge that it names; None if it is no such thing."""
    try:
        answer = parse(credential)
        return answer, parse_client_data_json(answer.response.client_data_json).challenge
    except _NO_ANSWER:
        return None, b""


def _use(tx: Tx, challenge: Challenge, now: datetime) -> bool:
    return store.use_challenge(tx, challenge.id, challenge.ends_at, now)


def of_member(tx: Tx, member: Member) -> tuple[Passkey, ...]:
    """A member's passkeys, oldest first."""
    return store.passkeys(tx, member.id)


def remove(tx: Tx, session: Session, credential_id: bytes, *, now: datetime) -> None:
    """Forget one of one's own passkeys. Raises Refused for the only way in, or if the session is too old."""
    service.require_fresh(session, now)
    if session.member.passkeys <= 1 and not session.member.has_password:
        raise Refused("This is your only way in. Add another first.")
    store.remove_passkey(tx, session.member.id, credential_id)
