"""Passkeys: log in without a name and without a secret that can be told to a stranger (WebAuthn Level 3).

Discoverable credentials with user verification, bound to the console's origin. A challenge is used once and
lasts minutes; no attestation is asked for, since which device a person uses is not ours to know.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import webauthn
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from takeback.errors import Refused, TooManyAttempts
from takeback.ground.db.pool import Tx
from takeback.staff import rules, service, store
from takeback.staff.model import How, Member, Passkey, Session, SignedIn, Site

MOST_CEREMONIES = 1000
"""At a time: strangers can begin them, and must not fill the table."""


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What the browser is asked."""

    id: UUID
    options: str
    """JSON for `navigator.credentials`, WebAuthn section 5.4 or 5.5."""


def begin_registration(tx: Tx, site: Site, session: Session, *, now: datetime) -> Ceremony:
    """Ask the browser for a new passkey. Raises Refused if the session is too old for it."""
    service.require_fresh(session, now)
    member = session.member
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=site.name,
        user_id=member.id.bytes,
        user_name=member.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=known.credential_id) for known in store.passkeys(tx, member.id)
        ],
    )
    ceremony = Ceremony(uuid4(), webauthn.options_to_json(options))
    store.add_challenge(tx, ceremony.id, options.challenge, member.id, now + rules.CEREMONY_LIFETIME)
    return ceremony


def finish_registration(
    tx: Tx, site: Site, session: Session, ceremony: UUID, credential: str, *, now: datetime
) -> None:
    """Keep the passkey that the browser made; `credential` is the JSON of a RegistrationResponseJSON.

    Raises Refused if the answer does not fit the challenge, or came too late.
    """
    service.require_fresh(session, now)
    challenge = store.take_challenge(tx, ceremony, session.member.id, now)
    if challenge is None:
        raise Refused("This took too long. Begin again.")
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError) as error:
        raise Refused("The browser's answer does not fit what was asked. Begin again.") from error
    if not store.add_passkey(
        tx, session.member.id, made.credential_id, made.credential_public_key, made.sign_count, now
    ):
        raise Refused("This passkey is here already.")


def begin_sign_in(tx: Tx, site: Site, *, now: datetime) -> Ceremony:
    """Ask the browser for any passkey of this site; no name is asked, so none can be tried out."""
    if store.open_challenges(tx, now) >= MOST_CEREMONIES:
        raise TooManyAttempts(timedelta(minutes=1))
    options = webauthn.generate_authentication_options(
        rp_id=site.host, user_verification=UserVerificationRequirement.REQUIRED
    )
    ceremony = Ceremony(uuid4(), webauthn.options_to_json(options))
    store.add_challenge(tx, ceremony.id, options.challenge, None, now + rules.CEREMONY_LIFETIME)
    return ceremony


def finish_sign_in(tx: Tx, site: Site, ceremony: UUID, credential: str, *, now: datetime) -> SignedIn | None:
    """Open a session by a passkey; None if anything does not fit.

    `credential` is the JSON of an AuthenticationResponseJSON.
    """
    challenge = store.take_challenge(tx, ceremony, None, now)
    if challenge is None:
        return None
    try:
        answer = parse_authentication_credential_json(credential)
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
    except (WebAuthnException, ValueError, KeyError):
        return None
    member = store.member(tx, known[0])
    if member is None or member.disabled:
        return None
    store.count_signature(tx, answer.raw_id, checked.new_sign_count)
    return service.open_session(tx, member.id, How.PASSKEY, now=now)


def of_member(tx: Tx, member: Member) -> tuple[Passkey, ...]:
    """A member's passkeys, oldest first."""
    return store.passkeys(tx, member.id)


def remove(tx: Tx, session: Session, credential_id: bytes, *, now: datetime) -> None:
    """Forget one of one's own passkeys. Raises Refused for the only way in, or if the session is too old."""
    service.require_fresh(session, now)
    if session.member.passkeys <= 1 and not session.member.has_password:
        raise Refused("This is your only way in. Add another first.")
    store.remove_passkey(tx, session.member.id, credential_id)
