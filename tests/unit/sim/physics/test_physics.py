"""The model of what stands around the agent: vehicles, loops, photocell, arm and barrier controller."""

from collections import Counter
from dataclasses import replace

import pytest

from sim.physics.arm import Cause
from sim.physics.controller import FLASH_S, Logic
from sim.physics.driving import DriverBehaviour, DrivingPhase, DrivingPlan, Vehicle
from sim.physics.loops import BOUNCE_S, Contact, Loop
from sim.physics.vehicle_shapes import CAR, MOTORCYCLE, VAN, truck, truck_with_trailer
from sim.physics.world import FOR_CARS, FOR_TRUCKS, SIGNALS, Way, World

DT_S = 0.05
BODIES = (CAR, VAN, MOTORCYCLE, truck(), truck_with_trailer())


class Lane(World):
    """A world with a log of what the contacts said, and short ways to do things."""

    def __init__(self, site=FOR_CARS, **changes):
        super().__init__(replace(site, **changes), 1)
        self.green = True
        self.seen = []
        self.count = 0

    def come(self, body=CAR, front_m=-11.0, **plan):
        self.count += 1
        vehicle = Vehicle(self.count, body, DrivingPlan(**plan), front_m)
        self.add(vehicle)
        return vehicle

    def run(self, seconds):
        for _ in range(round(seconds / DT_S)):
            self.step(DT_S)
            levels = tuple(contact.level for contact in self.contacts)
            if not self.seen or self.seen[-1] != levels:
                self.seen.append(levels)
        return self

    def pulse(self, contact="open", seconds=0.5, **more):
        self.relay(contact, on=True, **more)
        self.run(seconds)
        self.relay(contact, on=False)
        return self

    def changes(self, *names):
        """How the named contacts changed, in order: `+presence`, `-presence`."""
        told = []
        for before, after in zip(self.seen, self.seen[1:], strict=False):
            for name, old, new in zip(SIGNALS, before, after, strict=True):
                if old is not new and name in names:
                    told.append(("+" if new else "-") + name)
        return told


def opened(**changes):
    """A lane whose arm is up."""
    return Lane(**changes).pulse().run(3.0)


# ------------------------------------------------------------------------------------------------- vehicles and sensors


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.kind)
def test_the_loops_for_trucks_see_every_vehicle_as_one(body):
    lane = Lane(FOR_TRUCKS)
    vehicle = lane.come(body, speed_mps=1.5)
    lane.run(9.0)
    assert vehicle.phase is DrivingPhase.WAITING
    lane.pulse().run(25.0)
    assert lane.changes("presence", "safety") == ["+presence", "+safety", "-presence", "-safety"]
    assert (lane.tally(), vehicle.phase) == ((Counter({Way.GRANTED: 1}), Counter()), DrivingPhase.GONE)


def test_a_short_loop_loses_a_truck_between_its_axles_where_the_photocell_sees_it():
    lane = Lane(FOR_TRUCKS, safety=(-0.6, 1.0))
    lane.come(truck(2.5), speed_mps=1.0)
    lane.run(12.0).pulse().run(25.0)
    assert lane.changes("safety", "photocell") == [
        "+safety",
        "+photocell",
        "-safety",
        "+safety",
        "-photocell",
        "-safety",
    ]


def test_a_photocell_above_the_drawbar_does_not_see_it():
    low, high = (Lane(FOR_TRUCKS, beam_m=beam_m) for beam_m in (0.6, 1.3))
    for lane in (low, high):
        lane.come(truck_with_trailer(1.5), speed_mps=1.5)
        lane.run(9.0).pulse().run(25.0)
    assert high.changes("photocell") == ["+photocell", "-photocell"] * 2
    assert len(low.changes("photocell")) > 4, "a low beam sees wheels, and the drawbar between them"


def test_a_loop_picks_up_and_drops_out_late_and_does_not_flutter_at_its_edge():
    loop = Loop(0.0, 2.0)
    states = []
    for tick, covered_m in enumerate([0.29, 0.31, 0.31, 0.31, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1]):
        loop.feel(covered_m, tick * DT_S)
        states.append(loop.on)
    assert states == [False, False, False, True, True, True, True, True, True, False]


def test_a_contact_bounces_for_a_moment_and_may_be_stuck():
    lane = Lane()
    contact = Contact()
    contact.set_state(1.0, on=True)
    assert {contact.read(1.0 + BOUNCE_S / 2, lane.dice) for _ in range(40)} == {True, False}
    assert {contact.read(1.0 + 2 * BOUNCE_S, lane.dice) for _ in range(40)} == {True}
    contact.stuck = False
    assert (contact.level, contact.read(2.0, lane.dice)) == (False, False)


def test_drivers_do_what_they_planned():
    conducts = {
        DriverBehaviour.DRIVES_THROUGH: ({}, Way.GRANTED),
        DriverBehaviour.STOPS_UNDER: ({"turn_m": 2.0, "rest_s": 3.0}, Way.GRANTED),
        DriverBehaviour.BACKS_OUT: ({"turn_m": 0.8, "rest_s": 1.0}, None),
        DriverBehaviour.STAYS: ({"rest_s": 2.0}, None),
    }
    for conduct, (plan, way) in conducts.items():
        lane = Lane()
        vehicle = lane.come(conduct=conduct, **plan)
        lane.run(8.0).pulse().run(22.0)
        assert [crossing.way for crossing in lane.crossings] == ([] if way is None else [way]), conduct
        assert vehicle.phase is DrivingPhase.GONE, conduct
    assert lane.changes("safety") == []


def test_a_driver_who_backs_out_frees_the_safety_loop_before_the_presence_loop():
    lane = Lane()
    lane.come(conduct=DriverBehaviour.BACKS_OUT, turn_m=0.8, rest_s=1.0)
    lane.run(8.0).pulse().run(15.0)
    assert lane.changes("presence", "safety") == ["+presence", "+safety", "-safety", "-presence"]


def test_a_driver_gives_up_or_turns_away_when_told():
    lane = Lane()
    patient, other = lane.come(patience_s=2.0), None
    lane.run(15.0)
    assert patient.phase is DrivingPhase.GONE
    other = lane.come()
    lane.run(8.0)
    other.refuse(lane.now)
    lane.run(12.0)
    assert (other.phase, lane.tally()[0]) == (DrivingPhase.GONE, Counter())


def test_a_driver_waits_for_the_arm_and_the_lamp():
    lane = opened(pause_s=100.0)
    lane.green = False
    vehicle = lane.come()
    lane.run(10.0)
    assert vehicle.phase is DrivingPhase.WAITING
    lane.green = True
    lane.run(1.0)
    assert vehicle.phase is DrivingPhase.GOING


def test_one_that_comes_from_behind_stands_on_the_safety_loop_and_leaves():
    lane = Lane()
    lane.come(wrong_way=True, stop_m=-0.4, patience_s=2.0)
    lane.run(25.0)
    assert lane.changes("presence", "safety") == ["+safety", "-safety"]
    assert lane.tally() == (Counter(), Counter())


def test_who_follows_close_behind_comes_through_without_a_grant():
    lane = Lane()
    lane.come(speed_mps=1.5)
    lane.come(conduct=DriverBehaviour.TAILGATES, gap_m=2.0, front_m=-19.0)
    lane.run(9.0).pulse().run(20.0)
    assert [crossing.way for crossing in lane.crossings] == [Way.GRANTED, Way.FOLLOWED]
    assert lane.changes("presence", "safety")[:4] == ["+presence", "+safety", "-presence", "+presence"]


# ------------------------------------------------------------------------------------------------- collisions


def test_an_arm_without_safety_that_is_told_to_close_comes_down_onto_who_stands_under_it():
    lane = opened(closes_itself=False)
    lane.controller.own_safety = False
    lane.come(conduct=DriverBehaviour.STOPS_UNDER, turn_m=2.0, rest_s=30.0)
    lane.run(8.0).pulse("close").run(3.0)
    (collision,) = lane.collisions
    assert (collision.cause, collision.onto) == (Cause.AGENT, True)


def test_an_arm_with_safety_does_not_start_and_turns_where_somebody_comes():
    lane = opened(closes_itself=False)
    lane.come(conduct=DriverBehaviour.STOPS_UNDER, turn_m=2.0, rest_s=8.0)
    lane.run(8.0).pulse("close").run(3.0)
    assert (lane.arm.position, lane.controller.taken_closes, lane.collisions) == (1.0, 1, [])
    lane.run(15.0)
    lane.come(conduct=DriverBehaviour.RAMS, front_m=-2.5)
    lane.pulse("close", 0.2).run(0.6)
    assert lane.arm.motion == -1
    lane.run(4.0)
    assert (lane.collisions, lane.arm.position) == ([], 1.0)


def test_a_trailer_that_an_arm_came_down_before_is_the_fault_of_who_lowered_it():
    lane = Lane(FOR_TRUCKS, closes_itself=False).pulse().run(4.0)
    lane.controller.own_safety = False
    vehicle = lane.come(truck_with_trailer(2.0), conduct=DriverBehaviour.STOPS_UNDER, turn_m=10.0, rest_s=6.0)
    while vehicle.phase is not DrivingPhase.STANDING:
        lane.step(DT_S)
    lane.pulse("close").run(10.0)
    assert [(c.cause, c.onto) for c in lane.collisions] == [(Cause.AGENT, False)]


def test_who_rams_a_closed_arm_has_only_himself_to_blame():
    lane = Lane()
    lane.come(conduct=DriverBehaviour.RAMS)
    lane.run(12.0)
    assert lane.tally() == (Counter({Way.BROKE_THROUGH: 1}), Counter({Cause.DRIVER: 1}))
    assert lane.changes("closed")[0] == "-closed"


def test_nobody_lowers_the_arm_by_hand_onto_a_vehicle():
    lane = Lane(closes_itself=False)
    lane.force(up=True)
    lane.come(conduct=DriverBehaviour.STOPS_UNDER, turn_m=2.0, rest_s=3.0)
    lane.run(8.0)
    lane.force(up=False)
    assert lane.run(1.0).arm.position == 1.0
    lane.run(10.0)
    lane.force(up=False)
    assert lane.run(4.0).arm.position == 0.0
    assert [crossing.way for crossing in lane.crossings] == [Way.LEFT_UP]


# ------------------------------------------------------------------------------------------------- the controller


def test_a_pulse_below_the_minimum_is_ignored_and_so_is_every_one_by_a_deaf_controller():
    lane = Lane().pulse(seconds=0.1).run(2.0)
    assert (lane.controller.pulses, lane.arm.position) == (0, 0.0)
    lane.controller.deaf = True
    assert lane.pulse().run(2.0).arm.position == 0.0


def test_a_long_contact_counts_once():
    assert Lane().pulse(seconds=5.0).controller.pulses == 1


def test_the_limit_contacts_follow_the_travel_of_the_arm():
    lane = Lane().pulse().run(20.0)
    assert lane.changes("opened", "closed") == ["-closed", "+opened"]
    lane.run(20.0)
    assert lane.changes("opened", "closed") == ["-closed", "+opened", "-opened", "+closed"]


def test_an_arm_that_nobody_takes_closes_after_its_pause_and_one_left_to_the_agent_stays():
    assert opened(pause_s=5.0).run(8.0).arm.position == 0.0
    lane = opened(closes_itself=False).run(100.0)
    assert lane.arm.position == 1.0
    assert lane.pulse("close").run(3.0).arm.position == 0.0


def test_a_second_pulse_stops_and_turns_a_step_by_step_arm_and_means_nothing_to_a_plain_one():
    step, plain = (Lane(logic=logic, up_s=4.0).pulse().pulse().run(5.0) for logic in (Logic.STEP, Logic.PLAIN))
    assert 0.0 < step.arm.position < 1.0
    assert plain.arm.position == 1.0
    assert step.pulse().run(5.0).arm.position == 0.0


@pytest.mark.parametrize(("pulses", "through"), [(1, 1), (2, 2), (5, 3)])
def test_a_counting_controller_lets_one_vehicle_through_for_each_pulse_up_to_three(pulses, through):
    lane = Lane(logic=Logic.COUNTING, clear_s=0.5)
    for _ in range(pulses):
        lane.pulse(seconds=0.3).run(0.1)
    for number in range(5):
        lane.add(Vehicle(number, CAR, DrivingPlan(patience_s=3.0), -4.0))
        lane.run(14.0)
    assert len(lane.crossings) == through


def test_a_hold_keeps_the_arm_up_over_every_passage_and_close():
    lane = Lane(pause_s=2.0)
    lane.relay("hold", on=True)
    lane.run(3.0)
    lane.come()
    lane.run(15.0).pulse("close").run(5.0)
    assert lane.arm.position == 1.0
    assert [crossing.way for crossing in lane.crossings] == [Way.HELD]
    lane.relay("hold", on=False)
    assert lane.run(8.0).arm.position == 0.0


def test_an_arm_without_power_stays_where_it_is_and_comes_down_some_time_after_it_is_back():
    lane = Lane().pulse(seconds=0.8)
    lane.power(on=False)
    position = lane.arm.position
    assert 0.0 < position < 1.0
    assert lane.pulse().run(10.0).arm.position == position
    lane.power(on=True)
    assert lane.run(FLASH_S - 0.5).arm.position == position
    assert lane.run(3.0).arm.position == 0.0


def test_a_stuck_arm_does_not_move_and_a_slow_one_takes_its_time():
    lane = Lane()
    lane.arm.stuck = True
    assert lane.pulse().run(5.0).arm.position == 0.0
    slow = Lane(up_s=20.0).pulse().run(5.0)
    assert 0.2 < slow.arm.position < 0.3


def test_the_same_steps_give_the_same_world():
    def played():
        lane = Lane(FOR_TRUCKS)
        lane.come(truck())
        polls = []
        for _ in range(200):
            lane.step(DT_S)
            polls.append(lane.bits())
        return polls, lane.vehicles[0].front_m

    assert played() == played()
