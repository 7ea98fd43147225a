"""The vehicles of the demo: what each shows, what it does, what central says of it, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.core.model import Outcome, Reason, Verdict
from agent.core.permit import PermitForm
from sim.physics import DriverBehaviour, DrivingPlan

Shown = Literal["valid", "reference", "forged", "expired", "first", "none"]
Word = Literal["released", "held", "revoked"]
LabelCode = Literal["code_39", "code_128", "data_matrix", "qr"]

SWIFT = DrivingPlan(speed_mps=4.2, acceleration_mps2=6.0, stop_m=-1.3, reaction_s=0.2, away_m=-7.0)
"""How the vehicles of the demo drive, so that it does not take long. A refused vehicle backs away."""
UNHURRIED = DrivingPlan(speed_mps=1.2, acceleration_mps2=3.0, stop_m=-1.3, reaction_s=0.2)
"""How the followed one drives: the follower must be seen on the loop before the arm while the first is under it."""
CLOSE_BEHIND = DrivingPlan(conduct=DriverBehaviour.TAILGATES, speed_mps=1.2, acceleration_mps2=3.0, gap_m=2.0)


@dataclass(frozen=True, slots=True)
class Act:
    """One vehicle.

    `plate` is on the vehicle, `declared` in its permit; empty: there is none. `on_paper`: the plate stands behind the
    windscreen. `label`: the kind of code on the vehicle's VIN label, if it has one; `another_vin`: it bears the VIN of
    another car. `shown`: which permit text the driver shows; "first" is the
    permit of the first vehicle once more. `verdict`, `reason`, `outcome`: what the gate must decide, why, and how it
    must end. `central`: what the lists say; a permit is revoked while the demo runs, right before its vehicle comes.
    `plan`: how it drives. `follower`: how the one close behind it does, if any.
    """

    title: str
    plate: str
    declared: str
    shown: Shown
    verdict: Verdict
    reason: Reason
    outcome: Outcome
    central: Word = "released"
    plan: DrivingPlan = SWIFT
    follower: DrivingPlan | None = None
    style: str = "cn_blue"
    carrier: str = "phone"
    broker_away: bool = False
    on_paper: bool = False
    label: LabelCode | None = None
    another_vin: bool = False

    @property
    def form(self) -> PermitForm:
        """The form of the permit that the gate must find, where it finds one."""
        return PermitForm.REFERENCE if self.shown == "reference" else PermitForm.SIGNED

    @property
    def bears(self) -> str:
        """What is on the vehicle to know it by: its plate, else that there is none."""
        return self.plate or "no plate"


ACTS: tuple[Act, ...] = (
    Act("valid permit", "新B52K18", "新B52K18", "valid", Verdict.PASS, Reason.OK, Outcome.PASSED),
    Act("permit by reference", "新E6M310", "新E6M310", "reference", Verdict.PASS, Reason.OK, Outcome.PASSED),
    Act("plate differs", "新B52K19", "新A7731F", "valid", Verdict.DENY, Reason.PLATE_MISMATCH, Outcome.DENIED),
    Act("permit forged", "新D90L26", "新D90L26", "forged", Verdict.DENY, Reason.SIGNATURE_INVALID, Outcome.DENIED),
    Act(
        "permit expired",
        "498VDZ08",
        "498VDZ08",
        "expired",
        Verdict.DENY,
        Reason.EXPIRED,
        Outcome.DENIED,
        style="kz",
        carrier="paper",
    ),
    Act("permit used twice", "新B52K18", "新B52K18", "first", Verdict.DENY, Reason.ALREADY_USED, Outcome.DENIED),
    Act(
        "revoked a moment ago",
        "新H27P84",
        "新H27P84",
        "valid",
        Verdict.DENY,
        Reason.PERMIT_REVOKED,
        Outcome.DENIED,
        central="revoked",
    ),
    Act(
        "held by customs",
        "京N8R561",
        "京N8R561",
        "valid",
        Verdict.MANUAL,
        Reason.DECLARATION_NOT_RELEASED,
        Outcome.DENIED,
        central="held",
    ),
    Act("no QR code", "沪A3N472", "沪A3N472", "none", Verdict.DENY, Reason.QR_NONE, Outcome.DENIED),
    Act(
        "plate on paper",
        "新A80362临",
        "新A80362",
        "valid",
        Verdict.PASS,
        Reason.OK,
        Outcome.PASSED,
        style="cn_temporary",
        on_paper=True,
    ),
    Act("new car, by its VIN", "", "", "valid", Verdict.PASS, Reason.OK, Outcome.PASSED, label="data_matrix"),
    Act(
        "another car's VIN",
        "",
        "",
        "valid",
        Verdict.MANUAL,
        Reason.VIN_MISMATCH,
        Outcome.DENIED,
        label="code_128",
        another_vin=True,
    ),
    Act(
        "followed closely",
        "新F3R720",
        "新F3R720",
        "valid",
        Verdict.PASS,
        Reason.OK,
        Outcome.PASSED_WITH_VIOLATION,
        plan=UNHURRIED,
        follower=CLOSE_BEHIND,
    ),
    Act(
        "broker away, then back",
        "粤B8G605",
        "粤B8G605",
        "valid",
        Verdict.PASS,
        Reason.OK,
        Outcome.PASSED,
        carrier="paper",
        broker_away=True,
    ),
)
