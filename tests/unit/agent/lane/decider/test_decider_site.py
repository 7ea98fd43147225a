"""Lanes at three gates of a site: a permit shown at all of them opens one, once, whichever gate has the last word."""

import time
from dataclasses import replace

import pytest

from agent.barrier.barrier import PulseReport
from agent.core.decision.judgement import JudgementRules
from agent.core.lane.lane_state_machine import Lane, LaneRules
from agent.core.model.instant import Instant
from agent.core.model.observations import Presentation
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit import trust
from agent.core.permit.issue import DAY_S, Issuer, issue, trust_list
from agent.devices.port_supervisor import PortState
from agent.lane.decider import Decider, LanePlace, Sources
from agent.lane.loop import LaneDependencies, LaneDetection, LaneLoop
from drivers.api import Delivery
from tests.support.lane.kept_pictures import FaithfulReader
from tests.support.lists.lists import ROOT
from tests.support.pki.permits import KEY, NOW, PERMIT
from tests.support.site.sites import GATES, membership_of, rules, site
from tests.support.store.registries import open_registry
from tests.support.waiting import PATIENCE_S, eventually, scaled

PLACE = LanePlace(
    9411,
    1,
    "export",
    60,
    700,
    require_clock=True,
    rules=JudgementRules(without_plate="pass", already_exited_s=DAY_S),
    scanners=frozenset({"front"}),
)
RULES = LaneRules(
    "exit",
    1,
    direction="export",
    blind=True,
    read_s=600.0,
    decide_s=600.0,
    grant_s=600.0,
    gone_s=600.0,
    blind_passage_s=0.2,
    deny_again_s=0.0,
)
HOME = membership_of(GATES[0]).home(PERMIT.vin)


class Trusted:
    """A clock that is trusted."""

    def trusted(self):
        return True


def now():
    return Instant(time.monotonic(), float(NOW))


class LaneOfSite:
    """The one lane of a gate, with a barrier that obeys. It is its own barrier and the clock of its permits stands."""

    def __init__(self, gate, folder):
        self.gate, self.pulses = gate, []
        self.registry = open_registry(folder / f"{gate.gate}-registry.db")
        self.registry.take_trust(trust.seal(trust_list([Issuer("KHE", KEY)], NOW - DAY_S), ROOT), "file")
        decider = Decider(
            PLACE, Sources(self.registry, gate.journal, Trusted().trusted, gate.service, FaithfulReader())
        )
        self.loop = LaneLoop(
            Lane.start(RULES, 1),
            LaneDependencies(self, gate.recorder, now, decider.decide, lambda _: None, lambda _: None, lambda _: None),
        )
        self.loop.start()
        self.loop.relay_changed(PortState.UP)

    def close(self):
        self.loop.stop()
        self.registry.close()

    def pulse(self, action, grant, _deadline):
        self.pulses.append(grant)
        self.loop.pulsed(PulseReport(grant, action, Delivery.DELIVERED, time.monotonic()))

    def hold(self, *, on):
        raise AssertionError(f"nobody orders to hold: {on}")

    def show(self, lamp):
        """A lamp has nothing to prove here."""

    def present(self, permit=PERMIT):
        shown = Presentation(issue(permit, KEY).encode(), "test", "front", 1, time.monotonic())
        self.loop.detected(LaneDetection((shown,), (), {}))

    def answer(self):
        """Verdict and reason of the first decision that ends the waiting."""
        eventually(lambda: self.decisions, what=f"a decision at {self.gate.gate}")
        return self.decisions[-1]

    @property
    def decisions(self):
        return [(one["verdict"], one["reason"]) for one in self.gate.events("access.decided")]

    @property
    def grants(self):
        return len(self.gate.events("access.granted"))


@pytest.fixture
def lanes(tmp_path, request):
    """The hub, and the lanes: that of the home gate first. Its parameter: how long a claim waits, in seconds."""
    claim_timeout_s = getattr(request, "param", PATIENCE_S)
    with site(tmp_path, rules=rules(claim_timeout_s=claim_timeout_s)) as (hub, *gates):
        found = [LaneOfSite(gate, tmp_path) for gate in sorted(gates, key=lambda gate: gate.gate != HOME)]
        yield hub, *found
        for lane in found:
            lane.close()


PASS = (Verdict.PASS, Reason.OK)


def test_a_permit_opens_a_gate_that_is_not_its_home_and_no_other_gate_afterwards(lanes):
    hub, home, first, second = lanes
    first.present()
    assert first.answer() == PASS
    eventually(lambda: first.gate.events("transaction.closed"))
    eventually(lambda: home.gate.knows(first.gate) and second.gate.knows(first.gate))
    other = replace(PERMIT, max_uses=1)
    for lane in (home, second):
        lane.present(other)
        assert lane.answer() == (Verdict.DENY, Reason.USED_AT_OTHER_GATE)
    assert ([lane.grants for lane in (home, first, second)], len(first.pulses)) == ([0, 1, 0], 1)
    assert hub.count("claim") >= 1


def test_a_permit_that_is_shown_at_all_gates_at_once_opens_exactly_one(lanes):
    _, *gates = lanes
    for lane in gates:
        lane.present(replace(PERMIT, max_uses=1))
    answers = [lane.answer() for lane in gates]
    assert answers.count(PASS) == 1
    refused = [answer for answer in answers if answer != PASS]
    assert {reason for _, reason in refused} <= {Reason.RESERVED_ELSEWHERE, Reason.USED_AT_OTHER_GATE}
    assert sum(lane.grants for lane in gates) == sum(len(lane.pulses) for lane in gates) == 1


def test_a_second_permit_of_a_vehicle_that_left_by_another_gate_is_for_an_officer(lanes):
    _, home, first, second = lanes
    first.present()
    eventually(lambda: first.gate.events("transaction.closed"))
    eventually(lambda: home.gate.knows(first.gate))
    second.present(replace(PERMIT, permit_id=b"second.."))
    assert second.answer() == (Verdict.MANUAL, Reason.VIN_ALREADY_EXITED)


def test_a_gate_that_cannot_ask_leaves_the_vehicle_to_an_officer_and_the_home_gate_opens(lanes):
    _, home, first, _ = lanes
    first.gate.link.cut()
    first.present()
    assert first.answer() == (Verdict.MANUAL, Reason.LEDGER_UNREACHABLE)
    home.present()
    assert home.answer() == PASS
    assert (first.grants, home.grants) == (0, 1)


@pytest.mark.parametrize("lanes", [scaled(0.2)], ids=["brief"], indirect=True)
def test_a_word_that_never_comes_leaves_the_vehicle_to_an_officer(lanes):
    hub, _, first, _ = lanes
    hub.lost.add("answer")
    first.present()
    assert first.answer() == (Verdict.MANUAL, Reason.LEDGER_UNREACHABLE)
    assert first.grants == 0
