"""Which events are sent when, without any network."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.mqtt.delivery_window import AckMode, DeliverySettings, DeliveryWindow, SendPlan
from agent.mqtt.poison_messages import PoisonMessageDetector

PUBACK = DeliverySettings(ack_mode=AckMode.PUBACK, resend_s=10, window_limit=4)
WATERMARK = DeliverySettings(resend_s=10, window_limit=4, ahead_limit=100)


def send(flow, head, now=0.0):
    """Send all that may be sent of the events 1..head; returns their numbers."""
    sent = []
    while (want := flow.want()) is not None:
        upto = min(head, want.upto or head, want.after + want.limit)
        batch = range(want.after + 1, upto + 1)
        if not batch and want.upto is None:
            break
        for seq in batch:
            if flow.needs(seq):
                flow.sent(seq, now)
                sent.append(seq)
            else:
                flow.passed(seq)
        if not batch:
            flow.passed(want.upto)
    return sent


def test_no_more_than_the_window_is_under_way_and_answers_make_room():
    flow = DeliveryWindow(WATERMARK, 0)
    assert flow.want() is None
    flow.connected(100, 0.0)
    assert send(flow, 10) == [1, 2, 3, 4]
    flow.answered(2, 0.0, taken=True)
    assert send(flow, 10) == [5]
    assert flow.under_way == 4


def test_the_window_leaves_room_for_others_and_is_never_nothing():
    for receive_maximum, window in ((65_535, 4), (6, 2), (1, 1)):
        flow = DeliveryWindow(WATERMARK, 0)
        flow.connected(receive_maximum, 0.0)
        assert flow.want() == SendPlan(0, window, None)


def test_a_reconnect_sends_again_only_what_the_broker_did_not_answer_and_goes_on():
    flow = DeliveryWindow(WATERMARK, 0)
    flow.connected(100, 0.0)
    send(flow, 4)
    assert flow.acknowledged(1, 1.0)
    flow.answered(1, 1.0, taken=True)
    flow.answered(3, 1.0, taken=True)
    flow.disconnected(100.0)
    assert flow.want() is None
    flow.connected(100, 101.0)
    assert send(flow, 6) == [2, 4, 5, 6]
    assert flow.resent == 2


def test_an_acknowledgement_spares_what_would_be_sent_again_after_a_reconnect():
    flow = DeliveryWindow(WATERMARK, 0)
    flow.connected(100, 0.0)
    send(flow, 4)
    flow.disconnected(100.0)
    flow.connected(100, 101.0)
    flow.acknowledged(3, 101.0)
    assert send(flow, 4) == [4]


def test_a_refused_event_is_tried_again_on_the_next_connection():
    flow = DeliveryWindow(WATERMARK, 0)
    flow.connected(100, 0.0)
    send(flow, 3)
    for seq in (1, 2, 3):
        flow.answered(seq, 0.0, taken=seq != 2, refused=seq == 2)
    assert send(flow, 3) == []
    flow.disconnected(100.0)
    flow.connected(100, 101.0)
    assert send(flow, 3) == [2]


def taken_by_a_broker(count):
    """A flow whose broker took so many events and then lost the connection."""
    flow = DeliveryWindow(WATERMARK, 0)
    flow.connected(100, 0.0)
    for seq in range(1, count + 1):
        send(flow, seq)
        flow.answered(seq, 0.0, taken=True)
    flow.disconnected(100.0)
    flow.connected(100, 101.0)
    return flow


def test_a_reconnect_asks_with_the_oldest_event_when_the_broker_had_taken_all():
    assert send(taken_by_a_broker(20), 20, 101.0) == [1]


def test_what_a_broker_lost_is_sent_again_as_soon_as_central_was_heard():
    flow = taken_by_a_broker(12)
    send(flow, 12, 101.0)
    flow.answered(1, 101.0, taken=True)
    assert flow.ticked(105.0) == 0, "central was not heard"
    flow.acknowledged(1, 105.1)
    assert flow.ticked(106.0) == 0, "it may just be on its way"
    assert flow.ticked(106.1) == 4
    again = []
    while flow.watermark < 12:
        again += (batch := send(flow, 12, 106.1))
        for seq in batch:
            flow.answered(seq, 106.1, taken=True)
        flow.acknowledged(again[-1], 106.2)
    assert again == list(range(2, 13))


def test_a_broker_that_lost_nothing_costs_one_duplicate():
    flow = taken_by_a_broker(12)
    assert send(flow, 12, 101.0) == [1]
    flow.answered(1, 101.0, taken=True)
    for at, seq in ((101.1, 5), (101.9, 9), (102.5, 12)):
        flow.acknowledged(seq, at)
        assert flow.ticked(at + 0.5) == 0
    assert flow.resent == 1


def test_a_central_that_stays_in_trouble_after_a_reconnect_is_not_flooded():
    flow = taken_by_a_broker(12)
    send(flow, 12, 101.0)
    flow.answered(1, 101.0, taken=True)
    flow.acknowledged(0, 101.1)
    assert flow.ticked(102.0) == 4
    for seq in send(flow, 12, 102.0):
        flow.answered(seq, 102.0, taken=True)
    flow.acknowledged(0, 102.1)
    assert flow.ticked(121.9) == 0
    assert flow.ticked(122.0) == 4


def test_an_acknowledgement_further_than_what_was_sent_again_ends_the_sending():
    flow = DeliveryWindow(WATERMARK, 0)
    flow.connected(100, 0.0)
    for seq in range(1, 21):
        send(flow, seq)
        flow.answered(seq, 0.0, taken=True)
    flow.ticked(10.0)
    for seq in send(flow, 20, 10.0):
        flow.answered(seq, 10.0, taken=True)
    flow.acknowledged(15, 10.1)
    assert send(flow, 20, 10.1) == []


def test_a_wide_hole_is_filled_ever_faster_and_a_narrow_one_with_few_duplicates():
    for hole, most in ((3, 4), (20, 32), (90, 124)):
        flow = DeliveryWindow(WATERMARK, 0)
        flow.connected(100, 0.0)
        for seq in range(1, 101):
            send(flow, seq)
            flow.answered(seq, 0.0, taken=True)
        flow.ticked(10.0)
        stored, again, rounds = set(range(hole + 1, 101)), 0, 0
        while flow.watermark < 100:
            rounds += 1
            while batch := send(flow, 100, 10.0):
                again += len(batch)
                stored.update(batch)
                for seq in batch:
                    flow.answered(seq, 10.0, taken=True)
            flow.acknowledged(next(seq for seq in range(1, 102) if seq not in stored) - 1, 10.1)
        assert again <= most
        assert rounds <= 6


def test_an_event_that_had_no_subscriber_is_sent_again_once_central_is_heard():
    flow = DeliveryWindow(WATERMARK, 0)
    flow.connected(100, 0.0)
    send(flow, 2)
    flow.answered(1, 0.0, taken=False)
    flow.answered(2, 0.0, taken=True)
    assert flow.ticked(5.0) == 0
    flow.acknowledged(0, 5.0)
    assert flow.ticked(5.0) == 2


def test_a_broker_without_subscribers_is_asked_with_one_event_until_central_is_there():
    flow = DeliveryWindow(DeliverySettings(resend_s=100, window_limit=4), 0)
    flow.connected(100, 0.0)
    send(flow, 4)
    for seq in range(1, 5):
        flow.answered(seq, 0.0, taken=False)
    asked = []
    for now in range(1, 10):
        flow.ticked(float(now))
        for seq in send(flow, 4, float(now)):
            asked.append((now, seq))
            flow.answered(seq, float(now), taken=now >= 6)
    assert asked == [(5, 1)]
    flow.ticked(10.0)
    assert send(flow, 4, 10.0) == [1]
    flow.answered(1, 10.0, taken=True)
    flow.acknowledged(1, 10.1)
    flow.ticked(11.1)
    assert send(flow, 4, 11.1) == [2, 3, 4]


def test_what_was_recorded_before_the_start_may_have_been_sent_and_nothing_else():
    flow = DeliveryWindow(WATERMARK, 3, 7)
    assert flow.handed == 7
    flow.connected(100, 0.0)
    send(flow, 4)
    assert flow.handed == 7
    for seq in (4,):
        flow.answered(seq, 0.0, taken=True)
    flow.acknowledged(7, 0.0)
    send(flow, 9)
    assert flow.handed == 9


def test_an_acknowledgement_ahead_of_the_sender_spares_the_sending():
    flow = DeliveryWindow(WATERMARK, 0)
    flow.connected(100, 0.0)
    flow.acknowledged(7, 0.0)
    assert send(flow, 9) == [8, 9]
    assert not flow.acknowledged(5, 0.0)
    assert flow.watermark == 7


def test_only_the_oldest_window_is_sent_again_and_ever_more_rarely():
    flow = DeliveryWindow(WATERMARK, 0)
    flow.connected(100, 0.0)
    for seq in range(1, 21):
        assert send(flow, seq) == [seq]
        flow.answered(seq, 0.0, taken=True)
    assert flow.ticked(9.0) == 0
    assert flow.ticked(10.0) == 4
    assert send(flow, 20, 10.0) == [1, 2, 3, 4]
    for seq in range(1, 5):
        flow.answered(seq, 10.0, taken=True)
    assert flow.ticked(29.0) == 0
    assert flow.ticked(30.0) == 4
    assert flow.still_s(30.0) == 30.0
    assert flow.resent == 4


def test_a_resend_that_brings_the_watermark_on_goes_on_at_once():
    flow = DeliveryWindow(WATERMARK, 0)
    flow.connected(100, 0.0)
    for seq in range(1, 21):
        send(flow, seq)
        flow.answered(seq, 0.0, taken=True)
    flow.ticked(10.0)
    again = []
    while flow.watermark < 20:
        batch = send(flow, 20, 10.0)
        assert batch
        again += batch
        for seq in batch:
            flow.answered(seq, 10.0, taken=True)
        flow.acknowledged(again[-1], 10.0)
    assert again == list(range(1, 21))


def test_in_puback_mode_the_watermark_follows_the_unbroken_row_of_answers():
    flow = DeliveryWindow(PUBACK, 0)
    flow.connected(100, 0.0)
    send(flow, 4)
    flow.answered(2, 0.0, taken=True)
    flow.answered(3, 0.0, taken=False)
    assert flow.watermark == 0
    flow.answered(1, 0.0, taken=True)
    assert flow.watermark == 2
    flow.answered(4, 0.0, taken=True)
    assert flow.watermark == 2
    flow.ticked(10.0)
    assert send(flow, 4, 10.0) == [3]
    flow.answered(3, 10.0, taken=True)
    assert flow.watermark == 4


def test_in_puback_mode_a_reconnect_spares_what_the_broker_has_taken():
    flow = DeliveryWindow(PUBACK, 0)
    flow.connected(100, 0.0)
    send(flow, 4)
    flow.answered(2, 0.0, taken=True)
    flow.disconnected(20.0)
    flow.connected(100, 21.0)
    assert send(flow, 4) == [1, 3, 4]


def test_a_suspect_is_cleared_by_an_answer_and_by_a_slow_end():
    poison_detector = PoisonMessageDetector()
    for _ in range(3):
        poison_detector.ended({5: 0.0, 6: 0.0}, 1.0)
    assert poison_detector.cautious
    poison_detector.answered(5)
    assert not poison_detector.cautious
    for _ in range(3):
        poison_detector.ended({5: 0.0}, 1.0)
    poison_detector.ended({5: 0.0}, 60.0)
    assert not poison_detector.cautious
    assert not poison_detector.quarantine


def test_a_suspect_that_central_has_is_no_suspect_any_more():
    poison_detector = PoisonMessageDetector()
    for _ in range(3):
        poison_detector.ended({5: 0.0, 6: 0.0}, 1.0)
    poison_detector.release(4)
    assert poison_detector.cautious
    poison_detector.release(5)
    assert not poison_detector.cautious


def test_the_guilty_one_goes_into_quarantine_only_when_it_was_alone():
    poison_detector = PoisonMessageDetector()
    for _ in range(3):
        assert poison_detector.ended({5: 0.0, 6: 0.0}, 1.0) is None
    assert poison_detector.ended({5: 0.0, 6: 0.0}, 1.0) is None
    assert poison_detector.ended({5: 0.0}, 1.0) == 5
    assert 5 in poison_detector
    poison_detector.release()
    assert 5 not in poison_detector


class World:
    """A broker that answers in any order, drops what it has taken, and loses connections, and a consumer behind it."""

    def __init__(self, window, ahead, draw):
        self.flow = DeliveryWindow(DeliverySettings(resend_s=1.0, window_limit=window, ahead_limit=ahead), 0)
        self.head, self.now = 10, 0.0
        self._under_way: list[int] = []
        self._at_broker: list[int] = []
        self.stored: set[int] = set()
        self._window, self._ahead, self._draw = window, ahead, draw
        self.flow.connected(100, self.now)

    def send(self):
        self._under_way += send(self.flow, self.head, self.now)

    def answer(self, *, keep=True):
        if self._under_way:
            seq = self._under_way.pop(self._draw(st.integers(0, len(self._under_way) - 1)))
            self.flow.answered(seq, self.now, taken=True)
            self._at_broker += [seq] if keep else []

    def drop(self):
        self.answer(keep=False)

    def ack(self):
        self.stored.update(self._at_broker)
        self._at_broker.clear()
        top = self.flow.watermark
        while top + 1 in self.stored:
            top += 1
        self.flow.acknowledged(top, self.now)

    def cut(self):
        self.flow.disconnected(self.now)
        self._under_way.clear()
        self._at_broker.clear()
        self.flow.connected(100, self.now)

    def record(self):
        self.head += 3

    def tick(self):
        self.flow.ticked(self.now)

    def check(self):
        assert self.flow.watermark <= self.flow.cursor <= self.head
        assert self.flow.under_way == len(self._under_way) <= self._window
        assert self.flow.cursor - self.flow.watermark <= self._ahead
        assert all(seq in self.stored for seq in range(1, self.flow.watermark + 1))

    def good_day(self):
        self.now += 20.0
        self.tick()
        self.send()
        for seq in self._under_way:
            self.flow.answered(seq, self.now, taken=True)
        self._at_broker += self._under_way
        self._under_way.clear()
        self.ack()


STEPS = st.lists(st.sampled_from(["send", "answer", "drop", "ack", "cut", "record", "tick"]), max_size=120)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, window=st.integers(1, 6), ahead=st.integers(1, 30), data=st.data())
def test_whatever_happens_everything_arrives_in_the_end(steps, window, ahead, data):
    world = World(window, ahead, data.draw)
    for step in steps:
        world.now += 0.5
        getattr(world, step)()
        world.check()
    for _ in range(40 * world.head):
        if world.flow.watermark == world.head:
            break
        world.good_day()
    assert world.flow.watermark == world.head
