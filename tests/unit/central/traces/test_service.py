"""The trace service over a real PostgreSQL and a collector on this computer."""

import logging
from dataclasses import replace

import pytest

from agent.core.contract import examples
from central.consumer import EventStore, Message
from central.database import Role, begin_reader
from central.traces import READER, CollectorClient, CollectorError, TraceService
from tests.support.central.collectors import collecting, said
from tests.support.central.databases import NOW
from tests.support.consumer.events import chain, message
from tests.support.consumer.postgres import needs_postgres
from tests.support.mqtt.mosquitto import free_port
from tests.support.store.journals import closed, device

pytestmark = needs_postgres


@pytest.fixture
def collector():
    with collecting() as made:
        yield made


@pytest.fixture
def store(database):
    return EventStore(database, lambda: NOW, Role.ACKNOWLEDGE)


@pytest.fixture
def service(database, collector):
    begin_reader(database, READER)
    return TraceService(database, CollectorClient(collector.url))


def put(store, events, gate="khorgos-03"):
    store.store([Message(*message(event, gate)) for event in events])


def vehicles(*transactions):
    return chain(device("before"), *map(closed, transactions))


def all_sent(service):
    while service.turn():
        pass


def test_each_vehicle_is_sent_once_with_the_events_of_its_transaction_alone(store, service, collector):
    put(store, examples.chain(), examples.GATE)
    all_sent(service)
    all_sent(service)
    [(gate, span)] = collector.spans
    assert gate == examples.GATE
    assert span["parentSpanId"] == examples.TRACE.span_id
    names = [one["name"] for one in span["events"]]
    assert (names[0], names[-1], "gate.started" in names) == ("vehicle.present", "transaction.closed", False)
    assert collector.headers["Content-Type"] == "application/json"
    assert collector.paths == ["/v1/traces"]


def test_what_the_collector_did_not_take_is_sent_again(store, service, collector):
    put(store, vehicles("t1", "t2"))
    for status in (503, 429, 401):
        collector.answers = [(status, {"message": "not now"})]
        with pytest.raises(CollectorError, match=f"answered {status}: .*not now"):
            service.turn()
    all_sent(service)
    assert [said(span)["gate.transaction"] for _, span in collector.spans] == ["t1", "t2"]


def test_one_span_that_is_refused_costs_no_other_and_is_told(store, service, collector, caplog):
    put(store, vehicles("t1", "t2"))
    collector.answers = [(400, {"message": "bad"}), (400, {"message": "bad id"})]
    all_sent(service)
    assert [said(span)["gate.transaction"] for _, span in collector.spans] == ["t2"]
    assert "refuses span" in caplog.text
    assert "bad id" in caplog.text


def test_what_a_collector_takes_in_part_is_told(store, service, collector, caplog):
    put(store, vehicles("t1"))
    collector.answers = [(200, {"partialSuccess": {"rejectedSpans": "1", "errorMessage": "too old"}})]
    all_sent(service)
    assert "1 spans were not taken: too old" in caplog.text


def test_vehicles_without_a_trace_are_left_out_where_the_configuration_says_so(store, database, service, collector):
    put(store, vehicles("t1"))
    service = TraceService(database, CollectorClient(collector.url), untraced=False)
    assert service.turn()
    assert collector.spans == []


def test_a_vehicle_whose_trace_is_not_sampled_is_left_out(store, service, collector):
    trace = replace(examples.TRACE, flags=0)
    put(store, chain(*(replace(closed(name), trace=trace) for name in ("t1",)), closed("t2")))
    all_sent(service)
    assert [said(span)["gate.transaction"] for _, span in collector.spans] == ["t2"]


def test_it_begins_at_the_events_of_now_and_goes_on_while_the_collector_is_away(store, database, collector, caplog):
    caplog.set_level(logging.INFO)
    put(store, vehicles("t1"))
    away = CollectorClient(f"http://127.0.0.1:{free_port()}/v1/traces")
    here = CollectorClient(collector.url)
    turns = []

    class Sender:
        def send(self, spans):
            turns.append(len(spans))
            return (away if len(turns) <= 2 else here).send(spans)

    class Stop:
        """Set once a span has been sent; before its first turn a vehicle comes."""

        def __init__(self):
            self.waits = []

        def wait(self, timeout_s=None):
            self.waits.append(timeout_s)
            if len(self.waits) == 1:
                put(store, vehicles("t1", "t2")[-1:])
            return bool(collector.spans) or len(self.waits) > 10

    TraceService(database, Sender()).run(Stop())
    assert [said(span)["gate.transaction"] for _, span in collector.spans] == ["t2"]
    assert caplog.text.count("the collector does not accept spans") == 1, "the same trouble is told once"
    assert "accepts spans again" in caplog.text


def test_a_token_goes_with_each_request_and_a_ca_that_is_none_is_told(collector, tmp_path):
    CollectorClient(collector.url, token=tmp_path.name).send([])
    assert collector.headers["Authorization"] == f"Bearer {tmp_path.name}"
    with pytest.raises(OSError, match="No such file"):
        CollectorClient("https://localhost/v1/traces", ca=tmp_path / "none.crt")
