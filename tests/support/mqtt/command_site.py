"""A link with its command processor over a real journal, and central's end of it."""

import itertools
import json
import threading
import time
import uuid
from contextlib import contextmanager

from agent.core.commands.command import CommandAnswer, Result
from agent.core.events.chain import ClockReading
from agent.core.model import CommandName
from agent.devices.port_supervisor import PortState
from agent.mqtt.client import MqttClient
from agent.mqtt.command_executions import EXECUTION_S
from agent.mqtt.command_processor import CommandProcessor, CommandRules
from agent.mqtt.command_results import CORRELATION_LIMIT
from agent.mqtt.messages import Outgoing
from agent.mqtt.one_shot_client import OneShotClient
from agent.recording.recorder import Recorder
from tests.support.mqtt.commanding import GATE, KEYS, UTC, body, signed
from tests.support.mqtt.linking import local, quick
from tests.support.store.flaky_journal import FlakyJournal
from tests.support.waiting import PATIENCE_S, eventually, scaled

ROOT = f"gate/v1/{GATE}"
LIFE_S = 100
"""Of a command, by the real clock: nearly as much as the gate allows."""


class SteadyClock:
    """A wall clock that goes with the machine's, from a given time, and is synchronised or not."""

    def __init__(self, utc=UTC, synced=True):
        self._utc, self.synced = utc, synced
        self._begun_at = time.monotonic()

    @property
    def utc(self):
        return self._utc + time.monotonic() - self._begun_at

    def __call__(self):
        return ClockReading(self.utc, self.synced, 3 if self.synced else None)


class Executors:
    """Executors that count. `answers`: what one answers, or a callable that is asked; DONE for all others."""

    def __init__(self):
        self.carried_out = []
        self.answers = {}

    def mapping(self):
        return dict.fromkeys(CommandName, self._run)

    def _run(self, command):
        self.carried_out.append(command)
        answer = self.answers.get(command.name, CommandAnswer(Result.DONE, "as ordered"))
        return answer(command) if callable(answer) else answer


class CommandSite:
    """The gate's side. `central` is a client that receives all results."""

    def __init__(self, port, path, *, boot="b1", keys=None, executors=None, utc=UTC, gate=GATE, groups=(), synced=True):
        self.port = port
        self.clock = SteadyClock(utc, synced)
        self.journal = FlakyJournal(path, boot=boot, clock=self.clock)
        self.executors = executors or Executors()
        self.recorder = Recorder(self.journal, lambda: self.clock.utc)
        self.client = MqttClient(quick(port, gate=gate), self)
        self.processor = CommandProcessor(
            self.client,
            CommandRules(gate, KEYS if keys is None else keys, frozenset({"in-1"}), 120, groups),
            self.journal.real,
            self.recorder,
            self.clock,
            self.executors.mapping(),
        )
        self.processor._executions._limit_s = scaled(EXECUTION_S)
        self._counter = itertools.count(self.journal.real.command_counter("duty") + 1)

    def birth(self):
        return json.dumps({"challenge": self.processor.challenge}).encode()

    def status(self, state, broker):
        return json.dumps({"state": state, "challenge": self.processor.challenge}).encode()

    @contextmanager
    def running(self):
        self.processor.start()
        self.client.start()
        try:
            eventually(lambda: self.client.view.state is PortState.UP, what="the link")
            yield self
        finally:
            assert self.processor.stop(scaled(5)), "the processor did not stop in time"
            assert self.client.stop(scaled(5)), "the client did not stop in time"
            self.journal.close()

    def body(self, name="open", **changes):
        """A body that is right at this moment."""
        now = int(self.clock.utc)
        right = {
            "challenge": self.processor.challenge,
            "counter": next(self._counter),
            "iat": now,
            "exp": now + LIFE_S,
        }
        return body(name, **(right | changes))

    def command(self, name="open", **changes):
        """The same, signed."""
        return signed(self.body(name, **changes))

    def refused(self):
        """How many commands were refused so far, told in events or still to be told."""
        told = sum(data["count"] for data in self.data("command.refused"))
        return told + self.processor._refusals.waiting

    def data(self, kind):
        """The data of all recorded events of a type."""
        return [data for type_, data in self.journal.events if type_ == kind]


class CommandSender:
    """Central's end of commands: publishes them, and hears the results in order."""

    def __init__(self, port):
        self.port = port
        self._client = OneShotClient(local(port), timeout_s=PATIENCE_S)
        self.results = []
        self.raw = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self):
        self._client.__enter__()
        self._client.subscribe(f"{ROOT}/res/#")
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(PATIENCE_S)
        self._client.__exit__()

    def _listen(self):
        while not self._stop.is_set():
            for message in self._client.messages(0.1):
                self.raw.append(message)
                self.results.append(json.loads(message.payload))

    def send(self, payload, name="open", **options):
        """Publish a command and return its own result, known by its correlation where that is echoed."""
        before = len(self.results)
        correlation = options.setdefault("correlation", uuid.uuid4().bytes)
        self.publish(payload, name, **options)

        def answers():
            news = zip(self.raw[before:], self.results[before:], strict=False)
            echoed = correlation if len(correlation) <= CORRELATION_LIMIT else None
            return [result for message, result in news if message.correlation == echoed]

        return eventually(answers, what="a result")[0]

    def publish(self, payload, name="open", **options):
        self._client.publish(Outgoing(f"{ROOT}/cmd/{name}", payload, **options))
