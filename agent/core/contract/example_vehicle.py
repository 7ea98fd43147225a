"""The example of one vehicle that passes, with all its checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.contract.example_values import DECLARATION, LANE, PERMIT, PICTURES, PLATE, TRACE, TRANSACTION, UTC, VIN
from agent.core.events import (
    AccessCompared,
    AccessDecided,
    AccessGranted,
    BarrierMoved,
    BarrierPulsed,
    CheckRecord,
    ClaimRecord,
    DataRecord,
    DeclarationRecord,
    DriverMessageRecord,
    FactsRecord,
    ListRecord,
    PermitClaimsRecord,
    PermitPresented,
    PermitRecord,
    PlateRecord,
    TransactionClosed,
    UsesRecord,
    VehicleEntering,
    VehiclePresent,
    VehicleVin,
    VinRecord,
    VoteRecord,
    WitnessRecord,
)
from agent.core.lists import DataState
from agent.core.model import DeclarationStatus, DriverMessage, ListKind, Outcome, Reason, Verdict, VinSource

if TYPE_CHECKING:
    from agent.core.events import Event

Step = tuple[float, "Event | None", bool]


def _facts() -> FactsRecord:
    """What the decision of the example was made on."""
    return FactsRecord(
        utc=UTC + 13.4,
        clock_trusted=True,
        final=False,
        require="permit_and_plate",
        forms=("signed",),
        tie="plate",
        assessed=Reason.OK,
        by_plate=False,
        readings=6,
        set_aside=0,
        of_same_camera=0,
        permit_by=(f"{LANE}/front",),
        plate_by=(f"{LANE}/front",),
        label_by=(),
        vins_of_same_camera=0,
        vote=VoteRecord(
            read=PLATE,
            confidence=0.9821,
            frames=6,
            agreeing=6,
            kind="civil_blue",
            colour="blue",
            contested=False,
        ),
        disputed=False,
        permit=PermitClaimsRecord(
            not_before=1_795_493_600,
            issued_at=1_795_493_600,
            site=17,
            lane_mask=0,
            direction="export",
            max_uses=1,
            plate_kind="civil_blue",
        ),
        lists=(ListRecord(list=ListKind.DECLARATIONS, version=813, issued_at=1_795_508_075),),
        trust_expires_at=1_796_112_000,
        uses=UsesRecord(used=0, reserved_by=None, in_doubt=False, passed_s=None, used_at=None),
        declaration=DeclarationRecord(
            status=DeclarationStatus.RELEASED,
            max_uses=1,
            not_before=1_795_493_600,
            expires_at=1_795_580_000,
            lane_mask=0,
            differs=(),
        ),
        revoked=False,
        watched=None,
        others=0,
        other_exit=None,
        hold=None,
        claim=ClaimRecord(code="granted", gate=""),
        second="confirmed",
    )


def passage() -> list[Step]:
    """One vehicle's way: seconds after the first event, the event, and whether it is of the transaction."""
    check = CheckRecord
    return [
        (12.0, VehiclePresent(seen_by="inputs", direction="export"), True),
        (
            13.1,
            PermitPresented(
                length=282, digest="410b45c1610d7f38", engine="zxing", camera=f"{LANE}/front", picture=PICTURES[0]
            ),
            True,
        ),
        (
            13.4,
            VehicleVin(
                vin=VIN,
                source=VinSource.CODE_128,
                camera=f"{LANE}/front",
                match="equal",
                frames=2,
                picture=PICTURES[0],
            ),
            True,
        ),
        (
            13.4,
            AccessDecided(
                verdict=Verdict.PASS,
                reason=Reason.OK,
                checks=(
                    check(reason=Reason.QR_NONE, ok=True, detail="1 texts"),
                    check(reason=Reason.SIGNATURE_INVALID, ok=True),
                    check(reason=Reason.EXPIRED, ok=True, detail="until 1795580000"),
                    check(reason=Reason.PLATE_MISMATCH, ok=True, detail="MATCH"),
                    check(reason=Reason.ALREADY_USED, ok=True),
                ),
                permit=PermitRecord(
                    permit=PERMIT,
                    issuer="trade window",
                    key="4194e80f",
                    declaration=DECLARATION,
                    vin=VIN,
                    plate=PLATE,
                    expires_at=1_795_580_000,
                    plate_code="02",
                    traceparent=TRACE.parent,
                ),
                plate=PlateRecord(
                    verdict="MATCH",
                    declared=PLATE,
                    read=PLATE,
                    score=9.31,
                    frames=6,
                    kind="civil_blue",
                    colour="blue",
                    code="02",
                    country="CN",
                    country_probability=0.998,
                ),
                witness=WitnessRecord(standing="agrees", said=PLATE, witness=f"{LANE}/beside"),
                vin=VinRecord(verdict="MATCH", read=VIN, source=VinSource.CODE_128, score=99.0, frames=2),
                pictures=PICTURES,
                data=DataRecord(
                    state=DataState.FRESH,
                    age_s=41,
                    trust=7,
                    declarations=813,
                    revocations=56,
                ),
                facts=_facts(),
            ),
            True,
        ),
        (13.4, AccessGranted(grant=f"{TRANSACTION}-1", by="permit", permit=PERMIT), True),
        (13.4, BarrierPulsed(grant=f"{TRANSACTION}-1", action="open", delivery="delivered"), True),
        (14.9, BarrierMoved(position="open"), True),
        (18.2, VehicleEntering(), True),
        (
            24.6,
            TransactionClosed(
                outcome=Outcome.PASSED,
                reason=Reason.OK,
                assumed=False,
                duration_s=12.6,
                permit=PERMIT,
                plate=PLATE,
                pictures=PICTURES,
                direction="export",
                declaration=DECLARATION,
                vin=VIN,
                granted=True,
                taken=True,
                driver_messages=(
                    DriverMessageRecord(message=DriverMessage.SHOW_CODE, after_s=0.0),
                    DriverMessageRecord(message=DriverMessage.CHECKING, after_s=2.1),
                    DriverMessageRecord(message=DriverMessage.BARRIER_OPENS, after_s=2.3),
                    DriverMessageRecord(message=DriverMessage.DRIVE_ON, after_s=4.0),
                ),
                vin_read=VIN,
                plate_code="02",
            ),
            True,
        ),
        (24.7, AccessCompared(verdict=Verdict.PASS, reason=Reason.OK, passed=True, agrees=True), True),
    ]


def passing_vehicle() -> tuple[tuple[float, Event], ...]:
    """The events of one vehicle that passes a lane with a barrier: seconds after the first, and the event."""
    steps = [(after_s, event) for after_s, event, _ in passage() if not isinstance(event, AccessCompared)]
    begun_s = steps[0][0]
    return tuple((round(after_s - begun_s, 3), event) for after_s, event in steps if event is not None)
