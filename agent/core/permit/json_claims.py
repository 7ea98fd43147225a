"""The claims of a permit in a JSON Web Token (RFC 7519): the registered ones, and one object for the vehicle.

Names are short, because every character makes the QR code larger. Values are those of `agent.core.permit.claims`, with
words for the plate kind and the direction. Byte strings are lower-case hexadecimal digits.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agent.core.crypto import strict_json
from agent.core.permit import claims, vin
from agent.core.permit.claims import DECLARATION_DIGITS, DIRECTIONS, PERMIT_ID_BYTES, PLATE_KINDS, Permit, PermitForm
from agent.core.permit.declared_values import TIMES
from agent.core.permit.fields import ClaimsError, Fields
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.core.crypto import Value

VEHICLE = "vehicle"

_WORDS = range(1, 33)
_PERMIT_ID = range(PERMIT_ID_BYTES, PERMIT_ID_BYTES + 1)


def encode(permit: Permit) -> bytes:
    """Return the claims of a permit as JSON without spaces. The key id is not in it: the header has it.

    Raises:
        ClaimsError: the permit says something that `decode` would refuse.
    """
    vehicle = {
        "decl": permit.declaration_number,
        "vin": permit.vin,
        "plate": permit.plate,
        "kind": permit.plate_kind,
        "energy": permit.energy,
        "site": permit.site,
        "lanes": permit.lane_mask,
        "dir": permit.direction,
        "uses": permit.max_uses,
        "driver": permit.driver_hmac.hex() if permit.driver_hmac is not None else None,
    }
    said = {
        "iss": permit.issuer,
        "exp": permit.expires_at,
        "nbf": permit.not_before,
        "iat": permit.issued_at,
        "jti": permit.permit_id.hex(),
        VEHICLE: {name: value for name, value in vehicle.items() if value is not None},
    }
    try:
        payload = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise ClaimsError(Text("a text that is not Unicode")) from None
    decode(payload, permit.key_id)  # the issuer is held to what the gate will ask
    return payload


def decode(payload: bytes, key_id: bytes) -> Permit:
    """Return the permit of the claims; every one is checked for form and range, and no other may be there.

    Raises:
        ClaimsError: JSON that is not strict, an unknown or missing claim, or a value out of its form or range.
    """
    try:
        item = strict_json.decode(payload)
    except strict_json.JsonError as error:
        raise ClaimsError(str(error)) from None
    said = Fields(item, "claim")
    vehicle = Fields(said.take_field(VEHICLE), "vehicle claim")
    permit = Permit(
        permit_id=said.hexadecimal("jti", _PERMIT_ID),
        issuer=said.text("iss", claims.ISSUER_CHARACTERS),
        key_id=key_id,
        not_before=said.integer("nbf", TIMES),
        expires_at=said.integer("exp", TIMES),
        issued_at=said.integer("iat", TIMES),
        declaration=_declaration(vehicle.take_field("decl")),
        vin=vehicle.text("vin", range(vin.LENGTH, vin.LENGTH + 1)),
        plate=vehicle.text("plate", claims.PLATE_CHARACTERS) if "plate" in vehicle else None,
        plate_kind=_word(vehicle, "kind", PLATE_KINDS.values()) if "kind" in vehicle else None,
        energy=vehicle.integer("energy", claims.ENERGIES) if "energy" in vehicle else None,
        site=vehicle.integer("site", claims.SITES),
        lane_mask=vehicle.integer("lanes", range(1 << claims.LANES)),
        direction=_word(vehicle, "dir", DIRECTIONS.values()),
        max_uses=vehicle.integer("uses", claims.USES),
        driver_hmac=vehicle.hexadecimal("driver", claims.DRIVER_HMAC_BYTES) if "driver" in vehicle else None,
        form=PermitForm.JWS,
    )
    said.finish()
    vehicle.finish()
    claims.check(permit)
    return permit


def _declaration(item: Value) -> int:
    if not isinstance(item, str) or len(item) != DECLARATION_DIGITS or not (item.isascii() and item.isdecimal()):
        raise ClaimsError(
            Text("vehicle claim decl is not {declaration_digits} digits", declaration_digits=DECLARATION_DIGITS)
        )
    return int(item)


def _word(fields: Fields, name: str, known: Iterable[str]) -> str:
    word = fields.text(name, _WORDS)
    if word not in known:
        raise ClaimsError(Text("vehicle claim {name} has a value that a permit cannot have", name=name))
    return word
