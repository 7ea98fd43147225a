"""One example of every message: the chain of events of one gate, and the messages around it.

The chain is sealed and signed as a gate does it. Its key is public and protects nothing. The chain begins with one
vehicle that passes. The rest shows the other types and is not one real day.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from agent.core.commands import TRACE_FIELDS
from agent.core.contract.example_chain import chain, event_example
from agent.core.contract.example_commands import (
    command_claims,
    command_example,
    group_command_claims,
    group_command_example,
    result_example,
)
from agent.core.contract.example_events import DRIFT
from agent.core.contract.example_values import (
    ACK_KEY,
    ACK_KEY_ID,
    BOOT,
    BUNDLE,
    CHALLENGE,
    COMMAND_ID,
    COMMAND_KEY,
    COMMAND_KEY_ID,
    CONFIGURATION,
    DECLARATION,
    FORMER_STREAM,
    GATE,
    GATE_KEY,
    GROUP,
    LANE,
    OPERATOR,
    PERMIT,
    PICTURES,
    PLATE,
    ROOT_KEY,
    STORE_HOST,
    STREAM,
    TRACE,
    TRANSACTION,
    UTC,
    VIN,
)
from agent.core.contract.example_vehicle import passing_vehicle
from agent.core.contract.schemas import EVENTS
from agent.core.crypto import jws
from agent.core.events import (
    AckFault,
    Birth,
    CameraHealth,
    CommandOffer,
    GateKey,
    Health,
    HealthExpiry,
    HealthFinding,
    KeyFingerprints,
    Point,
    Status,
    UploadWanted,
    checkpoint_of,
    key_fingerprint,
    sign_ack,
    time_text,
)
from agent.core.fleet import DocumentFault, DocumentKind, DocumentState, FleetDocumentReport, FleetReport
from agent.core.model import CommandName, DriverMessage, ExpiryKind
from agent.core.trust_state import HeadRecord, StatePart, Wholeness, signed_head

if TYPE_CHECKING:
    from agent.core.events import SealedEvent

__all__ = [
    "ACK_KEY",
    "ACK_KEY_ID",
    "BOOT",
    "BUNDLE",
    "CHALLENGE",
    "COMMAND_ID",
    "COMMAND_KEY",
    "COMMAND_KEY_ID",
    "CONFIGURATION",
    "DECLARATION",
    "FORMER_STREAM",
    "GATE",
    "GATE_KEY",
    "GROUP",
    "LANE",
    "OPERATOR",
    "PERMIT",
    "PICTURES",
    "PLATE",
    "ROOT_KEY",
    "STORE_HOST",
    "STREAM",
    "TRACE",
    "TRANSACTION",
    "UTC",
    "VIN",
    "ack_example",
    "birth_example",
    "chain",
    "command_claims",
    "command_example",
    "event_example",
    "group_command_claims",
    "group_command_example",
    "health_example",
    "passing_vehicle",
    "result_example",
    "status_example",
]


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
            "status_every_s": 30,
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
    drift=(DRIFT,),
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
