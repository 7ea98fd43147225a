"""A vehicle as a span: its place in central's trace, its times, what it says and what it must not say."""

import json

import pytest

from agent.core.contract import examples
from agent.core.model import TraceContext, span_id_of, span_of_transaction, trace_id_of
from central.traces.vehicle_span import request, vehicle_span
from tests.support.central.collectors import said

EVENTS = [json.loads(one.payload) for one in examples.chain()]
EVENTS = [one for one in EVENTS if one.get("transaction") == examples.TRANSACTION]
EVENTS = EVENTS[: [one["type"] for one in EVENTS].index("transaction.closed") + 1]
OWN = span_of_transaction(examples.TRACE, examples.GATE, examples.TRANSACTION)


def span_of(events):
    return vehicle_span(examples.GATE, [json.dumps(one).encode() for one in events])


def without(events, *names):
    return [{key: value for key, value in one.items() if key not in names} for one in events]


def test_a_vehicle_is_a_span_inside_the_trace_of_its_declaration():
    made = span_of(EVENTS)
    assert (made.gate, made.traced, made.sampled) == (examples.GATE, True, True)
    ids = made.span["traceId"], made.span["spanId"], made.span["parentSpanId"], made.span["flags"]
    assert ids == (examples.TRACE.trace_id, OWN.span_id, examples.TRACE.span_id, 0x301)
    begun, ended = int(made.span["startTimeUnixNano"]), int(made.span["endTimeUnixNano"])
    assert (ended - begun, begun % 1_000_000) == (12_600_000_000, 0)
    assert said(made.span) == {
        "gate.id": examples.GATE,
        "gate.lane": examples.LANE,
        "gate.transaction": examples.TRANSACTION,
        "gate.dry_run": False,
        "gate.outcome": "passed",
        "gate.reason": "OK",
        "gate.assumed": False,
        "gate.granted": True,
        "gate.taken": True,
        "gate.direction": "export",
    }
    assert made.span["status"] == {}


def test_its_decision_grant_and_passage_are_events_of_the_span():
    told = span_of(EVENTS).span["events"]
    assert [one["name"] for one in told] == [one["type"] for one in EVENTS]
    by_name = {one["name"]: said(one) for one in told}
    assert by_name["access.decided"].items() >= {"gate.verdict": "PASS", "gate.reason": "OK"}.items()
    assert by_name["access.granted"]["gate.by"] == "permit"
    assert by_name["barrier.pulsed"]["gate.delivery"] == "delivered"
    assert [said(one)["gate.seq"] for one in told] == [one["seq"] for one in EVENTS]


def test_no_plate_vin_permit_or_person_is_in_it():
    body = request([span_of(EVENTS)]).decode()
    for private in (examples.PLATE, examples.VIN, examples.PERMIT, examples.DECLARATION, *examples.PICTURES):
        assert private not in body


def test_a_vehicle_without_a_trace_has_one_of_its_own_that_is_always_the_same():
    permit = [one for one in without(EVENTS, "traceparent") if one["type"] != "access.decided"]
    made = span_of(permit)
    names = "transaction", examples.GATE, examples.TRANSACTION
    assert (made.traced, made.sampled, "parentSpanId" in made.span) == (False, True, False)
    assert (made.span["traceId"], made.span["spanId"]) == (trace_id_of(*names), span_id_of(*names))
    assert made == span_of(permit)


def test_the_decision_alone_leads_to_the_trace_where_no_envelope_names_it():
    made = span_of(without(EVENTS, "traceparent"))
    assert (made.span["traceId"], made.span["spanId"]) == (OWN.trace_id, OWN.span_id)


def test_what_central_does_not_sample_and_what_its_tracing_says_is_passed_on():
    off = TraceContext(OWN.trace_id, OWN.span_id, 0).parent
    made = span_of([one | {"traceparent": off, "tracestate": "congo=1"} for one in EVENTS])
    assert (made.sampled, made.span["flags"] & 1, made.span["traceState"]) == (False, 0, "congo=1")


def test_a_fault_is_an_error_and_a_clock_that_was_set_back_gives_no_negative_time():
    closed = EVENTS[-1]
    fault = closed["data"] | {"outcome": "fault", "reason": "GATE_FAULT", "taken": None}
    made = span_of([*EVENTS[:-1], closed | {"data": fault, "time": "2020-01-01T00:00:00.000Z"}])
    assert made.span["status"] == {"code": 2, "message": "GATE_FAULT"}
    assert made.span["endTimeUnixNano"] == made.span["startTimeUnixNano"]
    assert "gate.taken" not in said(made.span)


@pytest.mark.parametrize("bytes_", [b"", b"[]", b"{", b"null", b'{"type": 1}', b'{"data": [], "transaction": 1}'])
def test_what_is_no_event_has_no_span(bytes_):
    assert vehicle_span("gate-1", [bytes_]) is None
    assert vehicle_span("gate-1", []) is None


def test_a_request_names_each_gate_once():
    other = vehicle_span("other", [json.dumps(EVENTS[-1]).encode()])
    body = json.loads(request([span_of(EVENTS), other, span_of(EVENTS)]))
    assert [len(one["scopeSpans"][0]["spans"]) for one in body["resourceSpans"]] == [2, 1]
