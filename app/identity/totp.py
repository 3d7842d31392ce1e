"""Codes of authenticator apps (RFC 6238): six digits of thirty seconds."""

from __future__ import annotations

import hmac
from datetime import datetime

from pyotp import TOTP, random_base32

STEP = 30
WINDOW = 1  # a clock may be half a minute wrong


def new_secret() -> str:
    return random_base32()


def step_of(secret: str, code: str, *, at: datetime, after: int = 0) -> int | None:
    """The time step whose code this is; None when it is of none near enough, or of one not after `after`."""
    typed = "".join(code.split())
    app, present = TOTP(secret), int(at.timestamp()) // STEP
    found = None
    for step in range(present - WINDOW, present + WINDOW + 1):
        if hmac.compare_digest(app.generate_otp(step).encode(), typed.encode()) and step > after:
            found = step
    return found


def address(secret: str, *, email: str) -> str:
    """What the QR code says; apps show issuer and account beside the code."""
    return TOTP(secret).provisioning_uri(name=email, issuer_name="Quayside")


def picture(secret: str, *, email: str) -> str:
    """The QR code as a data: address of an SVG."""
    import segno

    return segno.make(address(secret, email=email), error="m").svg_data_uri(
        scale=4, border=3, dark="#1e2844", light="#ffffff", xmldecl=False
    )
