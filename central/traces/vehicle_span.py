"""One vehicle as a span: from the events of its transaction to OTLP in JSON.

Source: OpenTelemetry Protocol 1.x, "OTLP/HTTP", "JSON Protobuf Encoding": ids are hexadecimal digits, enumerations
numbers, 64-bit integers texts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from agent.core.model import TraceContext, span_id_of, span_of_transaction, trace_id_of, trace_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME: Final = "vehicle"
SAMPLED: Final = 0x01

_INTERNAL: Final = 1
_ERROR: Final = 2
_PARENT_KNOWN, _PARENT_REMOTE = 0x100, 0x200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SAID: Final[Mapping[str, tuple[str, ...]]] = {
    "access.decided": ("verdict", "reason"),
    "access.granted": ("grant", "by"),
    "alarm.raised": ("alarm",),
    "barrier.moved": ("position",),
    "barrier.pulsed": ("grant", "action", "delivery"),
    "permit.presented": ("engine", "camera"),
    "vehicle.present": ("seen_by", "direction"),
    "vehicle.vin": ("match", "source"),
}
"""What a span event says of each type of event. No person, plate, VIN, permit or free text is among it."""
_OUTCOME: Final = ("outcome", "reason", "assumed", "granted", "taken", "direction")


@dataclass(frozen=True, slots=True)
class VehicleSpan:
    """A span of one gate, ready to be sent. `traced`: it is of a trace of central's; `sampled`: which wants it.

    One that is not traced has a trace of its own, and counts as sampled.
    """

    gate: str
    span: dict[str, Any]
    traced: bool
    sampled: bool


def vehicle_span(gate: str, payloads: Sequence[bytes]) -> VehicleSpan | None:
    """The span of a transaction. `payloads`: its events as the gate sent them, in their order; the last closes it.

    None where they are not readable as events of one transaction: somebody else's bytes under the gate's name.
    """
    try:
        events = [json.loads(payload) for payload in payloads]
        return _span(gate, events)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError):
        return None


def request(spans: Sequence[VehicleSpan]) -> bytes:
    """The body of an ExportTraceServiceRequest."""
    gates = dict.fromkeys(one.gate for one in spans)
    resources = [
        {
            "resource": {"attributes": _attributes({"service.name": "gate-agent", "service.instance.id": gate})},
            "scopeSpans": [
                {"scope": {"name": "gate-central"}, "spans": [one.span for one in spans if one.gate == gate]}
            ],
        }
        for gate in gates
    ]
    return json.dumps({"resourceSpans": resources}, ensure_ascii=False, separators=(",", ":")).encode()


def _span(gate: str, events: Sequence[Mapping[str, Any]]) -> VehicleSpan:
    closed = events[-1]
    transaction, ended = str(closed["transaction"]), closed["data"]
    told = _told(gate, transaction, events)
    own = told or _alone(gate, transaction)
    begun_ns, ended_ns = _nanoseconds(events[0]["time"]), _nanoseconds(closed["time"])
    said = {f"gate.{name}": ended[name] for name in _OUTCOME if ended.get(name) is not None}
    span: dict[str, Any] = {
        "traceId": own.trace_id,
        "spanId": own.span_id,
        "flags": own.flags & SAMPLED | _PARENT_KNOWN,
        "name": NAME,
        "kind": _INTERNAL,
        "startTimeUnixNano": str(begun_ns),
        # A clock that was set back in between must not make a span that ends before it begins.
        "endTimeUnixNano": str(max(begun_ns, ended_ns)),
        "attributes": _attributes(
            {
                "gate.id": gate,
                "gate.lane": closed.get("lane"),
                "gate.transaction": transaction,
                "gate.dry_run": bool(closed.get("dryrun")),
                **said,
            }
        ),
        "events": [_span_event(event) for event in events],
        "status": {"code": _ERROR, "message": str(ended["reason"])} if ended["outcome"] == "fault" else {},
    }
    parent = _parent(own, events)
    if parent is not None:
        span |= {"parentSpanId": parent.span_id, "flags": span["flags"] | _PARENT_REMOTE}
    if own.state:
        span["traceState"] = own.state
    return VehicleSpan(gate, span, told is not None, bool(own.flags & SAMPLED))


def _told(gate: str, transaction: str, events: Sequence[Mapping[str, Any]]) -> TraceContext | None:
    """The transaction's span inside central's trace: the newest that its events name; None where they name none."""
    told = [trace_of(event.get("traceparent"), event.get("tracestate", "")) for event in reversed(events)]
    told += [span_of_transaction(parent, gate, transaction) for parent in _parents(events)]
    return next((one for one in told if one is not None), None)


def _alone(gate: str, transaction: str) -> TraceContext:
    """A span in a trace of its own: the same ids whenever it is sent again."""
    names = ("transaction", gate, transaction)
    return TraceContext(trace_id_of(*names), span_id_of(*names), SAMPLED)


def _parent(own: TraceContext, events: Sequence[Mapping[str, Any]]) -> TraceContext | None:
    return next((one for one in _parents(events) if one.trace_id == own.trace_id), None)


def _parents(events: Sequence[Mapping[str, Any]]) -> list[TraceContext]:
    """The traces that declarations carried, as the decisions say; the newest first."""
    permits = [event["data"].get("permit") for event in reversed(events) if event["type"] == "access.decided"]
    found = [trace_of(permit.get("traceparent")) for permit in permits if permit is not None]
    return [one for one in found if one is not None]


def _span_event(event: Mapping[str, Any]) -> dict[str, Any]:
    kind, data = str(event["type"]), event["data"]
    said = {f"gate.{name}": data[name] for name in _SAID.get(kind, ()) if data.get(name) is not None}
    return {
        "timeUnixNano": str(_nanoseconds(event["time"])),
        "name": kind,
        "attributes": _attributes({"gate.seq": event["seq"], **said}),
    }


def _attributes(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in said.items() if value is not None]


def _value(value: object) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case _:
            return {"stringValue": str(value)}


def _nanoseconds(time: str) -> int:
    moment = datetime.fromisoformat(time)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
