"""The eight vehicles of the demo: what each shows, what it does, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.core.decision import Reason
from agent.core.events import Outcome

Shown = Literal["valid", "forged", "expired", "first", "none"]
Conduct = Literal["drives_through", "backs_away", "is_followed"]


@dataclass(frozen=True, slots=True)
class Act:
    """One vehicle.

    `plate` is on the vehicle, `declared` in its permit. `shown`: which permit text the driver shows; "first" is the
    permit of the first vehicle once more. `conduct`: what the vehicle does when it may pass.
    """

    title: str
    plate: str
    declared: str
    shown: Shown
    conduct: Conduct
    outcome: Outcome
    reason: Reason
    style: str = "cn_blue"
    carrier: str = "phone"
    broker_away: bool = False


ACTS: tuple[Act, ...] = (
    Act("valid permit, right plate", "新B52K18", "新B52K18", "valid", "drives_through", Outcome.PASSED, Reason.OK),
    Act("plate differs", "新B52K19", "新A7731F", "valid", "backs_away", Outcome.DENIED, Reason.PLATE_MISMATCH),
    Act("permit forged", "新D90L26", "新D90L26", "forged", "backs_away", Outcome.DENIED, Reason.SIGNATURE_INVALID),
    Act(
        "permit expired",
        "498VDZ08",
        "498VDZ08",
        "expired",
        "backs_away",
        Outcome.DENIED,
        Reason.EXPIRED,
        style="kz",
        carrier="paper",
    ),
    Act("permit used twice", "新B52K18", "新B52K18", "first", "backs_away", Outcome.DENIED, Reason.ALREADY_USED),
    Act("no QR code", "沪A3N472", "沪A3N472", "none", "backs_away", Outcome.DENIED, Reason.QR_NONE),
    Act(
        "followed by a second vehicle",
        "新F3R720",
        "新F3R720",
        "valid",
        "is_followed",
        Outcome.PASSED_WITH_VIOLATION,
        Reason.OK,
    ),
    Act(
        "broker away, then back",
        "粤B8G605",
        "粤B8G605",
        "valid",
        "drives_through",
        Outcome.PASSED,
        Reason.OK,
        carrier="paper",
        broker_away=True,
    ),
)
