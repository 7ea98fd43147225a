"""How often events are sent to a central of any pace, without any network."""

from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from agent.mqtt.delivery_settings import DeliverySettings
from agent.mqtt.delivery_window import DeliveryWindow
from agent.mqtt.resend_timer import ResendTimer

SETTINGS = DeliverySettings()
STEP_S = 0.5
MOST_SENDS = 1.2


def sends_an_event(every_s: float, for_s: float, acknowledged_at, settings_used=SETTINGS) -> float:
    """How often an event is sent, on the average, to a central that has each at `acknowledged_at(sent_at)`.

    Events come every `every_s`; the broker answers at once and keeps all. A duplicate changes nothing at central.
    """
    delivery = DeliveryWindow(settings_used, 0)
    delivery.connected(1_000, 0.0)
    stored: dict[int, float] = {}
    sent = head = 0
    now = 0.0
    while now < for_s or delivery.watermark < head:
        if now < for_s:
            head = int(now / every_s)
        while (want := delivery.want()) is not None:
            last = min(head if want.upto is None else want.upto, want.after + want.limit)
            if want.after >= last:
                break
            for seq in range(want.after + 1, last + 1):
                if delivery.needs(seq):
                    delivery.sent(seq, now)
                    delivery.answered(seq, now, taken=True)
                    stored.setdefault(seq, acknowledged_at(now))
                    sent += 1
                else:
                    delivery.passed(seq)
        watermark = delivery.watermark
        while stored.get(watermark + 1, now + 1.0) <= now:
            watermark += 1
        delivery.acknowledged(watermark, now)
        delivery.ticked(now)
        now += STEP_S
    return sent / head


class TestACentralIsSentFewDuplicates:
    @pytest.mark.parametrize("takes_s", [0.1, 5.0, 29.0, 31.0, 45.0, 90.0, 200.0])
    @pytest.mark.parametrize("every_s", [0.5, 1.0, 5.0])
    def test_that_always_takes_as_long(self, takes_s, every_s):
        assert sends_an_event(every_s, 600.0, lambda at: at + takes_s) <= MOST_SENDS

    @pytest.mark.parametrize("batch_s", [1.0, 20.0, 40.0, 90.0])
    @pytest.mark.parametrize("every_s", [0.5, 2.0])
    def test_that_stores_in_batches(self, batch_s, every_s):
        assert sends_an_event(every_s, 900.0, lambda at: (at // batch_s + 1.0) * batch_s) <= MOST_SENDS

    def test_that_becomes_slow_of_a_sudden(self):
        assert sends_an_event(1.0, 900.0, lambda at: at + (0.1 if at < 300.0 else 60.0)) <= MOST_SENDS

    def test_that_falls_ever_further_behind(self):
        assert sends_an_event(1.0, 900.0, lambda at: 2.0 * at) <= MOST_SENDS

    def test_that_stands_still_now_and_then(self):
        assert sends_an_event(1.0, 900.0, lambda at: at + 0.2 if at % 100 < 60 else (at // 100 + 1) * 100) <= MOST_SENDS


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.floats(0.05, 150.0), st.floats(0.0, 1.0), st.floats(0.3, 5.0), st.integers(0, 2**32))
def test_a_central_of_any_pace_gets_at_most_a_fifth_more_than_it_needs(mean_s, spread, every_s, seed):
    random = Random(seed)  # noqa: S311 - a central's pace, no secret
    assert sends_an_event(every_s, 400.0, lambda at: at + mean_s * random.uniform(1 - spread, 1 + spread)) <= MOST_SENDS


def test_a_larger_resend_s_moves_the_upper_bound_and_a_smaller_one_the_lower():
    patient = ResendTimer(DeliverySettings(resend_s=3_600))
    patient.sent(1, 0.0, again=False)
    patient.acknowledged(1, 3_000.0, promptly=False)
    assert patient.patience_s == 3_600
    hasty = ResendTimer(DeliverySettings(resend_s=2.0))
    hasty.sent(1, 0.0, again=False)
    hasty.acknowledged(1, 0.1, promptly=False)
    assert hasty.patience_s == 2.0


def test_what_was_answered_promptly_after_it_was_sent_again_measures_nothing():
    timer = ResendTimer(SETTINGS)
    timer.sent(1, 0.0, again=False)
    timer.sent(1, 30.0, again=True)
    timer.acknowledged(1, 30.5, promptly=True)
    assert timer.answer_s is None


def test_what_waited_behind_a_hole_that_was_filled_measures_nothing():
    timer = ResendTimer(SETTINGS)
    timer.sent(1, 0.0, again=False)
    timer.sent(2, 0.0, again=False)
    timer.sent(1, 30.0, again=True)
    timer.acknowledged(2, 30.5, promptly=True)
    assert timer.answer_s is None


def test_what_was_answered_long_after_it_was_sent_again_counts_from_its_first_sending():
    timer = ResendTimer(SETTINGS)
    timer.sent(1, 0.0, again=False)
    timer.sent(1, 30.0, again=True)
    timer.acknowledged(1, 45.0, promptly=False)
    assert timer.answer_s == 45.0


def test_what_another_connection_sent_and_what_the_broker_had_nobody_for_measures_nothing():
    timer = ResendTimer(SETTINGS)
    timer.sent(2, 41.0, again=False)
    timer.connected(100.0)
    timer.sent(2, 100.0, again=True)
    timer.acknowledged(2, 110.0, promptly=False)
    timer.sent(3, 111.0, again=False)
    timer.forget(3)
    timer.acknowledged(3, 130.0, promptly=False)
    assert timer.answer_s is None
    timer.sent(4, 130.0, again=False)
    timer.acknowledged(4, 131.0, promptly=False)
    assert timer.answer_s == 1.0


def test_the_wait_doubles_until_there_is_another_measurement():
    timer = ResendTimer(SETTINGS)
    timer.begun(0.0)
    timer.sent(1, 0.0, again=False)
    assert (timer.due(29.9), timer.due(30.0)) == (False, True)
    timer.restarted(30.0)
    timer.sent(1, 30.0, again=True)
    timer.acknowledged(1, 30.5, promptly=True)
    assert (timer.due(90.4), timer.due(90.5)) == (False, True)
    timer.sent(2, 41.0, again=False)
    timer.acknowledged(2, 61.0, promptly=False)
    assert timer.patience_s == 20.0 + 4 * 10.0
    assert (timer.due(120.9), timer.due(121.0)) == (False, True)


def test_a_central_that_is_known_to_be_slow_is_given_its_time_after_a_reconnect_too():
    timer = ResendTimer(SETTINGS)
    timer.connected(0.0)
    assert (timer.settled(0.9), timer.settled(1.0)) == (False, True)
    timer.sent(1, 0.0, again=False)
    timer.acknowledged(1, 20.0, promptly=False)
    timer.connected(100.0)
    assert (timer.settled(159.9), timer.settled(160.0)) == (False, True)
