"""The eight vehicles of the demo: what each shows, what it does, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.core.decision import Reason
from agent.core.events import Outcome
from agent.demo.physics.driving import Conduct, Plan

Shown = Literal["valid", "forged", "expired", "first", "none"]

SWIFT = Plan(speed_mps=4.2, acceleration_mps2=6.0, stop_m=-1.3, reaction_s=0.2, away_m=-7.0)
"""How the vehicles of the demo drive, so that it does not take long. Whoever is refused backs away."""
UNHURRIED = Plan(speed_mps=1.2, acceleration_mps2=3.0, stop_m=-1.3, reaction_s=0.2)
"""How the followed one drives: the follower must be seen on the loop before the arm while the first is under it."""
CLOSE_BEHIND = Plan(conduct=Conduct.TAILGATES, speed_mps=1.2, acceleration_mps2=3.0, gap_m=2.0)


@dataclass(frozen=True, slots=True)
class Act:
    """One vehicle.

    `plate` is on the vehicle, `declared` in its permit. `shown`: which permit text the driver shows; "first" is the
    permit of the first vehicle once more. `plan`: how it drives. `follower`: how the one close behind it does, if any.
    """

    title: str
    plate: str
    declared: str
    shown: Shown
    outcome: Outcome
    reason: Reason
    plan: Plan = SWIFT
    follower: Plan | None = None
    style: str = "cn_blue"
    carrier: str = "phone"
    broker_away: bool = False


ACTS: tuple[Act, ...] = (
    Act("valid permit, right plate", "新B52K18", "新B52K18", "valid", Outcome.PASSED, Reason.OK),
    Act("plate differs", "新B52K19", "新A7731F", "valid", Outcome.DENIED, Reason.PLATE_MISMATCH),
    Act("permit forged", "新D90L26", "新D90L26", "forged", Outcome.DENIED, Reason.SIGNATURE_INVALID),
    Act(
        "permit expired",
        "498VDZ08",
        "498VDZ08",
        "expired",
        Outcome.DENIED,
        Reason.EXPIRED,
        style="kz",
        carrier="paper",
    ),
    Act("permit used twice", "新B52K18", "新B52K18", "first", Outcome.DENIED, Reason.ALREADY_USED),
    Act("no QR code", "沪A3N472", "沪A3N472", "none", Outcome.DENIED, Reason.QR_NONE),
    Act(
        "followed by a second vehicle",
        "新F3R720",
        "新F3R720",
        "valid",
        Outcome.PASSED_WITH_VIOLATION,
        Reason.OK,
        UNHURRIED,
        CLOSE_BEHIND,
    ),
    Act(
        "broker away, then back",
        "粤B8G605",
        "粤B8G605",
        "valid",
        Outcome.PASSED,
        Reason.OK,
        carrier="paper",
        broker_away=True,
    ),
)
