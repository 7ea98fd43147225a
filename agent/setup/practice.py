"""A practice permit: to see a first vehicle through before the issuer's keys are here.

It is valid for one day, and nothing more can be made with its keys.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

import segno

from agent.core.crypto import SigningKey
from agent.core.permit import (
    DAY_S,
    PERMIT_ID_BYTES,
    Issuer,
    Permit,
    trust,
    trust_list,
)
from agent.core.permit.issue import issue
from agent.core.plates import PlateKind, is_plate_text, kinds_of, normalise
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

PRACTICE: Final = "practice"
"""The name of the folder that holds what a practising gate needs."""
ISSUER: Final = "practice, one day"
USES: Final = 100
_HOUR_S: Final = 3600
_VIN: Final = "LSGJA52U5AH123456"
_DIGIT_9: Final = {"export": 0, "import": 1}


class PlateError(ValueError):
    """The text is not a plate; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class PracticePermit:
    """What a practising gate needs. `root`: its public key, in hex; `text`: the permit; `ends`: Unix seconds."""

    root: str
    trust_list: bytes
    text: str
    ends: int

    @property
    def mark(self) -> str:
        """A short name of this permit, for its files: two permits never share one."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:8]


def practice_permit(site: int, direction: Literal["export", "import"], plate: str, now: int) -> PracticePermit:
    """Make a root key, an issuer, a trust list and one permit for a plate. `now`: Unix seconds.

    The private keys are forgotten on return, so that nobody can make more of them; list and permit end after a day.

    Raises:
        PlateError: the text is not a plate.
    """
    kind = _kind_of(plate)
    root, issuer = (SigningKey.from_seed(secrets.token_bytes(32)) for _ in range(2))
    begin, ends = now - _HOUR_S, now + DAY_S
    listed = trust_list([Issuer(ISSUER, issuer, (site,))], begin, life_s=DAY_S + _HOUR_S)
    permit = Permit(
        permit_id=secrets.token_bytes(PERMIT_ID_BYTES),
        issuer=ISSUER,
        key_id=issuer.public.key_id,
        not_before=begin,
        expires_at=ends,
        issued_at=begin,
        declaration=94012026 * 10**10 + _DIGIT_9[direction] * 10**9 + secrets.randbelow(10**9),
        vin=_VIN,
        plate=normalise(plate),
        plate_kind=kind,
        energy=None,
        site=site,
        lane_mask=0,
        direction=direction,
        max_uses=USES,
    )
    return PracticePermit(root.public.raw.hex(), trust.seal(listed, root) + b"\n", issue(permit, issuer), ends)


def _kind_of(plate: str) -> str:
    kinds = kinds_of(plate)
    if not kinds or not is_plate_text(plate) or (kinds == (PlateKind.LATIN,) and not any(map(str.isdecimal, plate))):
        raise PlateError(Text("Enter a number plate, such as 新B52K18. Use letters, digits and spaces only."))
    return kinds[0].value


def is_practice(trust_file: Path | None) -> bool:
    """Whether a trust list is the one of a practice permit."""
    return trust_file is not None and trust_file.parent.name == PRACTICE


def permit_file(trust_file: Path) -> Path:
    """The file with the text of the practice permit whose trust list this is."""
    return trust_file.with_name(f"{trust_file.stem.replace('trust-list', 'permit')}.txt")


def code_png(text: str, module_px: int = 8) -> bytes:
    """The QR code of a permit as a PNG picture, with the light frame that readers need."""
    file = BytesIO()
    segno.make(text, error="m", boost_error=False, micro=False).save(file, kind="png", scale=module_px, border=4)
    return file.getvalue()
