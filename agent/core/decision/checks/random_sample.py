"""The random sample: a share of the vehicles that may pass goes to an officer."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from agent.core.decision.checks.check_input import failed, held
from agent.core.model import Reason, Verdict
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.decision.checks.check_input import Case, CheckFinding

_DRAW_BYTES: Final = 8


_DRAWS: Final = 1 << 8 * _DRAW_BYTES


_USE_BYTES: Final = 4


def undrawn(case: Case) -> CheckFinding | None:
    """SAMPLED: the vehicle was drawn for an officer. One use of a permit has one draw, however often it is shown."""
    if not case.rules.sample_share:
        return None
    if drawn(case.permit.permit_id, case.known.use.used + 1, case.rules.sample_share, case.rules.sample_salt):
        return failed(
            Verdict.MANUAL, Reason.SAMPLED, Text("one in {count}", count=f"{1 / case.rules.sample_share:.0f}")
        )
    return held(Reason.SAMPLED)


def drawn(permit_id: bytes, use: int, share: float, salt: bytes) -> bool:
    """Whether this use of a permit, from 1, is among the share of 0..1. Nobody who lacks the salt can tell before."""
    digest = hmac.new(salt, permit_id + use.to_bytes(_USE_BYTES, "big"), sha256).digest()
    return int.from_bytes(digest[:_DRAW_BYTES], "big") < share * _DRAWS
