"""The uplink from a real journal over a real broker to a consumer with a watermark."""

import json
from collections import Counter

import pytest

from agent.devices.port_supervisor import PortState
from agent.mqtt.client import MqttClient
from agent.mqtt.delivery_settings import AckMode, DeliverySettings
from agent.mqtt.event_uplink import INBOX_LIMIT, Uplink
from agent.mqtt.uplink_view import AckState
from agent.store.errors import JournalUnavailableError
from tests.support.mqtt.central import Central
from tests.support.mqtt.faultproxy import FaultProxy
from tests.support.mqtt.linking import GATE, Observer, journal_at, linked, quick, record
from tests.support.mqtt.mosquitto import Broker, Listener, needs_mosquitto, publish, stored
from tests.support.mqtt.rough_broker import RoughBroker
from tests.support.waiting import eventually, scaled

pytestmark = needs_mosquitto
ROOT = f"gate/v1/{GATE}"
ONCE = DeliverySettings(resend_s=3600)
PUBACK = DeliverySettings(ack_mode=AckMode.PUBACK, resend_s=0.5)


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path, "max_queued_messages 100000") as running:
        yield running


def all_of(journal):
    return {event.seq: event.payload for event in journal.range(1, journal.head)}


def status(broker):
    message = eventually(lambda: stored(broker.port, f"{ROOT}/status"))
    return message["payload"] if isinstance(message["payload"], dict) else json.loads(message["payload"])


# ------------------------------------------------------------------------------------------------------ the good day


def test_events_arrive_in_order_once_and_byte_for_byte(broker, journal):
    record(journal, 300)
    with Central(broker.port, GATE) as central, linked(journal, quick(broker.port), ONCE) as link:
        eventually(lambda: journal.watermark == 300)
        record(journal, 5)
        eventually(lambda: journal.watermark == 305)
        assert central.events == all_of(journal)
        assert central.arrivals == list(range(1, 306))
        assert link.uplink.view.ack is AckState.HEARD
        assert link.uplink.view.resent == 0


def test_an_event_carries_its_type_in_the_topic_and_its_place_in_user_properties(broker, journal):
    record(journal)
    with Listener(broker.port, f"{ROOT}/event/#") as listener, linked(journal, quick(broker.port), ONCE):
        (message,) = eventually(lambda: listener.messages)
    assert message["topic"] == f"{ROOT}/event/gate.stopping"
    assert (message["qos"], message["retain"]) == (1, 0)
    properties = message["properties"]
    assert properties["content-type"] == "application/cloudevents+json"
    assert "message-expiry-interval" not in properties
    (event,) = journal.range(1, 1)
    attributes = json.loads(event.payload)
    assert properties["user-properties"] == {
        "id": attributes["id"], "seq": "1", "boot": "b1", "stream": journal.stream,
    }  # fmt: skip


def test_the_status_says_how_far_the_gate_is(broker, journal):
    record(journal, 4)
    with Central(broker.port, GATE), linked(journal, quick(broker.port, status_every_s=0.2)):
        eventually(lambda: journal.watermark == 4)
        body = eventually(lambda: (s := status(broker))["seq_acked"] == 4 and s)
    expected = {"gate": GATE, "state": "online", "stream": journal.stream, "boot": "b1", "version": "0.1.0"}
    expected |= {"seq_head": 4, "depth": 0, "ack_mode": "watermark", "ack": "heard", "broker": 0, "clock_synced": True}
    assert {key: body[key] for key in expected} == expected
    assert body["time"].endswith("Z")
    birth = stored(broker.port, f"{ROOT}/birth")["payload"]
    birth = birth if isinstance(birth, dict) else json.loads(birth)
    assert birth["inventory"] == {"lanes": ["in-1"]}
    assert "gate.stopping" in birth["types"]


def test_no_event_counts_as_acknowledged_before_the_status_says_that_central_was_heard(broker, journal, monkeypatch):
    record(journal, 1)
    acknowledge, said = journal.acknowledge, []

    def acknowledged(stream, seq):
        said.append(link.uplink.view.ack)
        return acknowledge(stream, seq)

    monkeypatch.setattr(journal, "acknowledge", acknowledged)
    with Central(broker.port, GATE), linked(journal, quick(broker.port)) as link:
        eventually(lambda: journal.watermark == 1)
    assert said == [AckState.HEARD]


# --------------------------------------------------------------------------------------------------- what can go wrong


def test_nothing_is_missing_after_kills_of_a_broker_that_keeps_nothing(broker, journal):
    with Central(broker.port, GATE) as central, linked(journal, quick(broker.port)):
        for cycle in range(1, 6):
            record(journal, 60)
            eventually(lambda done=cycle * 60 - 40: journal.watermark >= done, within_s=30)
            record(journal, 40)
            broker.kill()
            record(journal, 20)
            broker.start()
            eventually(lambda: journal.watermark >= journal.head - 60, within_s=30)
        eventually(lambda: journal.watermark == journal.head == 600, within_s=30)
        assert central.events == all_of(journal)


def test_a_gate_that_starts_again_sends_only_what_is_not_acknowledged(tmp_path, broker):
    path = tmp_path / "journal.sqlite"
    with Central(broker.port, GATE) as central:
        for boot in ("b1", "b2", "b3"):
            with journal_at(path, boot) as journal:
                record(journal, 50)
                with linked(journal, quick(broker.port), DeliverySettings(resend_s=60)):
                    eventually(lambda: journal.watermark == journal.head)
        assert central.arrivals == list(range(1, 151))


def test_a_hole_at_central_is_filled_without_sending_everything_again(broker, journal):
    record(journal, 1000)
    deaf = [*range(300, 310), *range(700, 720)]
    with Central(broker.port, GATE, deaf=deaf) as central, linked(journal, quick(broker.port)) as link:
        eventually(lambda: journal.watermark == 1000)
        assert sorted(central.events) == list(range(1, 1001))
        assert link.uplink.view.resent < 600
        assert link.client.view.connections == 1


def test_a_central_that_never_acknowledges_is_told_and_nothing_is_dropped(broker, journal):
    record(journal, 20)
    with (
        Central(broker.port, GATE, ack=False) as central,
        linked(journal, quick(broker.port), DeliverySettings(resend_s=0.3)) as link,
    ):
        eventually(lambda: link.uplink.view.ack is AckState.SILENT)
        eventually(lambda: status(broker)["ack"] == "silent")
        assert journal.watermark == 0
        central.ack = True
        eventually(lambda: journal.watermark == 20)
        eventually(lambda: status(broker)["ack"] == "heard")


def test_no_more_than_the_limit_is_sent_ahead_of_a_silent_central(broker, journal):
    record(journal, 400)
    delivery = DeliverySettings(resend_s=30, ahead_limit=150)
    with Central(broker.port, GATE, ack=False) as central, linked(journal, quick(broker.port), delivery) as link:
        eventually(lambda: len(central.arrivals) == 150)
        eventually(lambda: link.uplink.view.under_way == 0)
        assert link.uplink.view.sent == 150
        central.ack = True
        publish(broker.port, f"{ROOT}/ack", json.dumps({"stream": journal.stream, "seq": 150}))
        eventually(lambda: journal.watermark == 400)


UNTRUE = [
    (b"", "malformed"),
    (b"\xff\xfe", "malformed"),
    (b"[" * 900, "malformed"),
    (b'{"stream": 1, "seq": 1}', "malformed"),
    (b'{"stream": "STREAM", "seq": "1"}', "malformed"),
    (b'{"stream": "STREAM", "seq": -1}', "malformed"),
    (b'{"stream": "STREAM", "seq": 1e99}', "malformed"),
    (b'{"stream": "STREAM", "seq": 1, "x": "' + b"y" * 2000 + b'"}', "malformed"),
    (b'{"stream": "another", "seq": 1}', "foreign_stream"),
    (b'{"stream": "STREAM", "seq": 4}', "beyond_head"),
]


def test_acknowledgements_that_cannot_be_true_are_counted_and_change_nothing(broker, journal):
    record(journal, 3)
    expected = Counter()
    with linked(journal, quick(broker.port)) as link:
        eventually(lambda: link.client.view.state is PortState.UP)
        eventually(lambda: link.uplink.view.sent == 3)
        for payload, name in UNTRUE:
            publish(broker.port, f"{ROOT}/ack", payload.replace(b"STREAM", journal.stream.encode()))
            expected[name] += 1
            eventually(lambda: +Counter(link.uplink.view.acks) == expected, what=f"{expected} after {payload[:40]}")
        assert journal.watermark == 0
        publish(broker.port, f"{ROOT}/ack", json.dumps({"stream": journal.stream, "seq": 3}))
        eventually(lambda: journal.watermark == 3)


def test_a_retained_acknowledgement_of_an_old_stream_is_ignored(broker, journal):
    publish(broker.port, f"{ROOT}/ack", '{"stream": "before", "seq": 9000}', "-r")
    record(journal, 3)
    with Central(broker.port, GATE) as central, linked(journal, quick(broker.port)) as link:
        eventually(lambda: journal.watermark == 3)
        assert link.uplink.view.acks["foreign_stream"] == 1
        assert sorted(central.events) == [1, 2, 3]


def test_acknowledgements_that_are_not_retained_are_enough(broker, journal):
    with Central(broker.port, GATE, retain=False), linked(journal, quick(broker.port)):
        record(journal, 20)
        eventually(lambda: journal.watermark == 20)
        broker.kill()
        broker.start()
        record(journal, 20)
        eventually(lambda: journal.watermark == 40)


def test_an_event_that_the_access_list_refuses_is_kept_and_told(tmp_path, journal):
    rules = tmp_path / "acl"
    rules.write_text(f"topic readwrite {ROOT}/status\ntopic readwrite {ROOT}/birth\ntopic read {ROOT}/ack\n")
    rules.chmod(0o644)
    record(journal, 3)
    observer = Observer()
    with Broker(tmp_path, listener=("allow_anonymous true", f"acl_file {rules}")) as broker:
        with linked(journal, quick(broker.port), observe_uplink=observer) as link:
            eventually(lambda: "event 1" in link.uplink.view.trouble)
            assert "access list" in link.uplink.view.trouble
            eventually(lambda: observer.views and "0x87" in observer.views[-1].trouble)
            eventually(lambda: "0x87" in status(broker)["trouble"])
        assert journal.watermark == 0
        rules.write_text("topic readwrite #\n")
        broker.stop()
        broker.start()
        with Central(broker.port, GATE) as central, linked(journal, quick(broker.port)) as link:
            eventually(lambda: journal.watermark == 3)
            assert link.uplink.view.trouble == ""
        assert sorted(central.events) == [1, 2, 3]


@pytest.mark.parametrize("fault", ["rst", "blackhole", "cut"])
def test_nothing_is_missing_over_a_bad_network(broker, journal, fault):
    with FaultProxy(broker.port) as proxy, Central(broker.port, GATE) as central:
        second = max(1, round(scaled(1)))
        settings = quick(proxy.port, keepalive_s=second, connect_timeout_s=second, answer_timeout_s=second)
        with linked(journal, settings) as link:
            for cycle in (1, 2):
                record(journal, 50)
                eventually(lambda upto=cycle * 50 - 25: journal.watermark >= upto)
                proxy.mode = fault
                record(journal, 50)
                eventually(lambda: link.client.view.state is PortState.LOST)
                proxy.mode = "pass"
                eventually(lambda: journal.watermark == journal.head, within_s=30)
        assert central.events == all_of(journal)


def test_stopping_with_events_under_way_at_a_frozen_broker_is_bounded(broker, journal):
    with linked(journal, quick(broker.port)) as link:
        eventually(lambda: link.client.view.state is PortState.UP)
        broker.freeze()
        record(journal, 500)
        eventually(lambda: link.uplink.view.under_way > 0)
    broker.thaw()
    assert journal.watermark == 0


def test_a_reconnect_keeps_to_what_the_broker_takes_at_a_time(journal):
    record(journal, 500)
    with RoughBroker(receive_maximum=20, pubacks=False) as rough, linked(journal, quick(rough.port)) as link:
        for connections in (1, 2, 3):
            eventually(lambda n=connections: len(rough.connections) >= n and len(rough.connections[n - 1]) >= 18)
            eventually(lambda: link.uplink.view.under_way == 16)
            rough.drop_all()
        assert all(len(published) <= 20 for published in rough.connections[:3])
        assert all(topic for published in rough.connections for topic, _ in published), "no topic aliases"


def test_a_broker_that_owes_an_answer_for_too_long_is_left(journal):
    record(journal, 3)
    observer = Observer()
    delivery = DeliverySettings(puback_timeout_s=0.3)
    with RoughBroker(pubacks=False) as rough, linked(journal, quick(rough.port), delivery, observe_link=observer):
        eventually(lambda: "has not answered an event for 0.3 s" in observer.details())
        eventually(lambda: len(rough.connections) >= 2)
    assert journal.watermark == 0


def test_an_event_over_which_the_broker_hangs_up_is_left_out_and_the_others_go_on(journal):
    record(journal, 6)
    with RoughBroker(kick_on=b'"seq":3,') as rough:
        delivery = DeliverySettings(resend_s=60)
        with linked(journal, quick(rough.port), delivery) as link:
            eventually(lambda: link.uplink.view.quarantine == (3,))
            eventually(lambda: link.uplink.view.sent == 6 and link.client.view.state is PortState.UP)
            assert "event 3" in link.uplink.view.trouble
    assert journal.watermark == 0


# ------------------------------------------------------------------------------------------------------- mode "puback"


def test_in_puback_mode_what_the_broker_has_taken_counts_and_the_status_says_so(broker, journal):
    record(journal, 250)
    with Listener(broker.port, f"{ROOT}/event/#") as listener, linked(journal, quick(broker.port), PUBACK):
        eventually(lambda: journal.watermark == 250)
        eventually(lambda: len(listener.messages) == 250)
        body = status(broker)
    assert (body["ack_mode"], body["ack"]) == ("puback", "none")


def test_in_puback_mode_an_event_without_subscribers_is_not_delivered(broker, journal):
    record(journal, 5)
    with linked(journal, quick(broker.port), PUBACK) as link:
        eventually(lambda: "no one subscribes" in link.uplink.view.trouble)
        assert journal.watermark == 0
        with Listener(broker.port, f"{ROOT}/event/#") as listener:
            eventually(lambda: journal.watermark == 5)
            eventually(lambda: len(listener.messages) == 5)
        eventually(lambda: link.uplink.view.trouble == "")


# ----------------------------------------------------------------------------------------------------- a bad journal


def test_a_journal_that_cannot_be_read_for_a_while_does_not_end_the_uplink(broker, journal, mocker):
    record(journal, 3)
    read, failures = journal.unacknowledged, iter([OSError("for the test")])

    def failing_once(after_seq, limit):
        for failure in failures:
            raise failure
        return read(after_seq, limit)

    mocker.patch.object(journal, "unacknowledged", failing_once)
    with Central(broker.port, GATE), linked(journal, quick(broker.port)):
        eventually(lambda: journal.watermark == 3)


def test_a_journal_that_cannot_be_read_is_told_as_long_as_that_lasts(broker, journal, monkeypatch):
    def unreadable(_after_seq, _limit):
        raise JournalUnavailableError("for the test")

    record(journal, 3)
    with linked(journal, quick(broker.port)) as link:
        with monkeypatch.context() as broken:
            broken.setattr(journal, "unacknowledged", unreadable)
            eventually(lambda: "for the test" in link.uplink.view.trouble)
        eventually(lambda: link.uplink.view.trouble == "")


# ------------------------------------------------------------------------------------------------------- a bad broker


class Flood:
    """An inbox that is never empty."""

    def __init__(self):
        self.taken = 0

    def get(self, timeout):
        return self.get_nowait()

    def get_nowait(self):
        self.taken += 1
        assert self.taken <= 10 * INBOX_LIMIT, "it never comes to an end"


def test_what_comes_in_without_a_pause_keeps_no_event_from_going_out(journal):
    uplink = Uplink(MqttClient(quick(1), None), journal, GATE)
    uplink._inbox = flood = Flood()
    uplink._process_inbox(0.0)
    assert flood.taken > 0
