"""Which events are sent when, without any network."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.mqtt.delivery_settings import AckMode, DeliverySettings
from agent.mqtt.delivery_window import DeliveryWindow, SendPlan
from agent.mqtt.poison_messages import PoisonMessageDetector

PUBACK = DeliverySettings(ack_mode=AckMode.PUBACK, resend_s=10, window_limit=4)
WATERMARK = DeliverySettings(resend_s=10, window_limit=4, ahead_limit=100)


def send(delivery, head, now=0.0):
    """Send all that may be sent of the events 1..head; returns their numbers."""
    sent = []
    while (want := delivery.want()) is not None:
        upto = min(head, want.upto or head, want.after + want.limit)
        batch = range(want.after + 1, upto + 1)
        if not batch and want.upto is None:
            break
        for seq in batch:
            if delivery.needs(seq):
                delivery.sent(seq, now)
                sent.append(seq)
            else:
                delivery.passed(seq)
        if not batch:
            delivery.passed(want.upto)
    return sent


def test_no_more_than_the_window_is_under_way_and_answers_make_room():
    delivery = DeliveryWindow(WATERMARK, 0)
    assert delivery.want() is None
    delivery.connected(100, 0.0)
    assert send(delivery, 10) == [1, 2, 3, 4]
    delivery.answered(2, 0.0, taken=True)
    assert send(delivery, 10) == [5]
    assert delivery.under_way == 4


def test_the_window_leaves_room_for_others_and_is_never_nothing():
    for receive_maximum, window in ((65_535, 4), (6, 2), (1, 1)):
        delivery = DeliveryWindow(WATERMARK, 0)
        delivery.connected(receive_maximum, 0.0)
        assert delivery.want() == SendPlan(0, window, None)


def test_a_reconnect_sends_again_only_what_the_broker_did_not_answer_and_goes_on():
    delivery = DeliveryWindow(WATERMARK, 0)
    delivery.connected(100, 0.0)
    send(delivery, 4)
    assert delivery.acknowledged(1, 1.0)
    delivery.answered(1, 1.0, taken=True)
    delivery.answered(3, 1.0, taken=True)
    delivery.disconnected(100.0)
    assert delivery.want() is None
    delivery.connected(100, 101.0)
    assert send(delivery, 6) == [2, 4, 5, 6]
    assert delivery.resent == 2


def test_an_acknowledgement_spares_what_would_be_sent_again_after_a_reconnect():
    delivery = DeliveryWindow(WATERMARK, 0)
    delivery.connected(100, 0.0)
    send(delivery, 4)
    delivery.disconnected(100.0)
    delivery.connected(100, 101.0)
    delivery.acknowledged(3, 101.0)
    assert send(delivery, 4) == [4]


def test_a_refused_event_is_tried_again_on_the_next_connection():
    delivery = DeliveryWindow(WATERMARK, 0)
    delivery.connected(100, 0.0)
    send(delivery, 3)
    for seq in (1, 2, 3):
        delivery.answered(seq, 0.0, taken=seq != 2, refused=seq == 2)
    assert send(delivery, 3) == []
    delivery.disconnected(100.0)
    delivery.connected(100, 101.0)
    assert send(delivery, 3) == [2]


def taken_by_a_broker(count):
    """A flow whose broker took so many events and then lost the connection."""
    delivery = DeliveryWindow(WATERMARK, 0)
    delivery.connected(100, 0.0)
    for seq in range(1, count + 1):
        send(delivery, seq)
        delivery.answered(seq, 0.0, taken=True)
    delivery.disconnected(100.0)
    delivery.connected(100, 101.0)
    return delivery


def test_a_reconnect_asks_with_the_oldest_event_when_the_broker_had_taken_all():
    assert send(taken_by_a_broker(20), 20, 101.0) == [1]


def test_what_a_broker_lost_is_sent_again_as_soon_as_central_was_heard():
    delivery = taken_by_a_broker(12)
    send(delivery, 12, 101.0)
    delivery.answered(1, 101.0, taken=True)
    assert delivery.ticked(105.0) == 0, "central was not heard"
    delivery.acknowledged(1, 105.1)
    assert delivery.ticked(106.0) == 0, "it may just be on its way"
    assert delivery.ticked(106.1) == 4
    again = []
    while delivery.watermark < 12:
        again += (batch := send(delivery, 12, 106.1))
        for seq in batch:
            delivery.answered(seq, 106.1, taken=True)
        delivery.acknowledged(again[-1], 106.2)
    assert again == list(range(2, 13))


def test_a_broker_that_lost_nothing_costs_one_duplicate():
    delivery = taken_by_a_broker(12)
    assert send(delivery, 12, 101.0) == [1]
    delivery.answered(1, 101.0, taken=True)
    for at, seq in ((101.1, 5), (101.9, 9), (102.5, 12)):
        delivery.acknowledged(seq, at)
        assert delivery.ticked(at + 0.5) == 0
    assert delivery.resent == 1


def test_a_central_that_stays_in_trouble_after_a_reconnect_is_not_flooded():
    delivery = taken_by_a_broker(12)
    send(delivery, 12, 101.0)
    delivery.answered(1, 101.0, taken=True)
    delivery.acknowledged(0, 101.1)
    assert delivery.ticked(102.0) == 4
    for seq in send(delivery, 12, 102.0):
        delivery.answered(seq, 102.0, taken=True)
    delivery.acknowledged(0, 102.1)
    assert delivery.ticked(121.9) == 0
    assert delivery.ticked(122.0) == 1


def test_an_acknowledgement_further_than_what_was_sent_again_ends_the_sending():
    delivery = DeliveryWindow(WATERMARK, 0)
    delivery.connected(100, 0.0)
    for seq in range(1, 21):
        send(delivery, seq)
        delivery.answered(seq, 0.0, taken=True)
    delivery.ticked(10.0)
    for seq in send(delivery, 20, 10.0):
        delivery.answered(seq, 10.0, taken=True)
    delivery.acknowledged(15, 10.1)
    assert send(delivery, 20, 10.1) == []


def test_a_wide_hole_is_filled_ever_faster_and_a_narrow_one_with_few_duplicates():
    for hole, most in ((3, 3), (20, 31), (90, 127)):
        delivery = DeliveryWindow(WATERMARK, 0)
        delivery.connected(100, 0.0)
        for seq in range(1, 101):
            send(delivery, seq)
            delivery.answered(seq, 0.0, taken=True)
        delivery.ticked(10.0)
        stored, again, rounds = set(range(hole + 1, 101)), 0, 0
        while delivery.watermark < 100:
            rounds += 1
            while batch := send(delivery, 100, 10.0):
                again += len(batch)
                stored.update(batch)
                for seq in batch:
                    delivery.answered(seq, 10.0, taken=True)
            delivery.acknowledged(next(seq for seq in range(1, 102) if seq not in stored) - 1, 10.1)
        assert again <= most
        assert rounds <= 8


def test_many_holes_are_filled_one_after_another_without_a_long_wait_for_each():
    delivery = DeliveryWindow(WATERMARK, 0)
    delivery.connected(100, 0.0)
    for seq in range(1, 101):
        send(delivery, seq)
        delivery.answered(seq, 0.0, taken=True)
    stored, again, now = set(range(2, 101, 2)), 0, 0.0
    while delivery.watermark < 100:
        now += 0.5
        delivery.ticked(now)
        while batch := send(delivery, 100, now):
            again += len(batch)
            stored.update(batch)
            for seq in batch:
                delivery.answered(seq, now, taken=True)
            delivery.acknowledged(next(seq for seq in range(1, 102) if seq not in stored) - 1, now)
    assert again <= 100
    assert now <= 20.0


def test_a_slow_central_that_goes_on_by_itself_is_sent_nothing_more():
    delivery = DeliveryWindow(WATERMARK, 0)
    delivery.connected(100, 0.0)
    for seq in range(1, 101):
        send(delivery, seq)
        delivery.answered(seq, 0.0, taken=True)
    delivery.ticked(10.0)
    assert send(delivery, 100, 10.0) == [1]
    delivery.answered(1, 10.0, taken=True)
    for step in range(1, 20):
        now = 10.0 + 0.9 * step
        delivery.acknowledged(5 * step, now)
        assert delivery.ticked(now + 0.8) == 0


def test_an_event_that_had_no_subscriber_is_sent_again_once_central_is_heard():
    delivery = DeliveryWindow(WATERMARK, 0)
    delivery.connected(100, 0.0)
    send(delivery, 2)
    delivery.answered(1, 0.0, taken=False)
    delivery.answered(2, 0.0, taken=True)
    assert delivery.ticked(5.0) == 0
    delivery.acknowledged(0, 5.0)
    assert delivery.ticked(5.0) == 2


def test_a_broker_without_subscribers_is_asked_with_one_event_until_central_is_there():
    delivery = DeliveryWindow(DeliverySettings(resend_s=100, window_limit=4), 0)
    delivery.connected(100, 0.0)
    send(delivery, 4)
    for seq in range(1, 5):
        delivery.answered(seq, 0.0, taken=False)
    asked = []
    for now in range(1, 10):
        delivery.ticked(float(now))
        for seq in send(delivery, 4, float(now)):
            asked.append((now, seq))
            delivery.answered(seq, float(now), taken=now >= 6)
    assert asked == [(5, 1)]
    delivery.ticked(10.0)
    assert send(delivery, 4, 10.0) == [1]
    delivery.answered(1, 10.0, taken=True)
    delivery.acknowledged(1, 10.1)
    delivery.ticked(11.1)
    assert send(delivery, 4, 11.1) == [2, 3, 4]


def test_what_was_recorded_before_the_start_may_have_been_sent_and_nothing_else():
    delivery = DeliveryWindow(WATERMARK, 3, 7)
    assert delivery.handed == 7
    delivery.connected(100, 0.0)
    send(delivery, 4)
    assert delivery.handed == 7
    for seq in (4,):
        delivery.answered(seq, 0.0, taken=True)
    delivery.acknowledged(7, 0.0)
    send(delivery, 9)
    assert delivery.handed == 9


def test_an_acknowledgement_ahead_of_the_sender_spares_the_sending():
    delivery = DeliveryWindow(WATERMARK, 0)
    delivery.connected(100, 0.0)
    delivery.acknowledged(7, 0.0)
    assert send(delivery, 9) == [8, 9]
    assert not delivery.acknowledged(5, 0.0)
    assert delivery.watermark == 7


def test_only_the_oldest_event_is_sent_again_and_ever_more_rarely():
    delivery = DeliveryWindow(WATERMARK, 0)
    delivery.connected(100, 0.0)
    for seq in range(1, 21):
        assert send(delivery, seq) == [seq]
        delivery.answered(seq, 0.0, taken=True)
    assert delivery.ticked(9.0) == 0
    assert delivery.ticked(10.0) == 1
    assert send(delivery, 20, 10.0) == [1]
    delivery.answered(1, 10.0, taken=True)
    assert delivery.ticked(29.0) == 0
    assert delivery.ticked(30.0) == 1
    assert delivery.still_s(30.0) == 30.0
    assert delivery.resent == 1


def test_what_was_left_out_is_tried_once_more_with_the_oldest_event():
    delivery = DeliveryWindow(WATERMARK, 0)
    for seq in (2, 3):
        for _ in range(8):
            delivery.connected(100, 0.0)
            while seq not in send(delivery, 3) and delivery.want() is not None:
                delivery.answered(1, 0.0, taken=True)
            delivery.answered(1, 0.0, taken=True)
            delivery.disconnected(0.0)
            if seq in delivery.quarantine:
                break
    left_out = sorted(delivery.quarantine)
    assert left_out
    delivery.connected(100, 100.0)
    for seq in send(delivery, 3, 100.0):
        delivery.answered(seq, 100.0, taken=True)
    delivery.ticked(200.0)
    assert send(delivery, 3, 200.0) == sorted({1, *left_out})


def test_a_resend_that_brings_the_watermark_on_goes_on_at_once():
    delivery = DeliveryWindow(WATERMARK, 0)
    delivery.connected(100, 0.0)
    for seq in range(1, 21):
        send(delivery, seq)
        delivery.answered(seq, 0.0, taken=True)
    delivery.ticked(10.0)
    again = []
    while delivery.watermark < 20:
        batch = send(delivery, 20, 10.0)
        assert batch
        again += batch
        for seq in batch:
            delivery.answered(seq, 10.0, taken=True)
        delivery.acknowledged(again[-1], 10.0)
    assert again == list(range(1, 21))


def test_in_puback_mode_the_watermark_follows_the_unbroken_row_of_answers():
    delivery = DeliveryWindow(PUBACK, 0)
    delivery.connected(100, 0.0)
    send(delivery, 4)
    delivery.answered(2, 0.0, taken=True)
    delivery.answered(3, 0.0, taken=False)
    assert delivery.watermark == 0
    delivery.answered(1, 0.0, taken=True)
    assert delivery.watermark == 2
    delivery.answered(4, 0.0, taken=True)
    assert delivery.watermark == 2
    delivery.ticked(10.0)
    assert send(delivery, 4, 10.0) == [3]
    delivery.answered(3, 10.0, taken=True)
    assert delivery.watermark == 4


def test_in_puback_mode_a_reconnect_spares_what_the_broker_has_taken():
    delivery = DeliveryWindow(PUBACK, 0)
    delivery.connected(100, 0.0)
    send(delivery, 4)
    delivery.answered(2, 0.0, taken=True)
    delivery.disconnected(20.0)
    delivery.connected(100, 21.0)
    assert send(delivery, 4) == [1, 3, 4]


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
        self.delivery = DeliveryWindow(DeliverySettings(resend_s=1.0, window_limit=window, ahead_limit=ahead), 0)
        self.head, self.now = 10, 0.0
        self._under_way: list[int] = []
        self._at_broker: list[int] = []
        self.stored: set[int] = set()
        self._window, self._ahead, self._draw = window, ahead, draw
        self.delivery.connected(100, self.now)

    def send(self):
        self._under_way += send(self.delivery, self.head, self.now)

    def answer(self, *, keep=True):
        if self._under_way:
            seq = self._under_way.pop(self._draw(st.integers(0, len(self._under_way) - 1)))
            self.delivery.answered(seq, self.now, taken=True)
            self._at_broker += [seq] if keep else []

    def drop(self):
        self.answer(keep=False)

    def ack(self):
        self.stored.update(self._at_broker)
        self._at_broker.clear()
        top = self.delivery.watermark
        while top + 1 in self.stored:
            top += 1
        self.delivery.acknowledged(top, self.now)

    def cut(self):
        self.delivery.disconnected(self.now)
        self._under_way.clear()
        self._at_broker.clear()
        self.delivery.connected(100, self.now)

    def record(self):
        self.head += 3

    def tick(self):
        self.delivery.ticked(self.now)

    def check(self):
        assert self.delivery.watermark <= self.delivery.cursor <= self.head
        assert self.delivery.under_way == len(self._under_way) <= self._window
        assert self.delivery.cursor - self.delivery.watermark <= self._ahead
        assert all(seq in self.stored for seq in range(1, self.delivery.watermark + 1))

    def good_day(self):
        self.now += 20.0
        self.tick()
        self.send()
        for seq in self._under_way:
            self.delivery.answered(seq, self.now, taken=True)
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
        if world.delivery.watermark == world.head:
            break
        world.good_day()
    assert world.delivery.watermark == world.head
