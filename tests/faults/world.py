"""A gate with traffic, a broker, the reference consumer, and a witness on the wire: what every case happens to."""

import threading
import time
from contextlib import ExitStack
from random import Random

from agent.core.crypto.keys import SigningKey
from agent.store.journal.reader import JournalReader
from tests.faults.consumer import Consumer
from tests.faults.gate import Gate
from tests.faults.judge import Ending, Outside, judge
from tests.faults.witness import Witness
from tests.support.gate.gate_site import plain_broker
from tests.support.mqtt.faultproxy import FaultProxy
from tests.support.mqtt.mosquitto import Broker

QUICK = "keepalive_s = 5\nheartbeat_s = 5"
ACK_KEY = SigningKey.from_seed(bytes(range(32)))
ACK_KEYS = f'[[mqtt.ack_keys]]\nid = "central"\npublic_key = "{ACK_KEY.public.raw.hex()}"'
STARTED_WITHIN_S = 30
OLD_ENOUGH = 0.7
NEWS_WITHIN_S = 120
QUIET_S = 0.8
DRAINED_WITHIN_S = 180
SETTLED_WITHIN_S = 2


class World:
    """A context manager; the agent is not started yet. `tell(cycle, events, lost)` is called after each cycle.

    `proxy`: whether a fault proxy stands between gate and broker. `make_gate`: takes what Gate takes.
    """

    started_within_s = STARTED_WITHIN_S
    drained_within_s = DRAINED_WITHIN_S

    def __init__(self, installed, folder, *, seed, tell, proxy=False, state=None, journal_keys="", make_gate=Gate):
        self.folder = folder
        self.dice = Random(seed)  # noqa: S311 - to be repeatable
        self.broker = Broker(folder, "max_queued_messages 100000")
        (folder / "ack.pem").write_bytes(ACK_KEY.to_pem())
        self.consumer = Consumer(folder, f"mqtt://127.0.0.1:{self.broker.port}", "--ack-key", folder / "ack.pem")
        self.witness = Witness(self.broker.port)
        self.proxy = FaultProxy(self.broker.port) if proxy else None
        port = self.proxy.port if self.proxy else self.broker.port
        mqtt = f"{plain_broker(port)}\n{QUICK}\n{ACK_KEYS}"
        self.gate = make_gate(installed, folder, mqtt=mqtt, seed=seed, state=state, journal_keys=journal_keys)
        self.outside = Outside()
        self._tell = tell
        self._before = None
        self._stack = ExitStack()

    def __enter__(self):
        with self._stack as stack:
            for part in (self.broker, self.witness, self.consumer, self.proxy, self.gate):
                if part is not None:
                    stack.enter_context(part)
            self.gate.traffic.set()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    @property
    def agent(self):
        return self.gate.agent

    def start(self):
        """Start the agent."""
        self._before = self._head().seq if self._before is not None else 0
        self.agent.start()

    def begin(self):
        """Start the agent, wait until it has recorded its start, and until central has heard of it."""
        self.start()
        self._wait_until_started()
        self.gets_on()

    def live(self):
        """Let the agent run for a random time; now and then not even to the end of its start."""
        if self.dice.random() < OLD_ENOUGH:
            self._wait_until_started()
        self.hesitate(0.1, 1.5)

    def _wait_until_started(self):
        self.until(self._has_started, "the start", self.started_within_s)

    def _has_started(self):
        if self._before == 0:
            # The journal may be in the making.
            return self.consumer.count() > 0
        return self._head().seq > self._before

    def hesitate(self, least_s, most_s):
        """Let a random time go by."""
        threading.Event().wait(self.dice.uniform(least_s, most_s))

    def seen(self):
        """What the world outside has seen until now."""
        return {"pulses": dict(self.gate.pulses), "seen": list(self.witness.seen)}

    def compare(self, seen=None):
        """Hold the journal of now against what was seen outside, until now if not told."""
        self.outside.compare(self.gate.journal, self.consumer, **(seen or self.seen()))

    def told(self, cycle):
        self._tell(cycle, self.consumer.count(), self.outside.lost)

    def until(self, condition, what, within_s):
        """Wait for a condition, and fail at once when the agent or the consumer ends meanwhile."""
        self.agent.until(lambda: self.consumer.runs and condition(), what, within_s)

    def gets_on(self):
        """Wait until central gets something new."""
        before = self.consumer.count()
        self.until(lambda: self.consumer.count() > before, "news at central", NEWS_WITHIN_S)

    def finish(self):
        """Let the traffic end, wait until central has all, stop the agent, and judge: the Ending."""
        if not self.agent.running:
            self.start()
        self._wait_until_started()
        self.gate.traffic.clear()
        self._stop()
        while self._behind():
            # It stopped before central had its last words; the next start brings them.
            self.begin()
            self._stop()
        self.compare()
        judgement = judge(self.gate.journal, self.consumer)
        return Ending(judgement, self.witness.duplicates, tuple(self.outside.breaches))

    def _stop(self):
        """Stop the agent when it has nothing more to say and central has all of it."""
        self._quiet()
        self.until(lambda: self._behind() == 0, "all events at central", self.drained_within_s)
        self.agent.stop()
        deadline = time.monotonic() + SETTLED_WITHIN_S
        while self._behind() and time.monotonic() < deadline:
            threading.Event().wait(0.05)

    def _quiet(self):
        """Wait until the gate records nothing more, as nobody comes."""
        heads = [-1, self._head().seq]
        while heads[-1] != heads[-2]:
            threading.Event().wait(QUIET_S)
            heads.append(self._head().seq)

    def _behind(self):
        head = self._head()
        return head.seq - self.consumer.highest(head.stream)

    def _head(self):
        with JournalReader(self.gate.journal) as journal:
            return journal.standing().head
