"""An order for one permit, as a trade window takes it, and all that can be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from typing_extensions import override

from agent.core.permit import (
    DECLARATION_DIGITS,
    DIRECTIONS,
    LANES,
    ClaimsError,
    Permit,
    check_declaration,
    claims,
    driver_hmac,
    vin,
)
from agent.core.plates import PlateKind, is_plate_text, kinds_of, normalise
from agent.settings import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR_S = 3600
LIFE_S = 72 * HOUR_S
"""How long a permit holds where the order says nothing else."""

_MISREAD = str.maketrans("IOQ", "100")
_DIGIT_9_PLACE = 8


@dataclass(frozen=True, slots=True)
class PermitOrder:
    """What is known of one vehicle. Times are Unix seconds.

    `declaration`: 18 digits, of which the ninth tells the direction. `vin`, `plate`, `plate_kind`: as they are typed;
    no plate: the vehicle has none; no kind: the likeliest one. `lanes`: none is any. `not_before`: None is at once.
    `expires_at`: None is three days later. `permit_id`: 8 bytes, None for random ones. `driver_id`: a passport or
    licence number, of which the permit holds a keyed hash only. `exporter`, `model`, `colour`: for the officer, in the
    declaration. `traceparent`: the W3C trace context of the order, in the declaration; one that is not right is left
    out.
    """

    declaration: str
    vin: str
    plate: str | None = None
    plate_kind: str | None = None
    energy: int | None = None
    lanes: tuple[int, ...] = ()
    max_uses: int = 1
    not_before: int | None = None
    expires_at: int | None = None
    permit_id: bytes | None = None
    driver_id: str | None = None
    exporter: str = ""
    model: str = ""
    colour: str = ""
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What all orders of an issuer have in common. `driver_key`: the site's secret for drivers' ids.

    `check_digits`: whether a wrong check digit in a VIN of a maker of China is a mistake.
    """

    issuer: str
    site: int
    driver_key: bytes | None = None
    check_digits: bool = True


@dataclass(frozen=True, slots=True)
class OrderProblem:
    """One thing that is wrong: the field of the order, what was expected there, and the nearest that would be right."""

    field: str
    expected: str
    nearest: str = ""

    @override
    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}" + (f"; did you mean {self.nearest}?" if self.nearest else "")


class OrderError(ValueError):
    """An order that cannot become a permit; `problems` are all of them, the message puts them one after the other."""

    def __init__(self, problems: tuple[OrderProblem, ...]) -> None:
        super().__init__(". ".join(map(str, problems)))
        self.problems = problems


def permit_of(order: PermitOrder, terms: Terms, permit_id: bytes, key_id: bytes, now: int) -> Permit:
    """Return the permit that an order asks for, held to all that a gate will ask.

    Raises:
        OrderError: with everything that is wrong with the order.
    """
    problems = [problem for check in _CHECKS for problem in check(order, terms)]
    if problems:
        raise OrderError(tuple(problems))
    begin = now if order.not_before is None else order.not_before
    plate = normalise(order.plate) if order.plate else None
    permit = Permit(
        permit_id=order.permit_id or permit_id,
        issuer=terms.issuer,
        key_id=key_id,
        not_before=begin,
        expires_at=begin + LIFE_S if order.expires_at is None else order.expires_at,
        issued_at=min(begin, now),
        declaration=int(order.declaration),
        vin=order.vin.strip().upper(),
        plate=plate,
        plate_kind=_kind(order) if plate else None,
        energy=order.energy,
        site=terms.site,
        lane_mask=sum(1 << (lane - 1) for lane in set(order.lanes)),
        direction=_direction(order.declaration),
        max_uses=order.max_uses,
    )
    if order.driver_id is not None and terms.driver_key is not None:
        permit = replace(permit, driver_hmac=driver_hmac(terms.driver_key, order.driver_id))
    try:
        claims.encode(permit)
    except ClaimsError as error:
        raise OrderError((OrderProblem("permit", f"what a gate accepts, but {error}"),)) from None
    return permit


def _direction(declaration: str) -> str:
    return DIRECTIONS[2] if declaration[_DIGIT_9_PLACE] == "1" else DIRECTIONS[1]


def _kind(order: PermitOrder) -> str | None:
    return order.plate_kind or kinds_of(order.plate or "")[0]


def _declaration_problems(order: PermitOrder, _terms: Terms) -> list[OrderProblem]:
    text = order.declaration
    if len(text) != DECLARATION_DIGITS or not (text.isascii() and text.isdecimal()):
        rounded = " as text: a spreadsheet has rounded it to a number" if "E+" in text.upper() else ""
        return [OrderProblem("declaration", f"{DECLARATION_DIGITS} digits{rounded}")]
    try:
        check_declaration(int(text), _direction(text))
    except ClaimsError as error:
        return [OrderProblem("declaration", f"a declaration number, but {error}")]
    return []


def _vin_problems(order: PermitOrder, terms: Terms) -> list[OrderProblem]:
    text = order.vin.strip().upper()
    if not vin.is_well_formed(text):
        corrected = text.translate(_MISREAD)
        better = corrected if vin.is_well_formed(corrected) else ""
        return [OrderProblem("vin", f"{vin.LENGTH} digits and letters without I, O and Q", better)]
    if terms.check_digits and vin.check_digit_differs(text):
        digit = vin.check_digit(text)
        return [OrderProblem("vin", f"{digit} at place 9, the check digit, or another mistake elsewhere in it")]
    return []


def _plate_problems(order: PermitOrder, _terms: Terms) -> list[OrderProblem]:
    kind = order.plate_kind
    if kind is not None and kind not in list(PlateKind):
        return [OrderProblem("plate_kind", f"one of {', '.join(PlateKind)}", nearest(kind, list(PlateKind)))]
    if not order.plate:
        return [] if kind is None else [OrderProblem("plate", "a plate, for its kind is named")]
    fitting = kinds_of(order.plate)
    if not fitting and kind is None:
        return [OrderProblem("plate", "a plate of China or Kazakhstan, or its kind in plate_kind")]
    if not is_plate_text(order.plate):
        return [
            OrderProblem("plate", "a plate: letters and digits, with at most spaces, hyphens and dots between them")
        ]
    if fitting == (PlateKind.LATIN,) and not any(map(str.isdecimal, order.plate)) and kind is None:
        return [OrderProblem("plate", "a plate with a digit in it, or its kind in plate_kind")]
    return []


def _number_problems(order: PermitOrder, terms: Terms) -> list[OrderProblem]:
    found = []
    if order.energy is not None and order.energy not in claims.ENERGIES:
        found.append(OrderProblem("energy", "a code from 1 to 5"))
    if any(lane not in range(1, LANES + 1) for lane in order.lanes):
        found.append(OrderProblem("lanes", f"numbers from 1 to {LANES}"))
    if order.max_uses not in claims.USES:
        found.append(OrderProblem("max_uses", "a number from 1 to 1000"))
    if order.permit_id is not None and len(order.permit_id) != claims.PERMIT_ID_BYTES:
        found.append(OrderProblem("permit_id", f"{2 * claims.PERMIT_ID_BYTES} hexadecimal digits"))
    if order.driver_id is not None and terms.driver_key is None:
        found.append(OrderProblem("driver_id", "the site's key for drivers, without which no id can be kept"))
    return found


def _driver_problems(order: PermitOrder, terms: Terms) -> list[OrderProblem]:
    if order.driver_id is None or terms.driver_key is None:
        return []
    try:
        driver_hmac(terms.driver_key, order.driver_id)
    except ValueError as error:
        return [OrderProblem("driver_id", f"a number that can be kept, but {error}")]
    return []


def _time_problems(order: PermitOrder, _terms: Terms) -> list[OrderProblem]:
    begin, end = order.not_before, order.expires_at
    if begin is not None and end is not None and not begin < end:
        return [OrderProblem("expires_at", "a time after not_before")]
    return []


_CHECKS: tuple[Callable[[PermitOrder, Terms], list[OrderProblem]], ...] = (
    _declaration_problems,
    _vin_problems,
    _plate_problems,
    _number_problems,
    _driver_problems,
    _time_problems,
)
