"""The whole agent, its state folder put back from a backup: noticed by what the broker holds, and by the head file."""

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

from agent.core.trust_state import unproven_head
from agent.store.head_file import HeadFile
from agent.store.journal.reader import JournalReader
from tests.support.gate.gate_site import GATE, GateSite, plain_broker
from tests.support.mqtt.mosquitto import Broker, Listener, needs_mosquitto, publish
from tests.support.waiting import eventually, scaled

pytestmark = needs_mosquitto
ROOT = f"gate/v1/{GATE}"
LANE = """
[lanes.exit-1.relay]
kind = "simulated"
name = "lost"
"""
STOP_S = 30


class Attacked:
    """A gate in processes of its own, whose state folder is copied and put back."""

    def __init__(self, folder, port, head_file=None):
        self.site = GateSite(folder)
        self.site.configure(LANE, mqtt=plain_broker(port))
        if head_file is not None:
            text = self.site.configuration.read_text()
            self.site.configuration.write_text(text.replace("[state]\n", f'[state]\nhead_file = "{head_file}"\n'))
        self.state = folder / "state"
        self.backup = folder / "backup"

    @contextmanager
    def running(self):
        command = [sys.executable, "-m", "agent.cli.main", "run", self.site.configuration]
        with (
            self.site.configuration.with_suffix(".log").open("ab") as out,
            subprocess.Popen(command, stdout=out, stderr=out) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    def run_once(self, heard):
        """Run until it is online, and stop in order."""
        births = len(said(heard, "birth"))
        with self.running() as process:
            eventually(lambda: len(said(heard, "birth")) > births, what="the birth")
            process.terminate()
            assert process.wait(scaled(STOP_S)) == 0

    def back_up(self):
        shutil.copytree(self.state, self.backup)

    def put_back(self):
        shutil.rmtree(self.state)
        shutil.copytree(self.backup, self.state)

    @property
    def stream(self):
        with JournalReader(self.site.journal) as reader:
            return reader.standing().head.stream


def said(heard, path):
    return [json.loads(message["payload"]) for message in heard.on(f"{ROOT}/{path}")]


def parts(status):
    return {name: part["state"] for name, part in status["trust_state"].items()}


def locked_by(heard):
    """Who has locked the lane, by the newest status."""
    return said(heard, "status")[-1].get("orders", {}).get("exit-1", {}).get("locked_by", "")


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


def test_the_retained_status_shows_a_backup_that_was_put_back(tmp_path, broker):
    """H3: backup, events, restore: the same stream went on, and its numbers were used again."""
    gate = Attacked(tmp_path, broker.port)
    with Listener(broker.port, f"{ROOT}/#") as heard:
        gate.run_once(heard)
        gate.back_up()
        gate.run_once(heard)
        stream = gate.stream
        gate.put_back()
        with gate.running() as process:
            assert process.wait(scaled(STOP_S)) == 1, "it starts over by itself"
        with gate.running() as process:
            status = eventually(
                lambda: [one for one in said(heard, "status") if one.get("stream") not in {stream, None}],
                what="a status of a new stream",
            )[-1]
            assert parts(status)["ledger"] == "lost"
            eventually(lambda: locked_by(heard) == "gate-agent", what="the lane is locked")
            alarms = eventually(
                lambda: [one for one in said(heard, "event/alarm.raised") if one["data"]["alarm"] == "state_not_whole"],
                what="the alarm",
            )
            assert "older copy" in alarms[0]["data"]["detail"]
            process.terminate()
            assert process.wait(scaled(STOP_S)) == 0


@pytest.mark.parametrize("kept", [(), ("gate.key",)], ids=["with its key", "but for its key"])
def test_a_state_that_is_gone_is_shown_by_the_status_and_locks_the_lane_that_runs_already(tmp_path, broker, kept):
    """H2: the loss is noticed once the broker is reached, when the lane has long come up without its orders."""
    gate = Attacked(tmp_path, broker.port)
    with Listener(broker.port, f"{ROOT}/#") as heard:
        gate.run_once(heard)
        for path in gate.state.iterdir():
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        with gate.running() as process:
            eventually(lambda: locked_by(heard) == "gate-agent", what="the lane is locked")
            ordered = eventually(lambda: said(heard, "event/lane.ordered"), what="the order")
            assert (ordered[-1]["data"]["order"], ordered[-1]["data"]["operator"]) == ("locked", "gate-agent")
            assert parts(said(heard, "status")[-1])["orders"] == "lost"
            process.terminate()
            assert process.wait(scaled(STOP_S)) == 0


def test_the_head_file_names_the_last_event_of_a_gate_that_was_stopped(tmp_path, broker):
    gate = Attacked(tmp_path, broker.port, head_file=tmp_path / "witness" / "head")
    with Listener(broker.port, f"{ROOT}/#") as heard:
        gate.run_once(heard)
    with JournalReader(gate.site.journal) as reader:
        assert unproven_head(HeadFile(tmp_path / "witness" / "head").read().text).seq == reader.standing().head.seq


def test_the_head_file_shows_it_before_anything_is_recorded(tmp_path, broker):
    """H3: no event of the old stream is recorded once more, and nothing has to start over."""
    gate = Attacked(tmp_path, broker.port, head_file=tmp_path / "witness" / "head")
    with Listener(broker.port, f"{ROOT}/#") as heard:
        gate.run_once(heard)
        gate.back_up()
        gate.run_once(heard)
        publish(broker.port, f"{ROOT}/fence", "{}")
        eventually(lambda: said(heard, "fence"), what="all that it said before")
        stream, count = gate.stream, len(said(heard, "event/gate.started"))
        gate.put_back()
        gate.run_once(heard)
        assert gate.stream != stream
        started = eventually(
            lambda: said(heard, "event/gate.started")[count:], what="the start, told in the new stream"
        )
        assert {one["stream"] for one in started} == {gate.stream}
        told = parts(said(heard, "birth")[-1])
        # No permit was ever used here, and the head file says so; it holds the orders too.
        assert told == {"journal": "lost", "ledger": "whole", "lists": "whole", "orders": "whole"}
