"""The trace of a transaction: from the decision on its permit, onto all its events after that."""

from dataclasses import replace

from agent.core.events import AccessDecided, AccessGranted, Draft, PermitRecord, VehiclePresent
from agent.core.model import Reason, TraceContext, Verdict, span_of_transaction
from agent.recording import TransactionTraces
from agent.recording.transaction_traces import KEPT

TRACE = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1)
OTHER = replace(TRACE, trace_id="1" * 32)
PERMIT = PermitRecord(
    permit="01", issuer="KHE", key="02", declaration="9" * 18, vin="V", plate=None, expires_at=1, traceparent=None
)


def draft(event, transaction="t1", trace=None):
    return Draft(event, "in-1", transaction, 1.0, trace=trace)


def decided(trace, transaction="t1"):
    permit = PERMIT.model_copy(update={"traceparent": None if trace is None else trace.parent})
    return draft(AccessDecided(verdict=Verdict.PASS, reason=Reason.OK, checks=(), permit=permit), transaction)


PRESENT = VehiclePresent(seen_by="inputs")
GRANTED = AccessGranted(grant="t1-1", by="permit")


def test_events_from_the_decision_on_are_of_the_transactions_span():
    traces = TransactionTraces("gate-1")
    span = span_of_transaction(TRACE, "gate-1", "t1")
    told = [traces.traced(one).trace for one in (draft(PRESENT), decided(TRACE), draft(GRANTED), draft(PRESENT, "t2"))]
    assert told == [None, span, span, None]
    assert span.trace_id == TRACE.trace_id
    assert span.span_id != TRACE.span_id


def test_what_belongs_to_no_transaction_or_has_a_trace_of_its_own_is_left_as_it_is():
    traces = TransactionTraces("gate-1")
    traces.traced(decided(TRACE))
    alone, own = draft(GRANTED, None), draft(GRANTED, "t1", OTHER)
    assert (traces.traced(alone), traces.traced(own)) == (alone, own)


def test_another_permit_of_the_vehicle_brings_its_own_trace_or_none():
    traces = TransactionTraces("gate-1")
    traces.traced(decided(TRACE))
    assert traces.traced(decided(OTHER)).trace == span_of_transaction(OTHER, "gate-1", "t1")
    assert traces.traced(decided(None)).trace is None
    assert traces.traced(draft(GRANTED)).trace is None


def test_a_decision_without_a_permit_changes_nothing():
    traces = TransactionTraces("gate-1")
    traces.traced(decided(TRACE))
    manual = AccessDecided(verdict=Verdict.MANUAL, reason=Reason.GATE_FAULT, checks=())
    assert traces.traced(draft(manual)).trace == span_of_transaction(TRACE, "gate-1", "t1")


def test_only_the_newest_are_remembered():
    traces = TransactionTraces("gate-1")
    for number in range(KEPT + 1):
        traces.traced(decided(TRACE, f"t{number}"))
    assert traces.traced(draft(GRANTED, "t0")).trace is None
    assert traces.traced(draft(GRANTED, "t1")).trace is not None
