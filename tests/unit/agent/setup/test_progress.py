"""How far each step of a set-up is: by what was seen to happen, never by what was typed."""

from __future__ import annotations

import pytest

from agent.core.clock.trust import ClockState
from agent.settings import Settings
from agent.settings.model.agent import EXAMPLE_ROOT_KEY
from agent.setup.progress import SetupFacts, StepCode, StepProgress, after, before, first_open, observed, steps
from agent.setup.words import ABSENT, ADVICE, CONSEQUENCES, INTROS, PROGRESS, SIGNALS, TITLES, USES
from tests.support.gate.config_files import ROOT_KEY

CAMERA = {"id": "front", "kind": "opencv", "url": "rtsp://127.0.0.1/a", "zone": [[0, 0], [1, 0], [1, 1]]}
HARDWARE = {"number": 1, "direction": "export", "relay": {"kind": "lcus", "port": "/dev/gate-barrier"}}
INPUTS = {"inputs": {"kind": "modbus_rtu", "port": "/dev/gate-in"}, "signals": {"presence": 1, "safety": 2}}
BROKER = {"enabled": True, "brokers": ["mqtt://127.0.0.1:1883"]}
UP = {"out/relay": "up", "out/inputs": "up", "out/front": "streaming", "broker": "up"}
SEEN = {
    observed("out", StepCode.NETWORK),
    observed("out", StepCode.BOARD),
    observed("out", StepCode.INPUTS, "presence"),
    observed("out", StepCode.INPUTS, "safety"),
    observed("out", StepCode.OUTPUTS, "red"),
    observed("out", StepCode.SAFETY),
}
PRACTICE = {"root_keys": [ROOT_KEY], "trust_list": "/var/lib/gate-agent/practice/trust-list-1.txt"}


def settings(root_key=ROOT_KEY, lane=HARDWARE, **more):
    own = {
        "version": 1,
        "gate": {"id": "khorgos-7", "site": 7},
        "permits": {"root_keys": [root_key]},
        "mqtt": {"enabled": False},
    }
    return Settings.model_validate(own | {"lanes": {"out": lane}} | more)


def found(of, **known):
    given = {"devices": UP, "clock": ClockState.SYNCED} | known
    return {step.code: step for step in steps(of, "out", SetupFacts(**given))}


def whole():
    return settings(
        lane=HARDWARE | INPUTS | {"cameras": [CAMERA], "barrier": {"red_channel": 2}},
        mqtt=BROKER,
    )


def test_a_gate_whose_every_step_was_seen_to_work_has_nothing_left():
    done = found(whole(), seen=SEEN, passed={"out"}, acknowledged=True)
    assert {code for code, step in done.items() if step.progress is not StepProgress.DONE} == {StepCode.PRACTICE}
    assert first_open(list(done.values())) is None


def test_what_was_only_typed_is_not_done():
    typed = found(whole())
    left = {code for code, step in typed.items() if step.progress is StepProgress.LEFT}
    assert left == {
        StepCode.NETWORK,
        StepCode.BOARD,
        StepCode.INPUTS,
        StepCode.OUTPUTS,
        StepCode.CENTRAL,
        StepCode.VEHICLE,
        StepCode.SAFETY,
    }


@pytest.mark.parametrize(
    ("of", "known", "code", "state", "detail"),
    [
        (settings(root_key=EXAMPLE_ROOT_KEY), {}, "trust", "left", ""),
        (settings(permits=PRACTICE), {}, "trust", "left", "practice"),
        (settings(permits=PRACTICE), {"practice_ends": 10.0, "utc": 9.0}, "practice", "done", ""),
        (settings(permits=PRACTICE), {"practice_ends": 10.0, "utc": 11.0}, "practice", "left", "over"),
        (settings(gate={"id": "gate-1", "site": 1}), {}, "gate", "left", ""),
        (settings(), {"clock": ClockState.UNTRUSTED}, "time", "wrong", ""),
        (settings(clock={"require_synchronised": False}), {"clock": ClockState.UNTRUSTED}, "time", "choice", ""),
        (settings(), {"devices": {"out/relay": "lost"}}, "board", "wrong", ""),
        (settings(lane=HARDWARE | {"relay": {"kind": "simulated"}}), {}, "board", "left", ""),
        (settings(), {}, "board", "left", "untried"),
        (settings(), {}, "inputs", "choice", ""),
        (settings(lane=HARDWARE | INPUTS), {"devices": {"out/inputs": "lost"}}, "inputs", "wrong", ""),
        (settings(lane=HARDWARE | INPUTS), {"seen": {"out/inputs/presence"}}, "inputs", "left", "unseen"),
        (settings(), {}, "outputs", "choice", ""),
        (settings(), {}, "cameras", "left", ""),
        (settings(lane=HARDWARE | {"cameras": [CAMERA]}), {"devices": {}}, "cameras", "wrong", ""),
        (settings(), {}, "central", "choice", ""),
        (settings(mqtt=BROKER), {"devices": {}}, "central", "wrong", ""),
        (settings(mqtt=BROKER), {}, "central", "left", ""),
        (settings(), {}, "practice", "choice", ""),
        (settings(), {"skipped": {StepCode.OUTPUTS}}, "outputs", "skipped", ""),
        (settings(), {"skipped": {StepCode.BOARD}, "devices": {}}, "board", "wrong", ""),
        (settings(), {"passed": {"in"}}, "vehicle", "left", ""),
    ],
)
def test_each_step_says_how_far_it_is(of, known, code, state, detail):
    step = found(of, **known)[StepCode(code)]
    assert (step.progress.value, step.detail) == (state, detail)


def test_every_state_of_a_step_that_is_not_done_has_its_advice():
    for code in StepCode:
        assert code in TITLES
        assert code in INTROS
        assert code is StepCode.GATE or code in CONSEQUENCES
    assert set(PROGRESS) == set(StepProgress)
    assert SIGNALS.keys() == USES.keys() == ABSENT.keys()
    assert ADVICE.keys() >= {(code, "left") for code in found(whole()) if _may_be_left(code)}


def _may_be_left(code):
    return code not in {StepCode.TIME, StepCode.AIM, StepCode.PRACTICE}


def test_the_steps_of_the_gate_are_the_same_in_every_lane():
    assert observed("out", StepCode.NETWORK) == observed("in", StepCode.NETWORK)
    assert observed("out", StepCode.BOARD) != observed("in", StepCode.BOARD)


def test_the_steps_are_in_one_order():
    assert [after(code) for code in StepCode] == [*list(StepCode)[1:], None]
    assert [before(code) for code in StepCode] == [None, *list(StepCode)[:-1]]
