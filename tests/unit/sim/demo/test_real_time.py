"""The demo's lane in real time: its arm, its loops and its drivers."""

import threading

import pytest

from sim.demo.real_time import INPUTS, PERIOD_S, RealTimeRunner, View
from sim.demo.vehicles import CLOSE_BEHIND, SWIFT, UNHURRIED
from tests.support.waiting import PATIENCE_S, eventually


class Yard:
    """The lane in very quick motion, with the contacts that an input board reads.

    `wait` waits until they are as wanted, now or since they were as wanted before.
    """

    def __init__(self):
        self.contacts, self.views = {}, []
        self._were, self._looked = [], 0
        self._news = threading.Condition()
        self.lane = RealTimeRunner(self._set, self.views.append, pace=30.0)

    def _set(self, number, on):
        with self._news:
            self.contacts[number] = on
            self._were.append(dict(self.contacts))
            self._news.notify_all()

    def wait(self, **wanted):
        with self._news:
            as_wanted = self._news.wait_for(lambda: self._have_been(wanted), PATIENCE_S)
        assert as_wanted, (wanted, self.contacts)

    def _have_been(self, wanted):
        for place in range(self._looked, len(self._were)):
            if all(self._were[place].get(INPUTS[name]) is on for name, on in wanted.items()):
                self._looked = place
                return True
        return False

    def pulse(self):
        """A pulse that is long enough at this pace."""
        before = self.lane.pulses
        self.lane.energise(on=True)
        eventually(lambda: self.lane.pulses > before)
        self.lane.energise(on=False)


@pytest.fixture
def yard(monkeypatch):
    # Where the machine stalls the model waits: in one long step of this pace a contact could close and open unseen.
    monkeypatch.setattr("sim.demo.real_time.MOST_S", PERIOD_S)
    yard = Yard()
    yard.lane.start()
    yield yard
    yard.lane.stop()


def test_the_lane_starts_closed_with_nobody_there(yard):
    assert yard.contacts == {1: False, 2: False, 3: False, 4: True}
    assert yard.lane.view == View()


def test_a_pulse_raises_the_arm_and_it_closes_behind_the_vehicle(yard):
    yard.lane.come(SWIFT)
    yard.wait(presence=True)
    yard.lane.light(green=True)
    yard.pulse()
    yard.wait(presence=False, closed=False)
    yard.wait(safety=False, opened=False, closed=True)
    eventually(lambda: yard.lane.view.arm == 0.0 and not yard.lane.view.vehicles)
    assert yard.lane.pulses == 1
    assert any(view.arm == 1.0 and view.green for view in yard.views)


def test_a_driver_waits_for_the_green_lamp_and_leaves_when_refused(yard):
    yard.lane.come(SWIFT)
    yard.wait(presence=True)
    yard.pulse()
    yard.wait(opened=True)
    yard.wait(opened=False, closed=True)
    assert yard.contacts[INPUTS["safety"]] is False
    yard.lane.refuse()
    yard.wait(presence=False)
    eventually(lambda: not yard.lane.view.vehicles)


def test_a_follower_is_on_the_first_loop_again_while_the_second_one_feels_the_vehicle_before_it(yard):
    seen = []
    yard.lane._set_input = lambda number, on: (seen.append((number, on)), yard._set(number, on))
    yard.lane.come(UNHURRIED, CLOSE_BEHIND)
    yard.wait(presence=True)
    yard.lane.light(green=True)
    yard.pulse()
    eventually(lambda: not yard.lane.view.vehicles)
    names = {number: name for name, number in INPUTS.items()}
    loops = [(names[number], on) for number, on in seen if names[number] in ("presence", "safety")]
    assert loops[:4] == [("presence", True), ("safety", True), ("presence", False), ("presence", True)]
