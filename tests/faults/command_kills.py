"""Kills in the middle of commands: `python -m tests.faults.command_kills --kills 100`.

Exit code 1 when one was done twice or lied about. Central sends a command, the gate is killed within the next 150 ms
and started again, and central sends the same bytes until it has an answer.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from agent.clock.clock import Clock
from agent.mqtt.messages import Outgoing
from agent.mqtt.one_shot_client import OneShotClient
from agent.store.journal.reader import JournalReader
from tests.support.mqtt.command_site import ROOT
from tests.support.mqtt.commanding import body, signed
from tests.support.mqtt.linking import local
from tests.support.mqtt.mosquitto import Broker

KILL_WITHIN_S = 0.15
AGAIN_S = 0.5
TRIES = 60


class Round:
    """One gate over many kills, and central's end."""

    def __init__(self, folder, seed):
        self._random = random.Random(seed)  # noqa: S311 - the same moments each time
        self.journal, self.effects = folder / "journal.db", folder / "effects"
        self.effects.touch()
        self._broker = Broker(folder)
        self._challenge = ""
        self._counter = 0

    @contextmanager
    def _gate(self):
        command = [
            sys.executable,
            "-m",
            "tests.support.mqtt.command_gate",
            str(self._broker.port),
            self.journal,
            self.effects,
        ]
        root = Path(__file__).parents[2]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=root) as gate:
            try:
                assert gate.stdout.readline() == "up\n", "the gate did not start"
                yield
            finally:
                gate.kill()

    def run(self, kills):
        """So many kills; the result that each command had in the end, and how often it was done."""
        with self._broker, OneShotClient(local(self._broker.port)) as client:
            client.subscribe(f"{ROOT}/status")
            client.subscribe(f"{ROOT}/res/#", stored=False)
            return [self._one(client) for _ in range(kills)]

    def _one(self, client):
        with self._gate():
            payload, command = self._command(client)
            client.publish(Outgoing(f"{ROOT}/cmd/open", payload))
            threading.Event().wait(self._random.uniform(0, KILL_WITHIN_S))
        with self._gate():
            result = self._ask_again(client, payload, command)
            repeat = self._ask_again(client, payload, command)
        assert result["result"] == repeat["result"], (result, repeat)
        return result["code"] or result["result"], self.effects.read_text().split().count(command)

    def _command(self, client):
        for message in client.messages(20):
            challenge = json.loads(message.payload).get("challenge") if message.topic.endswith("/status") else None
            if challenge and challenge != self._challenge:
                self._challenge = challenge
                break
        self._counter += 1
        now = int(Clock().now().utc)
        fields = body("open", challenge=self._challenge, counter=self._counter, iat=now, exp=now + 90)
        return signed(fields), fields["id"]

    def _ask_again(self, client, payload, command):
        for _ in range(TRIES):
            client.publish(Outgoing(f"{ROOT}/cmd/open", payload))
            for message in client.messages(AGAIN_S):
                result = json.loads(message.payload) if "/res/" in message.topic else {}
                if result.get("command") == command:
                    return result
                self._note(message)
        raise AssertionError("no answer to a command")

    def _note(self, message):
        if message.topic.endswith("/status"):
            self._challenge = json.loads(message.payload).get("challenge") or self._challenge


ALLOWED = {"done": {1}, "unknown": {0, 1}, "CHALLENGE_WRONG": {0}}


def judge(ended, journal):
    """What was wrong: commands done more often than their result says, and a journal that does not hold together."""
    wrong = [f"{result}, but done {times} times" for result, times in ended if times not in ALLOWED.get(result, ())]
    with JournalReader(journal) as reader:
        if not reader.verify().whole:
            wrong.append("the chain of events is broken")
        kinds = Counter(json.loads(line)["type"] for line in reader.payloads())
    if kinds["command.accepted"] != kinds["command.executed"]:
        wrong.append(f"{kinds['command.accepted']} accepted, {kinds['command.executed']} executed")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tried = Round(Path(folder), asked.seed)
        ended = tried.run(asked.kills)
        wrong = judge(ended, tried.journal)
    counts = dict(sorted(Counter(ended).items()))
    told = ", ".join(f"{result} (done {times} times): {count}" for (result, times), count in counts.items())
    sys.stdout.write(f"{asked.kills} kills in the middle of a command: {told}\n")
    sys.stdout.write("".join(f"WRONG: {what}\n" for what in wrong) or "none was done twice, none was lied about\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
