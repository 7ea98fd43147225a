"""The main job from end to end: the installed agent, a network camera, relay boards on serial lines, a broker.

Twenty vehicles come, one by one; the world outside sees that each gets what it must, and hears of it exactly once.
To a lane without inputs the first four come, and all in the longer proofs: after each it waits until nobody is in
view.
"""

from collections import Counter

import pytest

from agent.core.model.reasons import Verdict
from agent.store.journal.reader import JournalReader
from tests.support.gate.arrivals import arrivals, empty_yard
from tests.support.gate.gate_site import GATE, GateSite, plain_broker
from tests.support.gate.lanes import BlindLane, InputsLane
from tests.support.gate.subscriber import Heard, Hearing
from tests.support.mqtt.central import Central
from tests.support.mqtt.mosquitto import Listener, needs_mosquitto
from tests.support.vision.live_rtsp import SELDOM_HZ, LiveCamera
from tests.support.waiting import eventually, scaled

pytestmark = needs_mosquitto

CAMERA = """
[[lanes.exit-1.cameras]]
id = "front"
{keys}
"""


class Gate:
    """The running gate and the world around it; `pass_by` lets one vehicle come and go."""

    def __init__(self, agent, lane, camera, hearing):
        self.agent, self.lane, self.camera, self.hearing = agent, lane, camera, hearing
        self.empty = empty_yard()

    def pass_by(self, vehicle):
        """What was decided, the outcome, and how often the barrier was told to open meanwhile."""
        before, pulses = self.hearing.last, self.lane.pulses
        self.camera.show(vehicle.pixels)
        self.lane.arrive(self.agent.until)
        decided = self.hearing.wait("access.decided", before, lambda event: event["data"]["verdict"] != Verdict.RETRY)
        if vehicle.granted and decided["data"]["verdict"] == Verdict.PASS:
            self.agent.until(lambda: self.lane.pulses > pulses, "the pulse")
            self.camera.show(self.empty)
            self.lane.drive_through(self.agent.until)
        else:
            self.camera.show(self.empty)
            self.lane.leave(self.agent.until)
        closed = self.hearing.wait("transaction.closed", before)
        if closed["data"]["assumed"]:
            # A blind lane takes what it sees for the vehicle that passed until nobody was in view for a while.
            self.camera.show(self.empty)
        self.camera.wait_s(self.lane.forget_s + scaled(0.15))
        return decided, closed, self.lane.pulses - pulses


@pytest.mark.parametrize(
    ("kind_of_lane", "count"), [(InputsLane, 20), (BlindLane, 4), pytest.param(BlindLane, 20, marks=pytest.mark.long)]
)
def test_each_vehicle_gets_what_it_must_and_the_central_system_hears_of_all(
    kind_of_lane, count, installed, broker, tmp_path
):
    site = GateSite(tmp_path)
    coming = arrivals(site)[:count]
    assert len(coming) == count
    with (
        kind_of_lane(tmp_path) as lane,
        LiveCamera(tmp_path, rate_hz=SELDOM_HZ) as camera,
        Listener(broker.port, f"gate/v1/{GATE}/event/#") as subscriber,
        Central(broker.port, GATE) as central,
    ):
        camera.show(empty_yard())
        heard = Heard(subscriber)
        configuration = site.configure(lane.toml + CAMERA.format(keys=camera.toml), mqtt=plain_broker(broker.port))
        with installed.agent(configuration) as agent:
            hearing = Hearing(heard, agent.until)
            gate = Gate(agent, lane, camera, hearing)
            for family, state in (("camera", "streaming"), ("relay", "up")):
                hearing.wait("device.changed", family=family, state=state)
            for vehicle in coming:
                decided, closed, pulses = gate.pass_by(vehicle)
                found = decided["data"]["verdict"], decided["data"]["reason"], closed["data"]["outcome"], pulses
                outcome = "passed" if vehicle.granted else "denied"
                must = vehicle.verdict, vehicle.reason, outcome, int(vehicle.granted)
                assert found == must, f"{vehicle.title}: {decided}\n{closed}"
                assert closed["data"]["assumed"] is (lane.assumed and vehicle.granted)
                assert decided["transaction"] == closed["transaction"]
            agent.stop()
        head = head_of(site)
        eventually(lambda: hearing.last == head.seq == central.watermark, what="the last event")
        eventually(lambda: lane.released, what="the relay's release")
        assert lane.pulses == sum(vehicle.granted for vehicle in coming) == len(hearing.all("access.granted"))
        assert_one_outcome_each(hearing, len(coming))
        hearing.assert_whole(head)
        assert central.events == heard()
    proof = installed.run("events", "verify", site.journal)
    assert (proof.returncode, proof.stderr) == (0, "")


def head_of(site):
    with JournalReader(site.journal) as journal:
        return journal.standing().head


def assert_one_outcome_each(hearing, count):
    begun = [event["transaction"] for event in hearing.all("vehicle.present")]
    closed = Counter(event["transaction"] for event in hearing.all("transaction.closed"))
    assert len(set(begun)) == len(begun) == count
    assert closed == dict.fromkeys(begun, 1)
