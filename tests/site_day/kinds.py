"""The kinds of vehicles that come to the site, and what is right for each."""

from dataclasses import dataclass

from agent.core.model import Reason, Verdict

CAMERA, POST = "lane-1", "lane-2"
"""A lane with a camera, a board with loops and a sign; and one with a scanner and a board without inputs."""
LANES = (CAMERA, POST)


@dataclass(frozen=True)
class Kind:
    """A kind of vehicle. `may_open`: whether its barrier may rise for it.

    `verdicts`, `reasons`: what the gate may have decided last. `share`: of a hundred vehicles; `lanes`: where it comes.
    """

    share: int
    may_open: bool
    verdicts: frozenset
    reasons: frozenset
    lanes: tuple = LANES


def _opens(share, lanes=LANES):
    return Kind(share, True, frozenset({Verdict.PASS}), frozenset({Reason.OK}), lanes)


def _refused(share, *reasons, lanes=LANES, verdicts=(Verdict.DENY,)):
    return Kind(share, False, frozenset(verdicts), frozenset(reasons), lanes)


UNREAD = (Verdict.RETRY, Verdict.DENY)
"""The gate waits for a code that it can read, and refuses a vehicle that stays without one."""
VALID, NEW_CAR, TURNS_BACK = "valid", "new car", "turns back"
USED, USED_ELSEWHERE = "used", "used elsewhere"
KINDS = {
    VALID: _opens(50),
    NEW_CAR: _opens(10, (CAMERA,)),
    TURNS_BACK: _opens(3, (CAMERA,)),
    USED: _refused(6, Reason.ALREADY_USED),
    USED_ELSEWHERE: _refused(
        6,
        *(Reason.USED_AT_OTHER_GATE, Reason.RESERVED_ELSEWHERE, Reason.ALREADY_USED),
        verdicts=(Verdict.DENY, Verdict.MANUAL),
    ),
    "revoked": _refused(3, Reason.PERMIT_REVOKED),
    "watched": _refused(3, Reason.WATCHLIST_HOLD, verdicts=(Verdict.MANUAL,)),
    "forged": _refused(4, Reason.SIGNATURE_INVALID),
    "expired": _refused(4, Reason.EXPIRED),
    "not valid yet": _refused(3, Reason.NOT_YET_VALID),
    "another site": _refused(3, Reason.WRONG_SITE),
    "other direction": _refused(3, Reason.WRONG_DIRECTION),
    "wrong plate": _refused(4, Reason.PLATE_MISMATCH, lanes=(CAMERA,), verdicts=(Verdict.DENY, Verdict.MANUAL)),
    "another's VIN": _refused(2, Reason.VIN_MISMATCH, lanes=(CAMERA,), verdicts=(Verdict.MANUAL,)),
    "no code": _refused(2, Reason.QR_NONE, lanes=(CAMERA,), verdicts=UNREAD),
    "not a permit": _refused(3, Reason.NOT_A_PERMIT, lanes=(POST,), verdicts=UNREAD),
}
SHOWN_AGAIN = frozenset({USED, USED_ELSEWHERE})
