"""A gate's whole link with its command processor, under hostile messages: what they did, counted."""

import contextlib
import itertools
import logging
import queue
import threading

from agent.core.commands.command import CommandAnswer, Result
from agent.core.events.event_types import Draft
from agent.core.model import CommandName
from agent.core.model.token_bucket import TokenBucket
from agent.devices.port_supervisor import PortState
from agent.mqtt.central_link import CentralLink
from agent.mqtt.command_executions import EXECUTION_S
from agent.mqtt.command_processor import VERIFIED_A_SECOND, VERIFIED_AT_ONCE, CommandProcessor, CommandRules
from agent.mqtt.delivery_settings import DeliverySettings
from agent.mqtt.messages import Outgoing
from agent.mqtt.one_shot_client import OneShotClient
from agent.mqtt.presence import GateIdentity
from agent.recording.recorder import Recorder
from tests.support.mqtt.command_site import LIFE_S, CommandSender, Executors, SteadyClock
from tests.support.mqtt.commanding import GATE, KEYS, UTC, body, signed
from tests.support.mqtt.hostile import Hostile
from tests.support.mqtt.linking import local, quick
from tests.support.store.flaky_journal import FlakyJournal
from tests.support.waiting import PATIENCE_S, eventually, scaled

FIRST_COUNTER = 1_000


class Crashes(logging.Handler):
    """Counts what was logged with a traceback, and what ended a thread."""

    def __init__(self):
        super().__init__()
        self.found = []

    def emit(self, record):
        if record.exc_info:
            self.found.append(record.getMessage())

    def __enter__(self):
        self._hook, threading.excepthook = threading.excepthook, lambda args: self.found.append(repr(args.exc_value))
        logging.getLogger("agent").addHandler(self)
        return self

    def __exit__(self, *_):
        threading.excepthook = self._hook
        logging.getLogger("agent").removeHandler(self)


class HostileSite:
    """`checked`: every message is judged by its own check; else the limits of the product hold."""

    def __init__(self, port, path, *, checked):
        self.port = port
        self.checked = checked
        self.clock = SteadyClock(UTC)
        self.journal = FlakyJournal(path, clock=self.clock)
        self.recorder = Recorder(self.journal, lambda: self.clock.utc)
        self.executors = Executors()
        self.crashes = Crashes()
        self.link = CentralLink(
            quick(port, gate=GATE, status_every_s=2),
            DeliverySettings(resend_s=5.0),
            GateIdentity(GATE, "0.1.0", "b1", {}),
            self.journal.real,
            self.clock,
            extra=lambda: {"challenge": self.processor.challenge, "commands": self.processor.offer},
            note=lambda event: self.recorder.note([Draft(event, None, None, self.clock.utc)]),
        )
        rules = CommandRules(GATE, KEYS, frozenset({"in-1"}), 120)
        self.processor = CommandProcessor(
            self.link.client, rules, self.journal.real, self.recorder, self.clock, self.executors.mapping()
        )
        self.processor._executions._limit_s = scaled(EXECUTION_S)
        if checked:
            self.processor._verifying = TokenBucket(1e9, 10**9)
            self.processor._inbox = queue.Queue()
        else:
            # However slowly this machine makes the flood, it comes faster than signatures are looked at.
            self.processor._verifying = TokenBucket(VERIFIED_A_SECOND / scaled(1.0), VERIFIED_AT_ONCE)
        self._counter = itertools.count(FIRST_COUNTER)
        self.sent = {}
        self.refusable = self.tries = 0
        self.effects = []

    @contextlib.contextmanager
    def running(self):
        with self.crashes:
            self.link.start()
            self.processor.start()
            try:
                eventually(lambda: self.link.client.view.state is PortState.UP, what="the link")
                yield self
            finally:
                assert self.processor.stop(scaled(10)), "the processor did not stop"
                assert self.link.stop(scaled(6)), "the link did not stop"

    def body(self, name):
        """A body that is right now."""
        now = int(self.clock.utc)
        right = {"challenge": self.processor.challenge, "counter": next(self._counter), "iat": now, "exp": now + 20}
        return body(name, **right)

    def _lasting(self, name):
        """The same, of one that is to be obeyed: it may come late."""
        right = self.body(name)
        return right | {"exp": right["iat"] + LIFE_S}

    def assault(self, count, seed):
        """Send that many hostile messages after one right command; the right one is the only thing that happens."""
        with CommandSender(self.port) as central, OneShotClient(local(self.port), timeout_s=PATIENCE_S) as one_shot:
            taken = signed(self._lasting("open"))
            assert central.send(taken)["result"] == "done"
            self.executors.carried_out.clear()
            hostile = Hostile(seed, self.body, self.journal.real.stream, self.journal.real.head, taken)
            for assault in itertools.islice(hostile, count):
                if self.checked:
                    eventually(lambda: self.processor._inbox.qsize() < 32, within_s=60)
                self.sent[assault.kind] = self.sent.get(assault.kind, 0) + 1
                # What is empty is not a command: it clears what was retained there.
                self.refusable += "/cmd" in assault.topic and assault.kind not in {"replayed", "empty"}
                receipt = one_shot.publish(
                    Outgoing(
                        assault.topic,
                        assault.payload,
                        retain=assault.retain,
                        response_topic=assault.response_topic,
                        correlation=assault.correlation,
                    )
                )
                assert not receipt.refused, receipt.words
            eventually(self.processor._inbox.empty, within_s=60)
            self.effects = list(self.executors.carried_out)
            for name in CommandName:
                one_shot.publish(Outgoing(f"gate/v1/{GATE}/cmd/{name.value}", b"", retain=True))
            self._obey_once_more(central)

    def _obey_once_more(self, central):
        """Wait until a right command is obeyed again: as soon as the limits let it through.

        Without limits it is sent once: each would be obeyed, however late.
        """
        patience_s = 15.0 if self.checked else 1.0
        self.executors.answers[CommandName.SNAPSHOT] = CommandAnswer(Result.DONE, "still here")

        def obeyed():
            self.tries += 1
            central.publish(signed(self._lasting("snapshot") | {"arguments": {"camera": "front"}}), "snapshot")
            return eventually(
                lambda: any(result["detail"] == "still here" for result in central.results), within_s=patience_s
            )

        for _ in range(30):
            with contextlib.suppress(AssertionError):
                if obeyed():
                    return
        raise AssertionError("a right command is not obeyed any more")

    def refusals(self):
        """How many commands were refused by what the events say, by code; and how many events there are in all."""
        counts = {}
        events = self.journal.events
        for kind, data in events:
            if kind == "command.refused":
                counts[data["code"]] = counts.get(data["code"], 0) + data["count"]
        return counts, len(events)
