"""The claims of a permit: a CWT claims set (RFC 8392) with one private claim for the vehicle."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

from agent.core.crypto import cbor
from agent.core.permit import vin
from agent.core.permit.declared_values import TIMES, check_declaration, check_vehicle
from agent.core.permit.fields import ClaimsError, Fields
from agent.core.plates import PlateKind
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

Direction: TypeAlias = Literal["export", "import"]

DIRECTIONS: Mapping[int, Direction] = {1: "export", 2: "import"}
"""The numbers that stand for the directions."""

PLATE_KINDS: Mapping[int, PlateKind] = {
    1: PlateKind.CIVIL,
    2: PlateKind.CIVIL_BLUE,
    3: PlateKind.CIVIL_YELLOW,
    4: PlateKind.NEW_ENERGY_SMALL,
    5: PlateKind.NEW_ENERGY_LARGE,
    6: PlateKind.POLICE,
    7: PlateKind.TRAILER,
    8: PlateKind.LEARNER,
    9: PlateKind.HONG_KONG,
    10: PlateKind.MACAO,
    11: PlateKind.EMBASSY,
    12: PlateKind.CONSULATE,
    13: PlateKind.ARMED_POLICE,
    14: PlateKind.TEMPORARY,
    15: PlateKind.TRIAL,
    16: PlateKind.OVERSIZED,
    17: PlateKind.KAZAKHSTAN,
    18: PlateKind.KAZAKHSTAN_1993,
    19: PlateKind.KAZAKHSTAN_FOREIGN,
    20: PlateKind.LATIN,
    21: PlateKind.KAZAKHSTAN_DIPLOMATIC,
    22: PlateKind.UZBEKISTAN,
    23: PlateKind.UZBEKISTAN_TRAILER,
    24: PlateKind.UZBEKISTAN_FOREIGN,
    25: PlateKind.UZBEKISTAN_TEMPORARY,
    26: PlateKind.UZBEKISTAN_DIPLOMATIC,
    27: PlateKind.RUSSIA,
    28: PlateKind.RUSSIA_TAXI,
    29: PlateKind.RUSSIA_TRAILER,
    30: PlateKind.RUSSIA_TRANSIT,
    31: PlateKind.KYRGYZSTAN,
    32: PlateKind.KYRGYZSTAN_1994,
    33: PlateKind.KYRGYZSTAN_FOREIGN,
    34: PlateKind.TAJIKISTAN,
    35: PlateKind.TURKMENISTAN,
    36: PlateKind.TURKMENISTAN_FOREIGN,
    37: PlateKind.MONGOLIA,
    38: PlateKind.BELARUS,
    39: PlateKind.BELARUS_TRUCK,
    40: PlateKind.BELARUS_TRAILER,
}
"""The numbers that stand for the plate kinds in a permit; numbers are only ever added."""

DECLARATION_DIGITS = 18
PERMIT_ID_BYTES = 8
LANES = 32

# What both encodings of the claims, CBOR and JSON, allow.
ISSUER_CHARACTERS = range(1, 65)
PLATE_CHARACTERS = range(4, 13)
ENERGIES = range(1, 6)
SITES = range(1, 1 << 32)
USES = range(1, 1001)
DRIVER_HMAC_BYTES = range(8, 17)

_ISSUER, _EXPIRES_AT, _NOT_BEFORE, _ISSUED_AT, _PERMIT_ID, _VEHICLE = 1, 4, 5, 6, 7, -65537
_DECLARATION, _VIN, _PLATE, _PLATE_KIND, _ENERGY, _SITE, _LANE_MASK, _DIRECTION, _MAX_USES, _DRIVER_HMAC = (
    1,
    *range(3, 12),
)

_NUMBER_END = 10**DECLARATION_DIGITS
_KINDS = range(1, len(PLATE_KINDS) + 1)
_KIND_CODES: Mapping[str, int] = {kind: code for code, kind in PLATE_KINDS.items()}
_DIRECTION_CODES: Mapping[str, int] = {direction: code for code, direction in DIRECTIONS.items()}


class PermitForm(StrEnum):
    """How a permit reaches the gate.

    SIGNED: a `GP1:` text. JWS: a JSON Web Signature. REFERENCE: a `GPR:` text that names a declaration which the gate
    holds. PLATE: nothing is shown; the plate itself leads to the declaration.
    """

    SIGNED = "signed"
    JWS = "jws"
    REFERENCE = "reference"
    PLATE = "plate"


@dataclass(frozen=True, slots=True)
class Permit:
    """The declared right of one vehicle to pass. Times are Unix seconds; `permit_id` is its only identity.

    `key_id`: the key that signed it, empty where a declaration stands for the permit. `declaration`: the 18 digits of
    the declaration number as one integer. `plate`: in its normal form (agent.core.plates.formats.normalise), None for a
    vehicle without one, and then `plate_kind`, a PlateKind value, is None too. `energy`: 1 to 5, None when not said.
    `lane_mask`: bit 0 is lane 1; 0 is any lane. `direction`: "export" or "import". `driver_hmac`: 8 to 16 bytes that
    only the site can tie to a driver. `form`: how it came; no claim, for the same permit may come in several forms.
    """

    permit_id: bytes
    issuer: str
    key_id: bytes
    not_before: int
    expires_at: int
    issued_at: int
    declaration: int
    vin: str
    plate: str | None
    plate_kind: str | None
    energy: int | None
    site: int
    lane_mask: int
    direction: str
    max_uses: int
    driver_hmac: bytes | None = None
    form: PermitForm = PermitForm.SIGNED

    @property
    def declaration_number(self) -> str:
        """The declaration number as it is written: 18 digits."""
        return f"{self.declaration:0{DECLARATION_DIGITS}d}"

    def allows_lane(self, lane: int) -> bool:
        """Say whether the permit is for this lane, numbered from 1."""
        return self.lane_mask == 0 or (lane > 0 and bool(self.lane_mask >> (lane - 1) & 1))


def encode(permit: Permit) -> bytes:
    """Return the claims set of a permit as deterministic CBOR. The key id is not in it: the header has it.

    Raises:
        ClaimsError: the permit says something that `decode` would refuse.
    """
    vehicle: dict[int | str, cbor.Value] = {
        _DECLARATION: permit.declaration,
        _VIN: permit.vin,
        _PLATE: permit.plate,
        _PLATE_KIND: _code(_KIND_CODES, permit.plate_kind),
        _ENERGY: permit.energy,
        _SITE: permit.site,
        _LANE_MASK: permit.lane_mask,
        _DIRECTION: _code(_DIRECTION_CODES, permit.direction),
        _MAX_USES: permit.max_uses,
        _DRIVER_HMAC: permit.driver_hmac,
    }
    optional = (_PLATE_KIND, _ENERGY, _DRIVER_HMAC)
    claims: dict[int | str, cbor.Value] = {
        _ISSUER: permit.issuer,
        _EXPIRES_AT: permit.expires_at,
        _NOT_BEFORE: permit.not_before,
        _ISSUED_AT: permit.issued_at,
        _PERMIT_ID: permit.permit_id,
        _VEHICLE: {key: value for key, value in vehicle.items() if value is not None or key not in optional},
    }
    try:
        payload = cbor.encode(claims)
    except cbor.CborError as error:
        raise ClaimsError(str(error)) from None
    decode(payload, permit.key_id)  # the issuer is held to what the gate will ask
    return payload


def decode(payload: bytes, key_id: bytes) -> Permit:
    """Return the permit of a claims set. One permit has one claims set; every claim is checked for form and range.

    Raises:
        ClaimsError: CBOR that is not deterministic, an unknown or missing claim, or a value out of its form or range.
    """
    try:
        item = cbor.decode(payload)
    except cbor.CborError as error:
        raise ClaimsError(str(error)) from None
    claims = Fields(item, "claim")
    vehicle = Fields(claims.take_field(_VEHICLE), "vehicle claim")
    permit = Permit(
        permit_id=claims.octets(_PERMIT_ID, range(PERMIT_ID_BYTES, PERMIT_ID_BYTES + 1)),
        issuer=claims.text(_ISSUER, ISSUER_CHARACTERS),
        key_id=key_id,
        not_before=claims.integer(_NOT_BEFORE, TIMES),
        expires_at=claims.integer(_EXPIRES_AT, TIMES),
        issued_at=claims.integer(_ISSUED_AT, TIMES),
        declaration=vehicle.integer(_DECLARATION, range(_NUMBER_END)),
        vin=vehicle.text(_VIN, range(vin.LENGTH, vin.LENGTH + 1)),
        plate=None if vehicle.skip_null(_PLATE) else vehicle.text(_PLATE, PLATE_CHARACTERS),
        plate_kind=PLATE_KINDS[vehicle.integer(_PLATE_KIND, _KINDS)] if _PLATE_KIND in vehicle else None,
        energy=vehicle.integer(_ENERGY, ENERGIES) if _ENERGY in vehicle else None,
        site=vehicle.integer(_SITE, SITES),
        lane_mask=vehicle.integer(_LANE_MASK, range(1 << LANES)),
        direction=DIRECTIONS[vehicle.integer(_DIRECTION, range(1, 3))],
        max_uses=vehicle.integer(_MAX_USES, USES),
        driver_hmac=vehicle.octets(_DRIVER_HMAC, DRIVER_HMAC_BYTES) if _DRIVER_HMAC in vehicle else None,
    )
    claims.finish()
    vehicle.finish()
    check(permit)
    return permit


def check(permit: Permit) -> None:
    """Check what the claims of a permit say of one another; each by itself is in its form and range.

    Raises:
        ClaimsError: they contradict one another, or a number or text is not built as its kind is.
    """
    _check_times(permit)
    check_declaration(permit.declaration, permit.direction)
    check_vehicle(permit.vin, permit.plate, permit.plate_kind)


def _code(codes: Mapping[str, int], name: str | None) -> int | None:
    if name is None:
        return None
    if name not in codes:
        raise ClaimsError(Text("a direction or a plate kind that no permit has"))
    return codes[name]


def _check_times(permit: Permit) -> None:
    if not permit.not_before < permit.expires_at:
        raise ClaimsError(Text("it ends before it begins"))
    if not permit.issued_at < permit.expires_at:
        raise ClaimsError(Text("it was issued after its end"))
