"""What was issued for a vehicle of the demo: its permit, the text in its QR code, and its declaration in the lists."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.model import Declaration, DeclarationStatus, Revocation
from agent.core.permit import (
    PERMIT_ID_BYTES,
    PLATE_KINDS,
    SECRET_BYTES,
    Permit,
    base45,
    declaration_of,
    digest_of,
    reference_of,
    vin,
)
from agent.core.permit.issue import issue
from agent.core.permit.parse import PREFIX
from agent.core.plates import PlateKind, kinds_of

if TYPE_CHECKING:
    from agent.core.permit import Issuer
    from sim.demo.vehicles import Act

HOUR_S = 3600
DAY_S = 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class DemoPermit:
    """The papers of one vehicle.

    `text`: what its driver shows, which may be forged. `label_vin`: the VIN on its label, which may be another's.
    """

    permit: Permit
    text: str
    declaration: Declaration
    label_vin: str

    @property
    def revocation(self) -> Revocation:
        """What central says to take the permit back."""
        return Revocation(self.permit.permit_id, self.permit.expires_at, "sold to someone else")


def papers_of(act: Act, issuer: Issuer, site: int, utc: int) -> DemoPermit:
    """Issue the papers of a vehicle at `utc`, Unix seconds: signed by the issuer, or altered after that."""
    start, end = (-2 * DAY_S, -HOUR_S) if act.shown == "expired" else (-HOUR_S, DAY_S)
    permit = Permit(
        permit_id=secrets.token_bytes(PERMIT_ID_BYTES),
        issuer=issuer.name,
        key_id=issuer.key.public.key_id,
        not_before=utc + start,
        expires_at=utc + end,
        issued_at=utc + start,
        declaration=940120260000000000 + secrets.randbelow(1_000_000_000),
        vin=_some_vin(),
        plate=act.declared or None,
        plate_kind=_plate_kind(act),
        energy=None,
        site=site,
        lane_mask=0,
        direction="export",
        max_uses=1,
        form=act.form,
    )
    label_vin = _some_vin() if act.another_vin else permit.vin
    if act.shown == "reference":
        secret = secrets.token_bytes(SECRET_BYTES)
        return DemoPermit(permit, reference_of(secret), _declaration(act, permit, digest_of(secret)), label_vin)
    text = issue(permit, issuer.key)
    shown = _altered(text, act.declared) if act.shown == "forged" else text
    return DemoPermit(permit, shown, _declaration(act, permit), label_vin)


def _plate_kind(act: Act) -> str | None:
    if act.on_paper:
        return PlateKind.TEMPORARY
    return next((kind for kind in kinds_of(act.declared) if kind in PLATE_KINDS.values()), None)


def _declaration(act: Act, permit: Permit, reference: bytes | None = None) -> Declaration:
    status = DeclarationStatus.HELD if act.central == "held" else DeclarationStatus.RELEASED
    return declaration_of(permit, status, reference)


def _altered(text: str, plate: str) -> str:
    """A genuine permit whose plate was changed by one digit after it was signed."""
    other = plate[:-1] + str((int(plate[-1]) + 1) % 10)
    signed = base45.decode(text.encode().removeprefix(PREFIX))
    return (PREFIX + base45.encode(signed.replace(plate.encode(), other.encode()))).decode()


def _some_vin() -> str:
    text = "LSG" + "".join(secrets.choice("ABCDEFGHJKLMNPRSTUVWXYZ0123456789") for _ in range(vin.LENGTH - 3))
    return text[:8] + vin.check_digit(text) + text[9:]
