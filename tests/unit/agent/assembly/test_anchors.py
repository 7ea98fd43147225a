"""A whole agent whose trust anchors root locks while it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.anchors import AnchorStore
from agent.clock import Clock
from agent.core.anchors import Sender
from agent.settings import anchors_folder
from tests.support.anchors.people import OTHER_ROOT_KEY, document, public, signed
from tests.support.gate.gate_site import GateSite
from tests.support.gate.installed import AgentProcess
from tests.support.gate.subscriber import Hearing, Recorded
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="anchors count only where they are root's")
COMMAND = Path(sys.executable).with_name("gate-agent")
LANE = """
[lanes.exit-1.relay]
kind = "simulated"
"""


class Gate:
    """An agent in a process of its own; its journal is what it tells."""

    def __init__(self, folder):
        self.site = GateSite(folder)
        self.path = self.site.configure(LANE, mqtt="enabled = false")
        self.store = AnchorStore(anchors_folder(self.path))
        self.agent = AgentProcess(SimpleNamespace(command=COMMAND, scratch=folder), self.path)
        self.hearing = Hearing(Recorded(self.site.journal), self.agent.until)

    def adopt(self):
        people = [f"--person={name}={public(name)}" for name in ("aigul", "bolat")]
        command = [COMMAND, "anchors", "adopt", "--yes", *people, "-c", self.path]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        return self.hearing.wait("anchors.changed", authority="root")

    def reload(self):
        os.kill(self.agent.pid, signal.SIGHUP)


@pytest.fixture
def gate(tmp_path):
    folder = tmp_path / "gate"
    folder.mkdir()
    gate = Gate(folder)
    with gate.agent:
        gate.hearing.wait("gate.started")
        yield gate


def test_what_root_adopts_and_two_persons_change_is_recorded_and_taken_without_anybodys_help(gate):
    adopted = gate.adopt()
    told = {one["key"]: one for one in adopted["data"]["anchors"]}
    assert told["permits.root_keys"]["before"] == []
    assert told["permits.root_keys"]["after"][0].startswith("sha256:")
    before = gate.hearing.wait("gate.started", adopted["seq"])  # it has taken them
    held, now = gate.store.held(), Clock().now().utc
    payload = document(held, iat=int(now), exp=int(now) + 600)
    gate.store.change(signed(payload, "person:aigul", "person:bolat"), Sender.SERVICE, now)
    changed = gate.hearing.wait("anchors.changed", before["seq"], authority="persons")
    assert (changed["data"]["by"], changed["data"]["number"]) == (["aigul", "bolat"], 2)
    after = gate.hearing.wait("gate.started", before["seq"])
    assert after["data"]["configuration"] != before["data"]["configuration"]


def test_an_agent_whose_configuration_names_another_key_goes_on_with_roots_and_says_so(gate):
    before = gate.hearing.wait("gate.started", gate.adopt()["seq"])
    text = gate.path.read_text(encoding="utf-8")
    (line,) = [one for one in text.splitlines() if one.startswith("root_keys")]
    gate.path.write_text(text.replace(line, f'root_keys = ["{OTHER_ROOT_KEY}"]'), encoding="utf-8")
    gate.reload()
    after = gate.hearing.wait("gate.started", before["seq"])
    assert after["data"]["configuration"] == before["data"]["configuration"]
    gate.agent.until(lambda: "permits.root_keys: is a trust anchor" in gate.agent.log, "the warning")


def test_anchors_that_are_not_roots_alone_any_more_are_refused_and_the_gate_runs_on(gate):
    started = gate.hearing.wait("gate.started", gate.adopt()["seq"])
    (gate.store.folder / "anchors.toml").chmod(0o666)
    gate.reload()
    refused = gate.hearing.wait("configuration.refused", started["seq"])["data"]
    assert "must belong to root" in refused["detail"]
    assert refused["running"] == started["data"]["configuration"]
    assert gate.agent.running
