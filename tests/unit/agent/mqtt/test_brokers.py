"""Brokers that do not do what a good broker does: the gate says so, loses nothing, and goes on by itself when they are
well.
"""

import threading

import pytest

from agent.core.events.event_types import Draft, GateStopping
from agent.devices.port_supervisor import PortState
from agent.mqtt.delivery_settings import DeliverySettings
from tests.support.mqtt.central import Central
from tests.support.mqtt.linking import GATE, UTC, Observer, linked, quick, record
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto
from tests.support.mqtt.rough_broker import RoughBroker
from tests.support.waiting import eventually

ROOT = f"gate/v1/{GATE}"


def payloads(journal):
    return {event.seq: event.payload for event in journal.range(1, journal.head)}


def events_on(rough, connection):
    return [topic for topic, _ in rough.connections[connection] if "/event/" in topic]


@needs_mosquitto
@pytest.mark.parametrize("receive_maximum", [1, 5, 20])
def test_a_broker_that_takes_few_at_a_time_gets_them_all(tmp_path, journal, receive_maximum):
    record(journal, 150)
    with (
        Broker(tmp_path, f"max_inflight_messages {receive_maximum}") as broker,
        Central(broker.port, GATE) as central,
        linked(journal, quick(broker.port, status_every_s=0.2)) as link,
    ):
        eventually(lambda: journal.watermark == 150)
        assert central.events == payloads(journal)
        assert link.client.view.connections == 1
        assert (link.client.view.detail, link.uplink.view.trouble) == ("", "")


@needs_mosquitto
def test_an_event_larger_than_the_broker_takes_is_told_and_kept_and_the_others_go_on(tmp_path, journal):
    record(journal, 3)
    journal.record([Draft(GateStopping(cause="long " * 1000), None, None, UTC)])
    record(journal, 3)
    lines = ["max_packet_size 4000"]
    with (
        Broker(tmp_path, *lines) as broker,
        Central(broker.port, GATE) as central,
        linked(journal, quick(broker.port)) as link,
    ):
        eventually(lambda: sorted(central.events) == [1, 2, 3, 5, 6, 7])
        eventually(lambda: "event 4 cannot be delivered: a packet was too large" in link.uplink.view.trouble)
        assert link.client.view.connections == 1
        eventually(lambda: journal.watermark == 3)
        broker.stop()
        broker._conf.write_text(broker._conf.read_text().replace(lines[0], "max_packet_size 40000"))
        broker.start()
        eventually(lambda: journal.watermark == 7)
        eventually(lambda: link.uplink.view.trouble == "")
        assert central.events == payloads(journal)


def test_a_broker_that_accepts_and_kicks_is_tried_ever_more_rarely_and_nothing_is_lost(journal):
    record(journal, 5)
    with RoughBroker(kick_on=b"") as rough:
        settings = quick(rough.port, first_retry_s=0.02, retry_cap_s=0.1, stable_after_s=5)
        with linked(journal, settings, DeliverySettings(resend_s=0.5)) as link:
            eventually(lambda: len(rough.connections) >= 12, within_s=30)
            assert journal.watermark == 0
            rough.kick_on = None
            eventually(lambda: all(any(b'"seq":%d,' % seq in body for body in rough.bodies) for seq in range(1, 6)))
            eventually(lambda: link.client.view.state is PortState.UP and link.uplink.view.under_way == 0)
            eventually(lambda: link.uplink.view.quarantine == ())


def test_a_broker_that_answers_slower_than_the_patience_gets_everything_all_the_same(journal):
    record(journal, 60)
    with RoughBroker(puback_delay_s=0.03) as rough:
        delivery = DeliverySettings(resend_s=60, puback_timeout_s=0.6, window_limit=40)
        with linked(journal, quick(rough.port), delivery) as link:
            eventually(lambda: all(any(b'"seq":%d,' % seq in body for body in rough.bodies) for seq in range(1, 61)))
            eventually(lambda: link.client.view.state is PortState.UP and not link.uplink.view.under_way)
        sent_again = sum(b"/event/" in body for body in rough.bodies) - 60
        assert sent_again <= 40 * (len(rough.connections) - 1)


@needs_mosquitto
def test_a_hiccup_of_the_connection_costs_few_duplicates(tmp_path, journal):
    record(journal, 1000)
    with (
        Broker(tmp_path, "max_queued_messages 100000") as broker,
        Central(broker.port, GATE, ack=False) as central,
        linked(journal, quick(broker.port), DeliverySettings(resend_s=3600)) as link,
    ):
        eventually(lambda: len(central.arrivals) == 1000)
        eventually(lambda: link.uplink.view.under_way == 0)
        for connections in (2, 3, 4):
            link.client.reconnect("for the test")
            eventually(lambda n=connections: link.client.view.connections == n)
            eventually(lambda n=connections: len(central.arrivals) == 999 + n)
        central.ack = True
        record(journal, 1)
        eventually(lambda: journal.watermark == 1001)
        assert central.arrivals[1000:] == [1, 1, 1, 1001]


@needs_mosquitto
def test_what_a_killed_broker_had_taken_and_lost_is_there_again_within_seconds(tmp_path, journal):
    with (
        Broker(tmp_path, "max_queued_messages 100000") as broker,
        linked(journal, quick(broker.port), DeliverySettings(resend_s=3600)) as link,
    ):
        with Central(broker.port, GATE) as before:
            record(journal, 10)
            eventually(lambda: journal.watermark == 10)
        record(journal, 1500)
        eventually(lambda: link.uplink.view.sent == 1510 and link.uplink.view.under_way == 0)
        broker.kill()
        broker.start()
        with Central(broker.port, GATE, watermark=10) as central:
            central.events.update(before.events)
            eventually(lambda: journal.watermark == 1510, within_s=30)
            assert central.events == payloads(journal)
            assert len(central.arrivals) <= 1510


def test_a_broker_of_which_only_the_line_is_left_is_noticed(journal):
    record(journal, 3)
    observer = Observer()
    with RoughBroker(pings=False) as rough, linked(journal, quick(rough.port, keepalive_s=1), observe_link=observer):
        eventually(lambda: "no answer to the keepalive" in observer.details())
        eventually(lambda: len(rough.connections) >= 2)


@needs_mosquitto
def test_all_brokers_down_and_the_last_of_the_list_comes_back(tmp_path, journal):
    brokers = [Broker(tmp_path) for _ in range(3)]
    record(journal, 5)
    observer = Observer()
    with linked(journal, quick(*(one.port for one in brokers)), observe_link=observer) as link:
        eventually(lambda: len({view.url for view in observer.views}) == 3 or len(observer.views) >= 3)
        with brokers[2] as broker, Central(broker.port, GATE):
            eventually(lambda: journal.watermark == 5)
            assert str(broker.port) in link.client.view.url


def test_threads_of_the_link_are_all_gone_after_a_stop_amid_trouble(journal):
    record(journal, 30)
    before = {thread.ident for thread in threading.enumerate()}
    with RoughBroker(kick_on=b'"seq":2,') as rough, linked(journal, quick(rough.port)):
        eventually(lambda: len(rough.connections) >= 3)
    left = [thread.name for thread in threading.enumerate() if thread.ident not in before]
    assert [name for name in left if "link" in name or "uplink" in name] == []
