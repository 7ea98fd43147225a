"""One-time codes by the clock (TOTP, RFC 6238): six digits, SHA-1 and 30 s, as every app on a telephone makes them."""

from __future__ import annotations

import hmac
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_S: Final = 30
DIGITS: Final = 6
SECRET_BYTES: Final = 20
"""As RFC 4226 recommends (section 4, R6)."""

DRIFT_STEPS: Final = 1
"""A code is taken so many steps early or late: for the clock of the telephone, and for who types slowly."""


def step_of(utc: float) -> int:
    """The number of the step of a time in Unix seconds."""
    return int(utc // STEP_S)


def code_at(secret: bytes, step: int) -> str:
    """The code of a step."""
    return _hotp(secret).generate(step).decode()


def matching_step(secret: bytes, code: str, around: int) -> int | None:
    """The step whose code this is, `DRIFT_STEPS` before or after `around` at most; None: it is none of them."""
    hotp, found = _hotp(secret), None
    for step in range(max(0, around - DRIFT_STEPS), around + DRIFT_STEPS + 1):
        if hmac.compare_digest(hotp.generate(step), code.encode()):
            found = step
    return found


def enrolment_uri(secret: bytes, account: str, issuer: str) -> str:
    """What the QR code of an enrolment says: otpauth://totp/... (the key URI of authenticator apps)."""
    return TOTP(secret, DIGITS, SHA1(), STEP_S).get_provisioning_uri(account, issuer)  # noqa: S303 - see the module


def _hotp(secret: bytes) -> HOTP:
    return HOTP(secret, DIGITS, SHA1())  # noqa: S303 - HMAC with SHA-1 holds, and apps know no other
