"""Replays: ranges of events sent again because central asks for them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.devices.port_supervisor import PortState
from agent.mqtt.delivery_settings import DeliverySettings
from agent.mqtt.replay import RANGES_LIMIT, ReplayPlan, Replays, plan
from tests.support.mqtt.central import Central
from tests.support.mqtt.linking import GATE, linked, quick, record
from tests.support.mqtt.mosquitto import Broker, Listener, needs_mosquitto, publish
from tests.support.mqtt.rough_broker import RoughBroker
from tests.support.waiting import eventually, scaled

ROOT = f"gate/v1/{GATE}"

# ------------------------------------------------------------------------------------------------------------ the rules


@pytest.mark.parametrize(
    ("asked", "planned"),
    [
        ((11, 20), ReplayPlan(11, 20, 10)),
        ((15, 15), ReplayPlan(15, 15, 1)),
        ((1, 20), ReplayPlan(11, 20, 10, (1, 10))),
        ((10, 11), ReplayPlan(11, 11, 1, (10, 10))),
        ((15, 1000), ReplayPlan(15, 50, 36)),
    ],
)
def test_a_plan_is_what_is_kept_of_what_was_asked(asked, planned):
    assert plan(*asked, tail=10, head=50) == planned


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ((0, 5), "not a range"),
        ((-3, 5), "not a range"),
        ((20, 19), "not a range"),
        ((51, 60), "no event 51 yet: the last one is 50"),
        ((1, 10), "not kept any more: the first that is kept is 11"),
    ],
)
def test_a_range_of_which_nothing_can_be_sent_is_refused_in_words(asked, words):
    with pytest.raises(ValueError, match=words):
        plan(*asked, tail=10, head=50)


class Line:
    """A broker that answers in any order and loses connections."""

    def __init__(self, draw):
        self.replays = Replays()
        self.answered, self.on_the_way = [], []
        self._draw = draw

    def send(self):
        first, last = self.replays.want(3 - self.replays.under_way) or (1, 0)
        for seq in range(first, last + 1):
            if self.replays.needs(seq):
                self.replays.sent(seq, 0.0)
                self.on_the_way.append(seq)
            else:
                self.replays.passed(seq)

    def answer(self):
        if self.on_the_way:
            seq = self.on_the_way.pop(self._draw(st.integers(0, len(self.on_the_way) - 1)))
            self.replays.answered(seq)
            self.answered.append(seq)

    def cut(self):
        self.replays.disconnected(100.0)
        self.on_the_way.clear()


@settings(max_examples=100, deadline=None)
@given(
    ranges=st.lists(st.tuples(st.integers(1, 20), st.integers(0, 10)), min_size=1, max_size=5),
    steps=st.lists(st.sampled_from(["send", "send", "answer", "cut"]), max_size=80),
    data=st.data(),
)
def test_whatever_happens_every_event_of_every_range_is_answered_in_the_end(ranges, steps, data):
    line = Line(data.draw)
    for first, more in ranges:
        line.replays.add(first, first + more)
    for step in steps:
        getattr(line, step)()
        assert line.replays.under_way == len(line.on_the_way) <= 3
    while line.replays.active or line.on_the_way:
        line.send()
        line.answer()
    assert set(line.answered) == {seq for first, more in ranges for seq in range(first, first + more + 1)}


# ----------------------------------------------------------------------------------------------------- the real thing


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path, "max_queued_messages 100000") as running:
        yield running


def replayed(listener):
    """The messages of a replay, in order."""
    return [m for m in list(listener.messages) if m["properties"]["user-properties"].get("replay") == "true"]


def seqs(messages):
    return [int(message["properties"]["user-properties"]["seq"]) for message in messages]


@needs_mosquitto
def test_a_replay_brings_the_same_bytes_on_the_same_topics_and_is_marked(broker, journal):
    record(journal, 300)
    with Central(broker.port, GATE), linked(journal, quick(broker.port), DeliverySettings(resend_s=3600)) as link:
        eventually(lambda: journal.watermark == 300)
        with Listener(broker.port, f"{ROOT}/event/#") as listener:
            assert link.uplink.replay(journal.stream, 20, 219) == ReplayPlan(20, 219, 200)
            eventually(lambda: len(listener.messages) == 200)
        assert seqs(replayed(listener)) == list(range(20, 220))
        stored = {event.seq: event for event in journal.range(20, 219)}
        for seq, message in zip(seqs(listener.messages), listener.messages, strict=True):
            assert message["payload"].encode() == stored[seq].payload
            assert message["topic"] == f"{ROOT}/event/{stored[seq].type}"
            assert (message["qos"], message["retain"]) == (1, 0)
        view = eventually(lambda: (v := link.uplink.view).replayed == 200 and v)
        assert (view.replays, view.resent, view.trouble) == (0, 0, "")
    assert journal.watermark == 300


@needs_mosquitto
def test_a_replay_goes_on_after_the_connection_broke_with_what_was_not_answered(broker, journal):
    record(journal, 400)
    settings = quick(broker.port, keepalive_s=max(1, round(scaled(1))))
    with Central(broker.port, GATE), linked(journal, settings) as link:
        eventually(lambda: journal.watermark == 400)
        with Listener(broker.port, f"{ROOT}/event/#", options=("-c", "-i", "listener", "-x", "60")) as listener:
            broker.freeze()
            link.uplink.replay(journal.stream, 1, 400)
            eventually(lambda: link.uplink.view.replayed > 0)
            eventually(lambda: link.client.view.state is PortState.LOST, within_s=20)
            broker.thaw()
            eventually(lambda: set(seqs(listener.messages)) == set(range(1, 401)), within_s=20)
    assert link.uplink.view.replayed <= 400 + 25


@needs_mosquitto
def test_new_events_go_before_a_replay_and_yet_it_comes_to_its_end(broker, journal):
    record(journal, 2000)
    with Central(broker.port, GATE), linked(journal, quick(broker.port), DeliverySettings(resend_s=3600)) as link:
        eventually(lambda: journal.watermark == 2000, within_s=20)
        with Listener(broker.port, f"{ROOT}/event/#") as listener:
            broker.freeze()
            link.uplink.replay(journal.stream, 1, 1000)
            record(journal, 1000)
            broker.thaw()
            eventually(lambda: len(listener.messages) == 2000, within_s=20)
        again = [seq <= 2000 for seq in seqs(listener.messages)]
    half_of_new = [place for place, replay in enumerate(again) if not replay][500]
    assert 50 < sum(again[:half_of_new]) < 400


def events_on(rough):
    """How many events came on the first connection."""
    return sum("/event/" in topic for topic, _ in list(rough.connections[0]))


@pytest.mark.parametrize("receive_maximum", [1, 5, 7])
def test_a_replay_and_new_events_share_a_window_however_small(journal, receive_maximum):
    record(journal, 60)
    with RoughBroker(receive_maximum=receive_maximum) as rough:
        with linked(journal, quick(rough.port, status_every_s=60), DeliverySettings(resend_s=3600)) as link:
            eventually(lambda: link.uplink.view.sent == 60 and not link.uplink.view.under_way)
            link.uplink.replay(journal.stream, 1, 50)
            record(journal, 40)
            eventually(lambda: link.uplink.view.replayed == 50 and link.uplink.view.sent == 100)
            eventually(lambda: events_on(rough) >= 150)  # what was handed to the network is on its way
        assert len(rough.connections) == 1
    assert events_on(rough) == 150


def test_an_event_of_a_replay_over_which_the_broker_hangs_up_is_left_out_and_told(journal):
    record(journal, 10)
    with (
        RoughBroker() as rough,
        linked(journal, quick(rough.port), DeliverySettings(resend_s=60)) as link,
    ):
        eventually(lambda: link.uplink.view.sent == 10 and not link.uplink.view.under_way)
        rough.kick_on = b'"seq":4,'
        link.uplink.replay(journal.stream, 2, 9)
        eventually(lambda: "event 4 cannot be delivered" in link.uplink.view.trouble)
        eventually(lambda: link.client.view.state is PortState.UP and link.uplink.view.replays == 0)
        for seq in range(2, 10):
            wanted = (b"\x00\x06replay\x00\x04true", b'"seq":%d,' % seq)
            eventually(lambda w=wanted: any(all(part in body for part in w) for body in rough.bodies))
        assert link.uplink.view.quarantine == ()
    assert journal.watermark == 0


def test_a_replay_of_another_stream_or_of_too_many_ranges_is_refused(journal):
    record(journal, 30)
    with linked(journal, quick(1)) as link:
        with pytest.raises(ValueError, match=f"the stream of this journal is {journal.stream}"):
            link.uplink.replay("another", 1, 2)
        for first in range(1, RANGES_LIMIT + 1):
            assert link.uplink.replay(journal.stream, first, first).events == 1
        with pytest.raises(ValueError, match="16 ranges are already waiting"):
            link.uplink.replay(journal.stream, 1, 1)


@needs_mosquitto
def test_a_replay_to_which_nobody_listens_is_told_until_the_next_one(broker, journal):
    record(journal, 5)
    with linked(journal, quick(broker.port)) as link:
        eventually(lambda: link.uplink.view.sent == 5)
        publish(broker.port, f"{ROOT}/ack", json.dumps({"stream": journal.stream, "seq": 5}))
        eventually(lambda: journal.watermark == 5)
        link.uplink.replay(journal.stream, 2, 3)
        eventually(lambda: "sent again: the broker accepted the message, but no one" in link.uplink.view.trouble)
        eventually(lambda: link.uplink.view.refused == 2)  # a late word on these would be taken for one on the next
        with Listener(broker.port, f"{ROOT}/event/#") as listener:
            link.uplink.replay(journal.stream, 2, 3)
            eventually(lambda: seqs(replayed(listener)) == [2, 3])
            eventually(lambda: link.uplink.view.trouble == "")
