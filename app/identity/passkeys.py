"""Passkeys (WebAuthn): what the browser is asked, and whether its answer is right.

The library is loaded by whoever first uses a passkey: a process that only serves pages is smaller without it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import current_app


@dataclass(frozen=True)
class Made:
    """A new passkey as its authenticator describes it."""

    id: bytes
    public_key: bytes
    count: int


def _origin() -> str:
    parts = urlsplit(current_app.extensions["settings"].public_url)
    return f"{parts.scheme}://{parts.netloc}"


def _party() -> str:
    return urlsplit(_origin()).hostname or ""


def creation_options(
    challenge: str, *, user_id: uuid.UUID, email: str, name: str, known: Iterable[bytes]
) -> dict[str, Any]:
    """For `navigator.credentials.create`: kept by the authenticator, so that it can sign in by itself."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=_party(),
        rp_name="Quayside",
        user_id=user_id.bytes,
        user_name=email,
        user_display_name=name,
        challenge=challenge.encode(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=credential) for credential in known],
    )
    answer: dict[str, Any] = json.loads(options_to_json(options))
    return answer


def request_options(challenge: str, *, known: Iterable[bytes] = ()) -> dict[str, Any]:
    """For `navigator.credentials.get`; without `known` the browser offers every passkey it has for this place."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=_party(),
        challenge=challenge.encode(),
        allow_credentials=[PublicKeyCredentialDescriptor(id=credential) for credential in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    answer: dict[str, Any] = json.loads(options_to_json(options))
    return answer


def registered(answer: str, challenge: str) -> Made | None:
    """The passkey that was made for this challenge at this origin, with its owner verified; None when it was not."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        made = verify_registration_response(
            credential=answer,
            expected_challenge=challenge.encode(),
            expected_rp_id=_party(),
            expected_origin=_origin(),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    return Made(made.credential_id, made.credential_public_key, made.sign_count)


def answered(answer: str, challenge: str, *, key: bytes, count: int) -> int | None:
    """The authenticator's new counter when its answer is right, else None."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        verified = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge.encode(),
            expected_rp_id=_party(),
            expected_origin=_origin(),
            credential_public_key=key,
            credential_current_sign_count=count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    return verified.new_sign_count


def credential_of(answer: str) -> bytes | None:
    """Which passkey the answer says it is from."""
    from webauthn.helpers import base64url_to_bytes

    try:
        return base64url_to_bytes(str(json.loads(answer)["rawId"]))
    except (ValueError, KeyError, TypeError):
        return None


def owner_of(answer: str) -> uuid.UUID | None:
    """Whose passkey it says it is, for a sign-in without a name; to be believed only once it is verified."""
    from webauthn.helpers import base64url_to_bytes

    try:
        handle = base64url_to_bytes(str(json.loads(answer)["response"]["userHandle"]))
        return uuid.UUID(bytes=handle)
    except (ValueError, KeyError, TypeError):
        return None
