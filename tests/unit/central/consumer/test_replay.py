"""Asking gates again for what is missing: what is asked for, when, and what a real gate makes of the order."""

from datetime import timedelta

import pytest

from agent.mqtt import OneShotClient
from central.consumer import EventStore, Message, ReplayKey, ReplayOrder, order_replays, wanted_replays
from central.database import Role
from tests.support.central.databases import NOW, status
from tests.support.consumer.events import GATE, chain, devices, message
from tests.support.consumer.postgres import needs_postgres
from tests.support.mqtt.command_site import CommandSite
from tests.support.mqtt.commanding import OTHER_KEY, READER
from tests.support.mqtt.linking import local
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto
from tests.support.store.journals import STREAM
from tests.support.waiting import PATIENCE_S

pytestmark = needs_postgres
LATER = NOW + timedelta(minutes=11)
AFTER_S = 600


def put(database, *messages, role=Role.LISTEN, at=NOW):
    EventStore(database, lambda: at, role).store([Message(*one) for one in messages])


def wanted(database, at=LATER):
    return [(order.first, order.last) for order in wanted_replays(database, at, AFTER_S)]


@pytest.fixture
def events():
    return chain(*devices(9))


def test_a_hole_is_asked_for_once_it_stands_long_enough(database, events):
    put(database, *map(message, [*events[:2], *events[5:]]))
    put(database, status(GATE, stream=STREAM, seq_head=9, seq_acked=9), at=LATER)
    assert wanted(database, NOW + timedelta(minutes=9)) == []
    assert wanted(database) == [(3, 5)]


def test_what_another_central_has_acknowledged_is_asked_for_and_what_nobody_has_the_gate_sends_by_itself(
    database, events
):
    put(database, *map(message, events[:2]))
    put(database, status(GATE, stream=STREAM, seq_head=9, seq_acked=7), at=LATER)
    assert wanted(database) == [(3, 7)]


def test_nothing_is_asked_of_a_gate_that_is_not_there(database, events):
    put(database, message(events[0]), message(events[5]))
    put(database, status(GATE, stream=STREAM, state="lost"), at=LATER)
    assert wanted(database) == []


@pytest.mark.parametrize(("every_s", "asked"), [(600, [(2, 5)]), (30, []), (None, [])])
def test_a_gate_that_seldom_sends_a_status_is_asked_between_two_of_them(database, events, every_s, asked):
    said = {} if every_s is None else {"status_every_s": every_s}
    put(database, message(events[0]), message(events[5]))
    put(database, status(GATE, stream=STREAM, seq_head=6, seq_acked=6, **said), at=LATER - timedelta(minutes=10))
    assert wanted(database) == asked


def test_what_a_gate_keeps_no_more_is_not_asked_for(database, events):
    put(database, message(events[0]), message(events[8]))
    put(database, status(GATE, stream=STREAM, seq_head=9, seq_acked=9, first_kept=5), at=LATER)
    assert wanted(database) == [(5, 8)]


def test_a_stream_of_which_nothing_is_here_is_asked_for_from_what_is_kept(database):
    put(database, status(GATE, stream=STREAM, seq_head=9, seq_acked=9, first_kept=4))
    put(database, status(GATE, stream=STREAM, seq_head=9, seq_acked=9, first_kept=4), at=LATER)
    assert wanted_replays(database, LATER, AFTER_S) == [ReplayOrder(None, GATE, STREAM, 4, 9)]


@needs_mosquitto
def test_a_real_gate_obeys_the_order_and_the_same_range_is_not_asked_for_again_at_once(database, events, tmp_path):
    put(database, message(events[0]), message(events[8]))
    put(database, status(GATE, stream=STREAM, seq_head=9, seq_acked=9), at=LATER)
    with Broker(tmp_path) as broker:
        site = CommandSite(broker.port, tmp_path / "journal.sqlite")
        with site.running():
            lines = order_replays(
                database,
                wanted_replays(database, LATER, AFTER_S),
                lambda: OneShotClient(local(broker.port), timeout_s=PATIENCE_S),
                ReplayKey(OTHER_KEY, READER, "central"),
                lambda: NOW.fromtimestamp(site.clock.utc, NOW.tzinfo),
            )
            [command] = site.executors.carried_out
    assert lines == [f"{GATE}: replay of 2..8: done as ordered"]
    assert command.arguments == {"stream": STREAM, "first": 2, "last": 8}
    database.execute("UPDATE replay_orders SET ordered_at = %s", (LATER,))
    assert wanted(database) == []
    assert wanted(database, LATER + timedelta(minutes=1)) == []


def test_a_broker_that_is_away_is_told_and_the_order_is_noted(database, events):
    put(database, message(events[0]), message(events[8]))
    put(database, status(GATE, stream=STREAM, seq_head=9, seq_acked=9), at=LATER)

    def nowhere():
        raise OSError("no broker")

    key = ReplayKey(OTHER_KEY, READER, "central")
    lines = order_replays(database, wanted_replays(database, LATER, AFTER_S), nowhere, key, lambda: LATER)
    assert lines == [f"{GATE}: replay of 2..8: no broker"]
    assert wanted(database) == []
