"""References: `GPR:` and a secret that identifies a declaration at the gate.

The secret is 10 random bytes in Crockford's base 32: 16 characters, so the QR code has the smallest size. The list of
declarations contains only a digest of the secret, so no one can make the code from the list. Without its declaration,
the text proves nothing.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from agent.core.model import Declaration
from agent.core.permit.claims import Permit

if TYPE_CHECKING:
    from agent.core.model import DeclarationStatus
    from agent.core.permit.claims import PermitForm

PREFIX = b"GPR:"
SECRET_BYTES = 10
DIGEST_BYTES = 16

_ALPHABET = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS = 5
_CHARACTERS = SECRET_BYTES * 8 // _BITS
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}


def reference_of(secret: bytes) -> str:
    """Return the text for the QR code of a secret of 10 random bytes.

    Raises:
        ValueError: it has another length.
    """
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"the secret of a reference is {SECRET_BYTES} bytes, not {len(secret)}")
    number = int.from_bytes(secret, "big")
    places = range(_BITS * (_CHARACTERS - 1), -1, -_BITS)
    return (PREFIX + bytes(_ALPHABET[number >> place & 31] for place in places)).decode("ascii")


def digest_of(secret: bytes) -> bytes:
    """Return what the declaration holds of a secret: the first 16 bytes of its SHA-256."""
    return sha256(secret).digest()[:DIGEST_BYTES]


def digest_of_reference(payload: bytes) -> bytes | None:
    """Return the 16 bytes by which the declaration of a `GPR:` text is found; None for a text that is no such one.

    One secret has one spelling: small letters, and those that Crockford lets stand for others, are not forgiven.
    """
    text = payload.removeprefix(PREFIX)
    if len(payload) - len(text) != len(PREFIX) or len(text) != _CHARACTERS or text.translate(None, _ALPHABET):
        return None
    number = 0
    for character in text:
        number = number << _BITS | _VALUES[character]
    return digest_of(number.to_bytes(SECRET_BYTES, "big"))


def permit_of(declaration: Declaration, form: PermitForm) -> Permit:
    """Return the permit that a declaration stands for where no signed text is shown. It names no key."""
    return Permit(
        permit_id=declaration.permit_id,
        issuer=declaration.issuer,
        key_id=b"",
        not_before=declaration.not_before,
        expires_at=declaration.expires_at,
        issued_at=declaration.not_before,
        declaration=declaration.declaration,
        vin=declaration.vin,
        plate=declaration.plate,
        plate_kind=declaration.plate_kind,
        energy=declaration.energy,
        site=declaration.site,
        lane_mask=declaration.lane_mask,
        direction=declaration.direction,
        max_uses=declaration.max_uses,
        form=form,
    )


def declaration_of(permit: Permit, status: DeclarationStatus, reference: bytes | None = None) -> Declaration:
    """Return the declaration behind a permit, without what is for officers only.

    `reference`: the digest of its secret.
    """
    return Declaration(
        permit_id=permit.permit_id,
        status=status,
        issuer=permit.issuer,
        not_before=permit.not_before,
        expires_at=permit.expires_at,
        declaration=permit.declaration,
        vin=permit.vin,
        plate=permit.plate,
        plate_kind=permit.plate_kind,
        energy=permit.energy,
        site=permit.site,
        lane_mask=permit.lane_mask,
        direction=permit.direction,
        max_uses=permit.max_uses,
        reference=reference,
    )
