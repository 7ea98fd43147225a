"""What Prometheus is served of a fleet: figures, their number, and what it is told while the database is away."""

import http.client
from contextlib import closing
from datetime import timedelta
from functools import partial

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from central.consumer import EventStore, Message
from central.database import Role, connect
from central.exporter import SERIES_A_GATE, ExporterServer, GateCollector
from central.exporter.collector import DOCUMENT_STATES
from tests.support.central.databases import NOW, birth, health, status
from tests.support.consumer.events import GATE, chain, devices, message
from tests.support.consumer.postgres import needs_postgres
from tests.support.store.journals import STREAM, closed
from tests.support.waiting import PATIENCE_S

pytestmark = needs_postgres


def collector(url, most_gates=100, fresh_s=0):
    return GateCollector(partial(connect, url, read_only=True), most_gates=most_gates, fresh_s=fresh_s)


def samples(made):
    """Every sample: {(name without prefix, gate or ''): value}; beside them, all label sets."""
    registry = CollectorRegistry()
    registry.register(made)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return [
        (one.name.removeprefix("gate_central_"), one.labels, one.value) for each in families for one in each.samples
    ]


def value(told, name, **labels):
    found = [number for each, has, number in told if each == name and labels.items() <= has.items()]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.fixture
def store(database):
    return EventStore(database, lambda: NOW, Role.ACKNOWLEDGE)


def put(store, *messages):
    store.store([Message(*one) for one in messages])


def test_a_gate_is_told_with_its_lag_state_version_and_what_it_refused(store, central_url):
    events = chain(*devices(2), closed("t1"))
    put(store, *map(message, events), birth(stream=STREAM, inventory={"site": 9411}))
    whole = {"journal": {"state": "whole"}}
    told = {"seq_head": 10, "depth": 7, "refused": 3, "acks": {"taken": 5, "unsigned": 2}, "trust_state": whole}
    put(store, status(stream=STREAM, clock_state="SYNCED", lists={"state": "FRESH"}, **told))
    put(store, health(GATE, ("DISK_LOW", "", "error"), disk_free_bytes=1000))
    told = samples(collector(central_url))
    wanted = {
        "gate_head": 10, "gate_watermark": 3, "gate_lag_events": 7, "gate_unacknowledged_events": 7,
        "gate_refused_events": 3, "gate_refused_acknowledgements": 2, "gate_trust_state": 0, "gate_clock_untrusted": 0,
        "gate_lists_too_old": 0, "gate_disk_free_bytes": 1000, "gate_problem_rank": 3, "gate_conflicts": 0,
    }  # fmt: skip
    assert {name: value(told, name, gate=GATE) for name in wanted} == wanted
    assert value(told, "gate_info", gate=GATE, site="9411", version="0.2.0") == 1
    assert value(told, "gate_vehicles_total", gate=GATE, outcome="passed") == 1
    assert value(told, "gate_status_age_seconds", gate=GATE) > 0
    assert value(told, "gate_certificate_expires_seconds", gate=GATE) is None
    assert value(told, "gate_state", gate=GATE) == 1


def test_what_ends_and_when_is_told_as_far_as_a_gate_says_it(store, central_url):
    ends = (NOW + timedelta(days=9)).isoformat()
    expiries = [
        {"kind": "certificate", "subject": "mqtt", "ends": ends, "trouble": "no answer"},
        {"kind": "certificate", "subject": "site", "ends": None},
        {"kind": "trust_list", "subject": "trust_list", "ends": (NOW + timedelta(days=2)).isoformat()},
    ]
    put(store, health(GATE, expiries=expiries))
    told = samples(collector(central_url))
    assert value(told, "gate_certificate_expires_seconds", gate=GATE) == (NOW + timedelta(days=9)).timestamp()
    assert value(told, "gate_trust_list_expires_seconds", gate=GATE) == (NOW + timedelta(days=2)).timestamp()
    [(problem,)] = store._database.execute("SELECT code FROM problems").fetchall()
    assert problem == "RENEWAL_FAILED"


def test_how_a_gate_stands_with_its_fleet_documents_is_told(store, central_url):
    kept = {
        "kind": "configuration",
        "audience": "all",
        "version": 41,
        "digest": "d",
        "at": 1_800_000_000,
        "in_force": 40,
    }
    north = kept | {"audience": "group:north", "version": 7, "state": "applied", "in_force": 7}
    south = north | {"audience": "group:south", "version": 9, "state": "waiting", "at": 1_800_000_001, "in_force": 0}
    documents = [kept | {"state": "undone", "code": "not_connected", "new": 1}, north, south]
    put(store, birth(GATE, fleet={"documents": documents, "drift": [], "drifting": 2}))
    told = samples(collector(central_url))
    here = {"gate": GATE, "kind": "configuration"}
    assert value(told, "gate_fleet_version", scope="all", **here) == 40
    assert value(told, "gate_fleet_state", scope="all", **here) == DOCUMENT_STATES["undone"]
    assert value(told, "gate_fleet_version", scope="group", **here) == 0, "the group whose document changed last"
    assert value(told, "gate_fleet_state", scope="group", **here) == DOCUMENT_STATES["waiting"]
    assert value(told, "gate_fleet_drift_keys", gate=GATE) == 2
    put(store, health(GATE, fleet={"documents": [north], "drifting": 0}), status(GATE))
    told = samples(collector(central_url))
    assert value(told, "gate_fleet_state", scope="all", **here) is None
    assert value(told, "gate_fleet_version", scope="group", **here) == 7
    assert value(told, "gate_fleet_drift_keys", gate=GATE) == 0


def test_a_state_of_a_later_agent_has_no_figure(store, central_url):
    document = {"kind": "policy", "audience": f"gate:{GATE}", "version": 3, "state": "later", "in_force": 2}
    put(store, health(GATE, fleet={"documents": [document]}))
    told = samples(collector(central_url))
    assert value(told, "gate_fleet_version", gate=GATE, kind="policy", scope="gate") == 2
    assert value(told, "gate_fleet_state", gate=GATE) is None


def test_the_number_of_series_is_bounded_however_many_gates_there_are(database, central_url):
    database.execute("""
        INSERT INTO gates (gate, site, state, version, heard_at, status_at, stream, head, depth, trust_state,
            clock_state, lists_state, acks_signed, refused_events, refused_acks, disk_free_bytes,
            certificate_expires_at, trust_list_expires_at, drifting)
        SELECT 'gate-' || n, '1', 'online', '0.2', now(), now(), 's', 1, 0, 'whole', 'SYNCED', 'FRESH', true, 0, 0, 1,
            now(), now(), 0 FROM generate_series(1, 30) n""")
    database.execute("""
        INSERT INTO gate_documents (gate, kind, audience, version, digest, state, in_force)
        SELECT gate, kind, audience, 1, '', 'applied', 1 FROM gates, unnest(ARRAY['configuration', 'policy', 'other']) k
            (kind), unnest(ARRAY['all', 'group:a', 'group:b', 'gate:x', 'new:z']) a (audience)""")
    database.execute("INSERT INTO streams (gate, stream, digest) SELECT gate, 's', '' FROM gates")
    told = samples(collector(central_url, most_gates=20))
    series = [labels["gate"] for _, labels, _ in told if "gate" in labels]
    assert len(set(series)) == 20
    assert max(series.count(gate) for gate in set(series)) == SERIES_A_GATE
    assert (value(told, "gates"), value(told, "gates_without_series")) == (30, 10)
    assert {name for _, labels, _ in told for name in labels} <= {
        "gate", "site", "version", "state", "outcome", "kind", "scope"
    }  # fmt: skip


def test_one_look_serves_all_who_ask_within_a_while(database, central_url):
    looks = []

    def connected():
        looks.append(1)
        return connect(central_url, read_only=True)

    made = GateCollector(connected, most_gates=10, fresh_s=PATIENCE_S)
    for _ in range(3):
        assert value(samples(made), "database_up") == 1
    assert len(looks) == 1


def test_while_the_database_is_away_it_says_so_and_nothing_of_gates():
    assert samples(collector("postgresql:///nowhere?host=/nonexistent")) == [("database_up", {}, 0.0)]


def test_the_port_serves_metrics_and_nothing_else(database, central_url):
    with ExporterServer(collector(central_url), "127.0.0.1", 0) as server:
        assert asked(server.port, "/metrics") == (200, True)
        assert asked(server.port, "/") == (404, False)


def asked(port, path):
    """The status of an answer, and whether it holds figures."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, b"gate_central_database_up 1.0" in answer.read()
