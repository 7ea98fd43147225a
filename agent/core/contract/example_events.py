"""An example of each event, in the order of the chain, before they are sealed."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from agent.core.clock import ClockState
from agent.core.commands import Refusal, Result
from agent.core.contract.example_values import (
    BUNDLE,
    COMMAND_ID,
    COMMAND_KEY,
    COMMAND_KEY_ID,
    CONFIGURATION,
    FORMER_STREAM,
    GATE,
    LANE,
    OPERATOR,
    PERMIT,
    PICTURES,
    PLATE,
    STORE_HOST,
    STREAM,
    TRANSACTION,
    UTC,
    VIN,
    fingerprint,
)
from agent.core.contract.example_vehicle import Step, passage
from agent.core.events import (
    AcknowledgementRefused,
    Alarm,
    AlarmRaised,
    AnchorRecord,
    AnchorsChanged,
    BarrierHeld,
    BarrierTested,
    BundleSent,
    ChangedKey,
    ClockChanged,
    CommandAccepted,
    CommandExecuted,
    CommandRefused,
    ConfigurationApplied,
    ConfigurationRefused,
    ConsoleActed,
    DeviceChanged,
    DriverOutputRecord,
    DriverShown,
    DriverText,
    DriverTold,
    EventsDropped,
    EvidenceDropped,
    EvidenceSent,
    EvidenceViewed,
    FleetDocumentChanged,
    FleetDrifted,
    GateStarted,
    GateStopping,
    LaneOrdered,
    LedgerConflict,
    ListsApplied,
    ListsRefused,
    ListsState,
    PersonalDataErased,
    RecordsDeleted,
    Search,
    StateChanged,
    UploadFailed,
    key_fingerprint,
)
from agent.core.fleet import DocumentFault, DocumentProblem, DocumentState, FleetDifference
from agent.core.lists import DataState
from agent.core.model import CommandName, DriverMessage, DriverReceipt, UploadFault
from agent.core.trust_state import StatePart, Wholeness


def steps() -> list[Step]:
    """All events in order; None stands for the checkpoint of the event before."""
    command: dict[str, Any] = {"command": COMMAND_ID, "name": CommandName.HOLD.value}
    cause = "a convoy of 12"
    return [
        (0.0, GateStarted(version="0.1.0", configuration=CONFIGURATION), False),
        (0.8, DeviceChanged(device=f"{LANE}/front", family="camera", state="streaming", detail="1920x1080"), False),
        *passage(),
        (60.0, None, False),
        (61.0, EvidenceSent(picture=PICTURES[0], bytes=48_213), False),
        (
            62.0,
            UploadFailed(
                what="bundle",
                sha256=BUNDLE,
                code=UploadFault.REFUSED,
                host=STORE_HOST,
                detail="the store answers 403",
            ),
            False,
        ),
        (63.0, BundleSent(bundle=BUNDLE, bytes=310_522, via="store", host=STORE_HOST), False),
        (
            90.0,
            CommandAccepted(
                key=COMMAND_KEY_ID,
                fingerprint=key_fingerprint(COMMAND_KEY.public.raw),
                counter=41,
                operator=OPERATOR,
                cause=cause,
                **command,
            ),
            False,
        ),
        (90.0, BarrierHeld(held=True, operator=OPERATOR, cause=cause), False),
        (90.1, CommandExecuted(result=Result.DONE, detail="the barrier is held open", **command), False),
        (95.0, CommandRefused(code=Refusal.SIGNATURE_INVALID, name="open", count=3), False),
        (96.0, AcknowledgementRefused(code="beyond_head", stream=STREAM, seq=9_999), False),
        (120.0, LaneOrdered(order="out_of_service", operator=OPERATOR, cause="loop detector is exchanged"), False),
        (
            120.2,
            DriverTold(
                texts=(
                    DriverText(language="en", text="Please go to window 3"),
                    DriverText(language="zh", text="请到3号窗口"),
                ),
                seconds=60,
                operator=OPERATOR,
                cause="a paper is missing",
            ),
            True,
        ),
        (
            120.3,
            DriverShown(
                outputs=(
                    DriverOutputRecord(
                        device=f"{LANE}/sign",
                        message=DriverMessage.BARRIER_OPENS,
                        languages=("zh", "en"),
                        receipt=DriverReceipt.SENT,
                        after_s=2.3,
                    ),
                    DriverOutputRecord(
                        device=f"{LANE}/voice",
                        message=DriverMessage.BARRIER_OPENS,
                        languages=("zh",),
                        receipt=DriverReceipt.LOST,
                        after_s=2.3,
                    ),
                )
            ),
            True,
        ),
        (120.5, BarrierTested(action="open", operator="aigul", cause="the relay was exchanged"), False),
        (121.0, AlarmRaised(alarm=Alarm.INPUTS_LOST, detail="no answer for 300 ms"), False),
        (
            122.0,
            ListsApplied(
                list="revocations",
                version=57,
                before=56,
                issued_at=int(UTC) + 121,
                rows=12,
                key=COMMAND_KEY_ID[:8],
                source="mqtt",
                whole=False,
            ),
            False,
        ),
        (
            123.0,
            ListsRefused(list="declarations", code="rolled_back", detail="version 811, 813 is in force", source="file"),
            False,
        ),
        (124.0, ListsState(state=DataState.STALE_OK, before=DataState.FRESH, age_s=901), False),
        (
            124.5,
            StateChanged(
                part=StatePart.LEDGER,
                state=Wholeness.LOST,
                before=Wholeness.WHOLE,
                detail=f"the head file names event 4711 of stream {FORMER_STREAM}, of which nothing is here",
            ),
            False,
        ),
        (
            125.0,
            LedgerConflict(
                permit=PERMIT,
                use=1,
                gates=(GATE, "khorgos-04"),
                transactions=(TRANSACTION, "20261124080012020002"),
                vin=VIN,
            ),
            False,
        ),
        (
            126.0,
            ClockChanged(state=ClockState.HOLDOVER, before=ClockState.SYNCED, detail="no time server answers"),
            False,
        ),
        (127.0, RecordsDeleted(kind="uses", count=3, cause="older than 180 days"), False),
        (
            128.0,
            PersonalDataErased(
                rule="request",
                values=21,
                events=6,
                pictures=2,
                operator=OPERATOR,
                cause="asked for by the owner of the vehicle",
                request=COMMAND_ID,
            ),
            False,
        ),
        (130.0, EvidenceDropped(count=12, cause="more than 2000 MB"), False),
        (131.0, EventsDropped(first=4_711, last=4_802, cause="the journal was damaged and put aside"), False),
        (
            132.0,
            ConfigurationRefused(
                errors=2,
                detail="/etc/gate-agent/gate.toml:12:1: error: mqtt.windwo: there is no such key here; "
                'did you mean "window"?',
                running=CONFIGURATION,
            ),
            False,
        ),
        (
            133.0,
            ConsoleActed(
                person="aigul",
                role="admin",
                address="192.168.1.40",
                act="user.changed",
                detail="marat: role technician",
            ),
            False,
        ),
        *_audit(),
        (
            134.0,
            AnchorsChanged(
                number=5,
                authority="persons",
                by=("aigul", "bolat"),
                cause="the new root key of the trade window",
                anchors=(
                    AnchorRecord(
                        key="permits.root_keys",
                        before=(fingerprint("issuer"),),
                        after=(fingerprint("issuer"), fingerprint("new issuer")),
                    ),
                ),
                digest=hashlib.sha256(b"example anchors").hexdigest(),
                changed_at=round(UTC) + 120,
            ),
            False,
        ),
        *_fleet(),
        (140.0, GateStopping(cause="SIGTERM"), False),
    ]


def _fleet() -> list[Step]:
    """What became of a fleet document that cut the gate off, and what is set otherwise than by the documents."""
    wanted = hashlib.sha256(b"example document").hexdigest()
    return [
        (
            135.0,
            FleetDocumentChanged(
                kind="configuration",
                audience="group:north",
                version=8,
                digest=wanted,
                key="fleet-2027",
                state=DocumentState.REFUSED,
                code=DocumentFault.CONFIGURATION_INVALID,
                detail="expected a whole number from 5 to 3600",
                problems=(
                    DocumentProblem(
                        source="configuration/group:north",
                        line=2,
                        column=1,
                        key="mqtt.heartbeat_s",
                        message="expected a whole number from 5 to 3600",
                    ),
                ),
            ),
            False,
        ),
        (
            136.0,
            FleetDocumentChanged(
                kind="configuration",
                audience="all",
                version=41,
                digest=wanted,
                key="fleet-2027",
                state=DocumentState.UNDONE,
                code=DocumentFault.NOT_CONNECTED,
                detail="no connection to a broker of central within 300 s",
            ),
            False,
        ),
        (137.0, FleetDrifted(keys=(DRIFT,), count=1), False),
    ]


DRIFT: Final = FleetDifference(
    key=f"lanes.{LANE}.timing.read_s",
    document="configuration/all",
    wanted="30.0",
    local="45.0",
    counts=True,
    person="marat",
)


def _audit() -> list[Step]:
    """What people did to the configuration, and at what they looked."""
    public = COMMAND_KEY.public.raw
    change = ChangedKey(
        key="commands.keys[0].public_key",
        after=f'"{public.hex()}"',
        after_fingerprints=(f"sha256:{key_fingerprint(public)}",),
    )
    aigul: dict[str, Any] = {"person": "aigul", "role": "admin", "address": "192.168.1.40"}
    detail = "upload; state 8; commands.keys[0].public_key"
    written = ConsoleActed.model_validate(
        aigul | {"act": "configuration.changed", "detail": detail, "changes": (change,)}
    )
    applied = ConfigurationApplied(
        configuration=CONFIGURATION,
        before=hashlib.sha256(b"example configuration before").hexdigest(),
        person="aigul",
        detail="upload",
        changes=(change,),
    )
    viewed = EvidenceViewed.model_validate(
        aigul | {"pictures": PICTURES, "vehicles": (TRANSACTION,), "searches": (Search(plate=PLATE),)}
    )
    return [(134.0, written, False), (135.0, applied, False), (136.0, viewed, False)]
