"""The agent and the broker are killed again and again while vehicles come; nothing is lost and nobody passes twice."""

import json
import random
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from functools import partial
from itertools import pairwise

import pytest

from agent.store.journal.reader import JournalReader
from drivers.emulators.lcus import LcusEmulator
from tests.support.gate.gate_site import GATE, GateSite, plain_broker
from tests.support.gate.lanes import GONE_S, GRANT_S, LONGEST_DECIDE_S
from tests.support.gate.subscriber import Hearing
from tests.support.mqtt.central import Central
from tests.support.mqtt.mosquitto import needs_mosquitto
from tests.support.waiting import eventually, scaled, scaled_ms

pytestmark = needs_mosquitto

SEED = 20261124
RELEASED_WITHIN_S = 2.0
FEW_AGENT_KILLS = ("presented", "pulse", "again", "starting")
FEW_BROKER_KILLS = 2
MANY_AGENT_KILLS = 20
MANY_BROKER_KILLS = 10
LANE = """
[lanes.exit-1.timing]
read_s = 30
decide_s = {decide_s}
grant_s = {grant_s}
gone_s = {gone_s}
blind_passage_s = 1

[lanes.exit-1.barrier]
# As long as can be, so that a kill finds the relay energised.
pulse_ms = 1000

[lanes.exit-1.relay]
kind = "lcus"
port = "{port}"
timeout_ms = {timeout_ms}

[[lanes.exit-1.cameras]]
id = "front"
kind = "simulated"
scene_file = "{scene}"
frame_rate_hz = 4
"""


class Yard:
    """What stands before the camera, and for which permit text the barrier was told to open, how often."""

    def __init__(self, scene, site):
        self.scene = scene
        self.pulses = Counter()
        self.shown = ""
        self.released_at = 0.0
        self._site = site
        self._count = 0
        self.empty()

    def vehicle(self):
        """The next vehicle comes, with a valid permit of its own."""
        self._count += 1
        plate = f"沪A{self._count:02}K{self._count % 10}5"
        self._place(plate, self._site.permit(plate))

    def old_permit(self):
        """A vehicle comes with a permit for which the barrier was opened before."""
        plate, text = min(self.pulses)
        self._place(plate, text)

    def empty(self):
        self._write({})

    def switched(self, switching):
        if switching.on:
            self.pulses[self.shown] += 1
        else:
            self.released_at = switching.at

    def _place(self, plate, text):
        self.shown = plate, text
        self._write({"vehicle": {"plate": plate}, "code": {"text": text}})

    def _write(self, scene):
        draft = self.scene.with_suffix(".new")
        draft.write_text(json.dumps(scene))
        draft.replace(self.scene)


class World:
    """The gate and all around it.

    `released_s`: how long relays stayed energised after a kill of the agent. `unrecorded`: starts that were killed
    before they could record anything.
    """

    def __init__(self, installed, broker, folder, board, central):
        self.site = GateSite(folder)
        self.yard = Yard(folder / "scene.json", self.site)
        self.broker, self.board, self.central = broker, board, central
        board.relays.watch(self.yard.switched)
        lane = LANE.format(
            decide_s=LONGEST_DECIDE_S,
            grant_s=GRANT_S,
            gone_s=GONE_S,
            port=board.line.link,
            timeout_ms=scaled_ms(200),
            scene=self.yard.scene,
        )
        self.agent = installed.agent(self.site.configure(lane, mqtt=plain_broker(broker.port)))
        # A broker that dies again and again is tried less and less often.
        self.hearing = Hearing(lambda: central.events, partial(self.agent.until, within_s=90))
        self.rng = random.Random(SEED)  # noqa: S311 - to be repeatable
        self.released_s = []
        self.unrecorded = 0
        self._before = 0

    @property
    def head(self):
        """The journal's head; None where there is no journal yet."""
        if not self.site.journal.exists():
            return None
        with JournalReader(self.site.journal) as journal:
            return journal.standing().head

    def _start_recorded(self):
        with JournalReader(self.site.journal) as journal:
            return any(event.type == "gate.started" for event in journal.events(self._before + 1))

    @property
    def energised(self):
        return any(self.board.relays.states)

    def start(self):
        head = self.head
        self._before = head.seq if head else 0
        self.agent.start()

    def hesitate(self, most_s):
        """Let a random time go by."""
        threading.Event().wait(self.rng.uniform(0, most_s))

    def up(self):
        """Wait until the running agent has its camera and its relay; the sequence number of its start."""
        started = self.hearing.wait("gate.started", self._before)["seq"]
        for family, state in (("camera", "streaming"), ("relay", "up")):
            self.hearing.wait("device.changed", started, family=family, state=state)
        return started

    def kill_agent(self, *, stays):
        """Kill it and start it again at once; whatever relay it left energised must be let go.

        `stays`: the vehicle is still there when it starts. Otherwise the agent never sees it again: a next vehicle
        that follows before this one counts as gone would be taken for the same one, with two permits.
        """
        energised = self.energised
        killed_at = time.monotonic()
        self.agent.kill()
        if not stays:
            self.yard.empty()
        self.unrecorded += not self._start_recorded()
        self.start()
        if energised:
            self.agent.until(lambda: not self.energised, "the relay's release")
            self.released_s.append(self.yard.released_at - killed_at)

    def kill_broker(self):
        """Kill it and start it again after a random time; it keeps nothing."""
        self.broker.kill()
        self.hesitate(1.0)
        self.broker.start()

    def lane_is_empty(self):
        """Wait until nobody is in view and every transaction has its outcome."""
        self.yard.empty()
        # A picture with the vehicle may be under way still, and begin a transaction.
        self.hesitate_until_gone()
        head = self.hearing.until(self._head_if_heard, "what happened so far")
        self.hearing.until(lambda: self.open_transactions() == set(), f"the outcomes of all until {head}")
        self.hesitate_until_gone()

    def _head_if_heard(self):
        head = self.head.seq
        return head if self.central.watermark >= head else 0

    def open_transactions(self):
        begun = {event["transaction"] for event in self.hearing.all("vehicle.present")}
        return begun - {event["transaction"] for event in self.hearing.all("transaction.closed")}

    def hesitate_until_gone(self):
        threading.Event().wait(GONE_S + scaled(0.15))

    def finish(self):
        """Let one more vehicle through undisturbed, stop the agent, and prove the whole history."""
        self.up()
        self.lane_is_empty()
        self.yard.vehicle()
        plate, _ = self.yard.shown
        self.hearing.wait("transaction.closed", outcome="passed", plate=plate)
        assert self.yard.pulses[self.yard.shown] == 1
        self.agent.stop()
        head = self.head
        eventually(lambda: self.central.watermark == head.seq, 30, "the last event")
        self.hearing.assert_whole(head)
        self._assert_one_outcome_each()
        self._assert_no_permit_twice()
        assert not self.energised

    def _assert_one_outcome_each(self):
        begun = Counter(event["transaction"] for event in self.hearing.all("vehicle.present"))
        closed = Counter(event["transaction"] for event in self.hearing.all("transaction.closed"))
        assert closed == begun
        assert set(begun.values()) == {1}

    def _assert_no_permit_twice(self):
        assert set(self.yard.pulses.values()) == {1}
        granted = Counter(event["data"]["permit"] for event in self.hearing.all("access.granted"))
        assert set(granted.values()) == {1}
        assert self.yard.pulses.total() <= granted.total()


@pytest.fixture
def tell(capsys):
    """Write a line to the terminal while the test runs."""

    def tell(line):
        with capsys.disabled():
            sys.stdout.write(f"\n{line}")
            sys.stdout.flush()

    return tell


@contextmanager
def world(installed, broker, folder):
    with LcusEmulator(folder / "relay-board") as board, Central(broker.port, GATE) as central:
        world = World(installed, broker, folder, board, central)
        try:
            world.start()
            yield world
        finally:
            if world.agent.running:
                world.agent.kill()


# --------------------------------------------------------------------------------------------------- the agent killed


def bring_to(world, moment):
    """Let vehicles come until it is the moment for the kill."""
    match moment:
        case "starting":
            world.yard.vehicle()
            world.hesitate(1.5)
        case "again":
            # The vehicle that stood there at the last kill is still there, with the same permit.
            started = world.up()
            world.hearing.wait("access.decided", started, lambda event: event["data"]["verdict"] != "RETRY")
            world.hesitate(0.5)
        case "old permit":
            started = world.up()
            world.yard.old_permit()
            decided = world.hearing.wait("access.decided", started, lambda event: event["data"]["verdict"] != "RETRY")
            assert decided["data"]["reason"] == "ALREADY_USED"
            world.hesitate(0.5)
        case "presented" | "pulse" | "passage":
            started = world.up()
            world.yard.vehicle()
            if moment == "presented":
                world.hearing.wait("permit.presented", started)
                world.hesitate(0.1)
            elif moment == "pulse":
                world.agent.until(lambda: world.energised, "the pulse")
                world.hesitate(0.5)
            else:
                world.hearing.wait("barrier.pulsed", started)
                world.hesitate(1.5)


def kill_agent_at(world, moments, tell=None):
    for number, (moment, following) in enumerate(pairwise((*moments, "finish")), 1):
        bring_to(world, moment)
        world.kill_agent(stays=following in {"again", "starting"})
        last = f", relay released {world.released_s[-1]:.2f} s after the last" if world.released_s else ""
        if tell is not None:
            tell(f"agent killed {number} of {len(moments)}: {moment}; event {world.central.watermark}{last}")
    world.finish()
    interrupted = [name for event in world.hearing.all("gate.started") for name in event["data"]["interrupted"]]
    assert interrupted
    assert len(world.hearing.all("gate.started")) == len(moments) + 1 - world.unrecorded


def test_a_killed_agent_loses_no_event_and_lets_nobody_pass_twice(installed, broker, tmp_path):
    with world(installed, broker, tmp_path) as gate:
        kill_agent_at(gate, FEW_AGENT_KILLS)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_an_agent_that_is_killed_over_and_over_loses_nothing(installed, broker, tmp_path, tell):
    with world(installed, broker, tmp_path) as gate:
        kinds = ("presented", "pulse", "again", "passage", "old permit", "starting")
        moments = ["pulse", *gate.rng.choices(kinds, k=MANY_AGENT_KILLS - 1)]
        kill_agent_at(gate, moments, tell)
        assert gate.released_s
        assert max(gate.released_s) <= RELEASED_WITHIN_S


# -------------------------------------------------------------------------------------------------- the broker killed


def kill_broker_times(world, count, tell=None):
    world.up()
    for number in range(1, count + 1):
        world.lane_is_empty()
        world.yard.vehicle()
        world.hesitate(0.6)
        world.kill_broker()
        # The broker is not on the way from the code to the barrier.
        world.agent.until(lambda: world.yard.pulses[world.yard.shown] == 1, "the pulse")
        if tell is not None:
            tell(f"broker killed {number} of {count}; event {world.central.watermark}")
    world.finish()
    assert len(world.hearing.all("gate.started")) == 1
    assert len(world.hearing.all("transaction.closed", outcome="passed")) == count + 1


def test_a_killed_broker_costs_no_event_and_stops_no_vehicle(installed, broker, tmp_path):
    with world(installed, broker, tmp_path) as gate:
        kill_broker_times(gate, FEW_BROKER_KILLS)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_broker_that_is_killed_over_and_over_costs_no_event(installed, broker, tmp_path, tell):
    with world(installed, broker, tmp_path) as gate:
        kill_broker_times(gate, MANY_BROKER_KILLS, tell)
