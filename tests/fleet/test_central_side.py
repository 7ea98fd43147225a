"""A roll-out that the tool would wait for, hours long: it is ended, and what has not answered is named."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from agent.core.fleet import DocumentState
from central.fleet import GateWord, RolloutFile, read_plan
from tests.fleet.central_side import Rollout
from tests.fleet.waits import InVainError

GATES = ["gate-01", "gate-02", "gate-03"]


@pytest.fixture
def central(tmp_path):
    """The tool says that a stage begins, and then waits for what does not come."""
    command = [sys.executable, "-c", "print('stage 1 of 1', flush=True); input()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as tool:
        yield SimpleNamespace(folder=tmp_path, apply=lambda _plan, _state: tool)
        tool.kill()


@pytest.fixture
def rollout(central):
    fields = {"kind": "configuration", "text": "[mqtt]\nheartbeat_s = 20\n", "for_whom": "all", "gates": GATES}
    return Rollout(central, "good", **fields, percents=(100,), trial_s=120)


def began(rollout, words):
    """Write what the tool keeps once the first stage has begun. `words`: the document's state at each gate."""
    file = RolloutFile(rollout.state, read_plan(rollout.plan))
    state, reports = file.read()
    for gate, told in words.items():
        reports.words[gate] = GateWord(1, state.digest, told, "", "", "")
    file.keep(state.model_copy(update={"stage": 0, "version": 1, "sent": True}), reports)


def test_gates_that_do_not_answer_are_named_with_what_they_said_last(rollout):
    began(rollout, {"gate-01": DocumentState.APPLIED, "gate-02": DocumentState.TRIAL})
    with pytest.raises(InVainError) as caught:
        rollout.run(lambda _line: None, stage_s=0.0)
    words = "waited 0 s in vain for an answer to good of gate-02 (trial), gate-03 (silent)"
    assert str(caught.value) == words
    assert rollout.reached() == set(GATES)


def test_a_tool_that_never_begins_is_named_itself(rollout):
    with pytest.raises(InVainError, match="an answer to good of the tool itself, before its first stage"):
        rollout.run(lambda _line: None, stage_s=0.0)
    assert rollout.reached() == set()
