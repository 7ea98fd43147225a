"""Papers to see a first vehicle through, before the issuer's keys are here.

They hold for a day and nothing more can be made.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.crypto import SigningKey
from agent.core.permit import DAY_S, Issuer, trust, trust_list
from central.issuing import PermitIssuer, PermitOrder, Terms, picture

if TYPE_CHECKING:
    from typing import Literal

ISSUER: Final = "practice, one day"
USES: Final = 100
_HOUR_S: Final = 3600
_VIN: Final = "LSGJA52U5AH123456"
_DIGIT_9: Final = {"export": "0", "import": "1"}


@dataclass(frozen=True, slots=True)
class PracticePermit:
    """What a practising gate needs. `root`: its public key, in hex; `code`: the permit's QR code as PNG."""

    root: str
    trust_list: bytes
    text: str
    code: bytes


def practice_permit(site: int, direction: Literal["export", "import"], plate: str, now: int) -> PracticePermit:
    """Make a root key, an issuer, a trust list and one permit for a plate. `now`: Unix seconds.

    The private keys are forgotten on return, so that nobody can make more of them; list and permit end after a day.

    Raises:
        OrderError: the plate is none.
    """
    root, issuer = (SigningKey.from_seed(secrets.token_bytes(32)) for _ in range(2))
    begin = now - _HOUR_S
    listed = trust_list([Issuer(ISSUER, issuer, (site,))], begin, life_s=DAY_S + _HOUR_S)
    order = PermitOrder(
        declaration=f"94012026{_DIGIT_9[direction]}{secrets.randbelow(10**9):09}",
        vin=_VIN,
        plate=plate,
        max_uses=USES,
        not_before=begin,
        expires_at=now + DAY_S,
    )
    text = PermitIssuer(issuer, Terms(ISSUER, site, check_digits=False)).issue(order, now).text
    return PracticePermit(root.public.raw.hex(), trust.seal(listed, root) + b"\n", text, picture(text, "png"))
