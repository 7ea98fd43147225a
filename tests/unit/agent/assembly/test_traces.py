"""A whole gate records the trace of a vehicle's declaration in what follows the decision."""

from agent.core.contract import examples
from agent.core.events import AccessGranted, Draft
from agent.core.model import span_of_transaction
from tests.support.gate.gate_site import GATE
from tests.unit.agent.assembly.test_dry_run import emulator, gate

__all__ = ["emulator", "gate"]
TRANSACTION = "20261124081515010042"


def test_events_after_a_decision_are_of_the_span_of_their_transaction_and_others_of_none(gate):
    decided = next(event for _, event in examples.passing_vehicle() if event.TYPE == "access.decided")
    granted = AccessGranted(grant=f"{TRANSACTION}-1", by="permit")
    drafts = [Draft(event, "exit-1", TRANSACTION, gate.site.utc) for event in (granted, decided, granted)]
    gate.app.parts.recorder.note(drafts)
    gate.wait("access.granted", 2)
    span = span_of_transaction(examples.TRACE, GATE, TRANSACTION).parent
    told = [one.get("traceparent") for one in gate.envelopes if one.get("transaction") == TRANSACTION]
    assert told == [None, span, span]
    assert all("traceparent" not in one for one in gate.envelopes if one.get("transaction") != TRANSACTION)
