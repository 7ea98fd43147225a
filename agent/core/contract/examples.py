"""One example of everything that goes over the wire: a chain of events of one gate, and the messages around it.

The chain is sealed and signed as the gate does it, by a key that is public here and protects nothing. It begins with
one vehicle that passes; what follows shows the other types and belongs to no one day.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from agent.core.clock import ClockState
from agent.core.commands import BODIES, GROUP_BODIES, LANE_COMMANDS, TRACE_FIELDS, Refusal, Result
from agent.core.contract.schemas import EVENTS
from agent.core.crypto import JwsType, SigningKey, jws
from agent.core.events import (
    RANDOM_BYTES,
    AccessCompared,
    AccessDecided,
    AccessGranted,
    AckFault,
    AcknowledgementRefused,
    Alarm,
    AlarmRaised,
    AnchorRecord,
    AnchorsChanged,
    BarrierHeld,
    BarrierMoved,
    BarrierPulsed,
    BarrierTested,
    Birth,
    BundleSent,
    CameraHealth,
    ChangedKey,
    CheckRecord,
    ClaimRecord,
    ClockChanged,
    ClockReading,
    CommandAccepted,
    CommandExecuted,
    CommandOffer,
    CommandRefused,
    CommandResult,
    ConfigurationApplied,
    ConfigurationRefused,
    ConsoleActed,
    DataRecord,
    DeclarationRecord,
    DeviceChanged,
    Draft,
    DriverMessageRecord,
    DriverOutputRecord,
    DriverShown,
    DriverText,
    DriverTold,
    EventsDropped,
    EvidenceDropped,
    EvidenceSent,
    EvidenceViewed,
    FactsRecord,
    FleetDocumentChanged,
    FleetDrifted,
    GateKey,
    GateStarted,
    GateStopping,
    Health,
    HealthExpiry,
    HealthFinding,
    KeyFingerprints,
    LaneOrdered,
    LedgerConflict,
    ListRecord,
    ListsApplied,
    ListsRefused,
    ListsState,
    PermitClaimsRecord,
    PermitPresented,
    PermitRecord,
    PersonalDataErased,
    PlateRecord,
    Point,
    RecordsDeleted,
    Search,
    StateChanged,
    Status,
    TransactionClosed,
    UploadFailed,
    UploadWanted,
    UsesRecord,
    VehicleEntering,
    VehiclePresent,
    VehicleVin,
    VinRecord,
    VoteRecord,
    WitnessRecord,
    Writer,
    beginning,
    checkpoint_draft,
    checkpoint_of,
    digest_of_value,
    key_fingerprint,
    seal,
    sign_ack,
    time_text,
)
from agent.core.fleet import (
    DocumentFault,
    DocumentKind,
    DocumentProblem,
    DocumentState,
    FleetDifference,
    FleetDocumentReport,
    FleetReport,
)
from agent.core.lane import transaction_id
from agent.core.lists import DataState
from agent.core.model import (
    CommandName,
    DeclarationStatus,
    DriverMessage,
    DriverReceipt,
    ExpiryKind,
    ListKind,
    Outcome,
    Reason,
    TraceContext,
    UploadFault,
    Verdict,
    VinSource,
    span_of_transaction,
)
from agent.core.trust_state import HeadRecord, StatePart, Wholeness, signed_head

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.events import Event, SealedEvent

GATE: Final = "khorgos-03"
LANE: Final = "exit-1"
UTC: Final = 1_795_508_103.412
STREAM: Final = "3a5d2cb7-9262-4163-b0e1-8031b6af03c6"
FORMER_STREAM: Final = "c2a1f7de-5a0b-4d1f-9a37-08a5be2d6f11"
BOOT: Final = "9fb65a20-74c3-4975-a878-cd736f2f9b7b"
CHALLENGE: Final = "Zq3nJx0r8mT5vYkA1uHdCw"
TRANSACTION: Final = transaction_id(UTC + 12.0, 1, 42)
GATE_KEY: Final = SigningKey.from_seed(hashlib.sha256(b"example key of the gate").digest())
ROOT_KEY: Final = SigningKey.from_seed(hashlib.sha256(b"example root key").digest())
COMMAND_KEY: Final = SigningKey.from_seed(hashlib.sha256(b"example key of central").digest())
COMMAND_KEY_ID: Final = "central-2026"
ACK_KEY: Final = SigningKey.from_seed(hashlib.sha256(b"example key of central for acknowledgements").digest())
ACK_KEY_ID: Final = "central"
GROUP: Final = "north"
BUNDLE: Final = hashlib.sha256(b"example bundle").hexdigest()
STORE_HOST: Final = "store.example"
COMMAND_ID: Final = "0b54f2c8-91a6-4c43-8f0d-6f6f5b1c2a77"
CONFIGURATION: Final = hashlib.sha256(b"example configuration").hexdigest()
PICTURES: Final = tuple(hashlib.sha256(f"example picture {number}".encode()).hexdigest() for number in (1, 2))
PERMIT: Final = "5e0c41b7a92d8f36"
DECLARATION: Final = "940120260000184236"
VIN: Final = "1M8GDM9AXKP042788"
PLATE: Final = "新B7C386"
TRACE: Final = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1)
"""The trace that the declaration of the example carries: that of the W3C's own examples."""
OPERATOR: Final = "officer 0417"


def _fingerprint(name: str) -> str:
    return f"sha256:{hashlib.sha256(f'example key of the {name}'.encode()).hexdigest()}"


_Step = tuple[float, "Event | None", bool]


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


def _passage() -> list[_Step]:
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
    steps = [(after_s, event) for after_s, event, _ in _passage() if not isinstance(event, AccessCompared)]
    begun_s = steps[0][0]
    return tuple((round(after_s - begun_s, 3), event) for after_s, event in steps if event is not None)


def _steps() -> list[_Step]:
    """All events in order; None stands for the checkpoint of the event before."""
    command: dict[str, Any] = {"command": COMMAND_ID, "name": CommandName.HOLD.value}
    cause = "a convoy of 12"
    return [
        (0.0, GateStarted(version="0.1.0", configuration=CONFIGURATION), False),
        (0.8, DeviceChanged(device=f"{LANE}/front", family="camera", state="streaming", detail="1920x1080"), False),
        *_passage(),
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
                detail=f"the head file names event 4711 of stream {FORMER_STREAM}, but the gate has nothing of it",
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
                        before=(_fingerprint("issuer"),),
                        after=(_fingerprint("issuer"), _fingerprint("new issuer")),
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


def _fleet() -> list[_Step]:
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
        (137.0, FleetDrifted(keys=(_DRIFT,), count=1), False),
    ]


_DRIFT: Final = FleetDifference(
    key=f"lanes.{LANE}.timing.read_s",
    document="configuration/all",
    wanted="30.0",
    local="45.0",
    counts=True,
    person="marat",
)


def _audit() -> list[_Step]:
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


@cache
def chain() -> tuple[SealedEvent, ...]:
    """The example events, sealed one after another."""
    writer, clock = (
        Writer(GATE, STREAM, BOOT),
        ClockReading(UTC, synced=True, error_ms=4.2, state=ClockState.SYNCED, lists=DataState.FRESH),
    )
    before, made = beginning(STREAM), []
    for after_s, event, of_transaction in _steps():
        utc = UTC + after_s
        draft = checkpoint_draft(before, GATE, GATE_KEY, utc) if event is None else _draft(event, utc, of_transaction)
        sealed = seal(draft, writer, before, clock, hashlib.sha256(str(before.seq).encode()).digest()[:RANDOM_BYTES])
        before = Point(STREAM, sealed.seq, sealed.digest)
        made.append(sealed)
    return tuple(made)


def event_example(kind: str) -> bytes:
    """The bytes of the first example event of this type. Raises LookupError for a type that there is not."""
    found = next((one for one in chain() if one.type == kind), None)
    if found is None:
        raise LookupError(f"no example of {kind}")
    return found.payload


def command_claims(name: CommandName) -> dict[str, Any]:
    """The body of an example command."""
    arguments: Mapping[CommandName, Mapping[str, Any]] = {
        CommandName.REPLAY: {"stream": STREAM, "first": 3, "last": 10},
        CommandName.SEND_EVIDENCE: {"pictures": list(PICTURES)},
        CommandName.SNAPSHOT: {"camera": "front"},
        CommandName.DISPLAY: {
            "texts": {"en": "Please go to window 3", "zh": "请到3号窗口"},
            "seconds": 60,
            "transaction": TRANSACTION,
        },
        CommandName.SET_LOG_LEVEL: {"level": "debug", "for_s": 600},
        CommandName.SEND_BUNDLE: {"url": _presigned(BUNDLE), "for_s": 900},
        CommandName.UPLOAD_GRANT: {"uploads": [{"sha256": PICTURES[0], "url": _presigned(PICTURES[0])}], "for_s": 900},
        CommandName.ERASE: {"digest": digest_of_value(PLATE)},
    }
    issued = int(UTC) + 89
    body = {
        "id": COMMAND_ID,
        "gate": GATE,
        "name": name.value,
        "lane": LANE if name in LANE_COMMANDS else None,
        "operator": OPERATOR,
        "cause": "a convoy of 12",
        "challenge": CHALLENGE,
        "counter": 41,
        "iat": issued,
        "exp": issued + 20,
        "arguments": dict(arguments.get(name, {})),
    }
    return BODIES[name].model_validate_json(_json(body)).model_dump(mode="json")


def _presigned(sha256: str) -> str:
    query = "X-Amz-Expires=900&X-Amz-Signature=" + hashlib.sha256(sha256.encode()).hexdigest()
    return f"https://{STORE_HOST}/gates/{GATE}/{sha256}?{query}"


def command_example(name: CommandName) -> str:
    """An example command as it is sent: a compact JWS."""
    return jws.sign(_json(command_claims(name)), COMMAND_KEY, COMMAND_KEY_ID, JwsType.COMMAND)


def group_command_claims(name: CommandName) -> dict[str, Any]:
    """The body of an example command to a group."""
    arguments = {
        CommandName.DISPLAY: {"message": DriverMessage.WAIT, "seconds": 60},
        CommandName.SET_LOG_LEVEL: {"level": "debug", "for_s": 600},
    }
    one = command_claims(name)
    body = {
        **{field: value for field, value in one.items() if field not in {"gate", "challenge", "lane", "arguments"}},
        "group": GROUP,
        "arguments": arguments.get(name, {}),
    }
    return GROUP_BODIES[name].model_validate_json(_json(body)).model_dump(mode="json")


def group_command_example(name: CommandName) -> str:
    """An example command to a group as it is sent: a compact JWS."""
    return jws.sign(_json(group_command_claims(name)), COMMAND_KEY, COMMAND_KEY_ID, JwsType.GROUP_COMMAND)


def result_example(name: CommandName) -> bytes:
    """The result of the example command."""
    done = CommandResult(command=COMMAND_ID, gate=GATE, name=name, result=Result.DONE, challenge=CHALLENGE)
    return done.model_dump_json().encode()


def ack_example() -> bytes:
    """An acknowledgement of the whole chain, signed by central."""
    last = chain()[-1]
    return sign_ack(GATE, Point(STREAM, last.seq, last.digest), ACK_KEY, ACK_KEY_ID)


def status_example() -> bytes:
    """A status while the last two events wait for their acknowledgement."""
    head = chain()[-1].seq
    status = Status.model_validate(
        {
            "state": "online",
            **_presence(),
            "seq_head": head,
            "seq_acked": head - 2,
            "depth": 2,
            "ack_mode": "watermark",
            "ack": "heard",
            "trouble": "",
            "refused": 0,
            "acks": {"taken": 17, **dict.fromkeys(map(str, AckFault), 0), "foreign_stream": 1},
            "acks_signed": True,
            "broker": 0,
        }
    )
    return status.model_dump_json().encode()


def health_example() -> bytes:
    """The health of the gate."""
    presence = _presence()
    health = Health(
        gate=GATE,
        version=presence["version"],
        boot=presence["boot"],
        time=presence["time"],
        cameras={
            f"{LANE}/front": CameraHealth(state="streaming", score=0.998, age_p95_ms=41, load=0.22, restarts=0),
        },
        relays_ms={"/dev/gate-barrier unit 1": 11.8},
        disk_free_bytes=41_203_400_704,
        examined=presence["time"],
        findings=(
            HealthFinding(
                code="CERTIFICATE_EXPIRES",
                subject="/etc/gate-agent/gate.pem",
                severity="warning",
                values={"left": "20 d", "date": "2026-12-14"},
            ),
        ),
        expiries=(
            HealthExpiry(
                kind=ExpiryKind.CERTIFICATE,
                subject="mqtt",
                ends="2026-12-20T08:00:00.000Z",
                renews="2026-10-21T15:12:40.000Z",
                trouble="the server cannot be reached: Connection refused",
            ),
            HealthExpiry(kind=ExpiryKind.AUTHORITY, subject="mqtt", ends="2046-06-01T08:00:00.000Z"),
            HealthExpiry(kind=ExpiryKind.TRUST_LIST, subject="trust_list", ends="2027-01-31T00:00:00.000Z"),
        ),
        fleet=_FLEET,
    )
    return health.model_dump_json().encode()


_FLEET: Final = FleetReport(
    groups=("north",),
    documents=(
        FleetDocumentReport(
            kind=DocumentKind.CONFIGURATION,
            audience="all",
            version=41,
            digest=hashlib.sha256(b"example document").hexdigest(),
            state=DocumentState.UNDONE,
            code=DocumentFault.NOT_CONNECTED,
            detail="no connection to a broker of central within 300 s",
            at=round(UTC) + 136,
            in_force=40,
            in_force_digest=hashlib.sha256(b"example document before").hexdigest(),
        ),
    ),
    drift=(_DRIFT,),
    drifting=1,
)


def birth_example() -> bytes:
    """The birth of the gate."""
    lane = {
        "number": 1,
        "direction": "export",
        "relay": "modbus_rtu",
        "inputs": "modbus_rtu",
        "cameras": {"front": "opencv"},
        "scanners": {},
    }
    birth = Birth.model_validate(
        {
            **_presence(),
            "schema": 1,
            "types": tuple(EVENTS),
            "inventory": {
                "site": 17,
                "groups": ["north"],
                "configuration": CONFIGURATION,
                "lanes": {LANE: lane},
                "devices": [
                    {"lane": LANE, "kind": "camera", "id": "front", "state": "streaming", "identity": "1920x1080"}
                ],
                "machine": {
                    "vendor": "Example",
                    "model": "EB-3100",
                    "serial": "",
                    "system": "Debian GNU/Linux 13 (trixie)",
                    "kernel": "6.12.48",
                    "architecture": "x86_64",
                    "agent": "0.1.0",
                    "python": "3.13.5",
                    "time_zone": "Asia/Almaty",
                },
            },
            "first_kept": 1,
            "key": GateKey(kid=jws.kid_of(GATE_KEY.public), public=GATE_KEY.public.raw.hex()),
            "commands": CommandOffer(
                names=tuple(CommandName), keys=(COMMAND_KEY_ID,), max_life_s=60, optional=TRACE_FIELDS
            ),
            "fleet": _FLEET,
        }
    )
    return birth.model_dump_json(by_alias=True).encode()


def _presence() -> dict[str, Any]:
    last = chain()[-1]
    return {
        "gate": GATE,
        "version": "0.1.0",
        "boot": BOOT,
        "stream": STREAM,
        "time": time_text(last.utc_ms),
        "clock_synced": True,
        "clock_error_ms": 5,
        "clock_state": "SYNCED",
        "fingerprints": KeyFingerprints(
            root_keys=(key_fingerprint(ROOT_KEY.public.raw),),
            command_keys={COMMAND_KEY_ID: key_fingerprint(COMMAND_KEY.public.raw)},
        ),
        "lists": {"state": "FRESH", "trust": 7, "declarations": 813, "revocations": 57},
        "trust_state": {part.value: {"state": Wholeness.WHOLE} for part in StatePart},
        "head": signed_head(_head(last), GATE_KEY),
        "devices": {f"{LANE}/front": "streaming", f"{LANE}/relay": "up", "broker": "up"},
        "lanes": {LANE: "idle"},
        "driver_messages": {LANE: DriverMessage.WELCOME},
        "uploads_wanted": (UploadWanted(sha256=PICTURES[0], bytes=48_213, what="picture"),),
        "journal_failing": False,
        "challenge": CHALLENGE,
        "checkpoint": checkpoint_of(Point(STREAM, last.seq, last.digest), GATE, GATE_KEY, last.utc_ms / 1000),
    }


def _head(last: SealedEvent) -> HeadRecord:
    return HeadRecord(
        gate=GATE,
        stream=STREAM,
        seq=last.seq,
        digest=last.digest,
        rows=2,
        utc_ms=last.utc_ms,
        lists={"trust": 7, "declarations": 813, "revocations": 57},
        orders={},
    )


def _draft(event: Event, utc: float, of_transaction: bool) -> Draft:
    of_lane = not isinstance(event, _OF_THE_GATE)
    dry_run = isinstance(event, AccessCompared) or None
    traced = of_transaction and not isinstance(event, _BEFORE_THE_DECISION)
    trace = span_of_transaction(TRACE, GATE, TRANSACTION) if traced else None
    return Draft(event, LANE if of_lane else None, TRANSACTION if of_transaction else None, utc, dry_run, trace)


_BEFORE_THE_DECISION = (VehiclePresent, PermitPresented, VehicleVin)


_OF_THE_GATE = (
    GateStarted,
    GateStopping,
    ConfigurationApplied,
    ConfigurationRefused,
    AnchorsChanged,
    FleetDocumentChanged,
    FleetDrifted,
    ConsoleActed,
    EvidenceViewed,
    CommandAccepted,
    CommandExecuted,
    CommandRefused,
    AcknowledgementRefused,
    EvidenceSent,
    BundleSent,
    UploadFailed,
    EvidenceDropped,
    ListsApplied,
    ListsRefused,
    ListsState,
    StateChanged,
    LedgerConflict,
    ClockChanged,
    RecordsDeleted,
    PersonalDataErased,
    EventsDropped,
)


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
