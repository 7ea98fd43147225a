"""Gates at the cluster: real journals and the product's own link, without cameras and barriers."""

import threading
import time
from collections import deque

from agent.broker.addresses import BrokerAddress
from agent.broker.tls import TlsFiles
from agent.clock.clock import Clock
from agent.core.commands.command import CommandAnswer, Result
from agent.core.crypto.keys import SigningKey
from agent.core.events.acknowledgement import AckPolicy
from agent.core.events.chain import ClockReading
from agent.core.events.event_types import DeviceChanged, Draft
from agent.core.model import CommandName
from agent.devices.port_supervisor import PortState
from agent.mqtt.central_link import CentralLink
from agent.mqtt.client_settings import ClientSettings
from agent.mqtt.command_processor import CommandProcessor, CommandRules
from agent.mqtt.delivery_settings import DeliverySettings
from agent.mqtt.presence import GateIdentity
from agent.recording.recorder import Recorder
from agent.store.journal.journal import Journal

WATCH_S = 0.02
UTC = 1_800_000_000.0
ACK_KEY = SigningKey.from_seed(bytes(range(32)))
"""By which central signs; the gates believe nothing else."""


def clock():
    return ClockReading(UTC, synced=True, error_ms=3)


class Gate:
    """One gate. `reconnects_s` gets how long it was without a broker, each time; `stored_s`: from the record of each
    event to the journal's note that central has it (written at most ten times a second). `ordered_by`: the keys for
    commands, which are counted in `orders` and otherwise done without any effect. `port`: the only one to connect to;
    else those of the nodes.
    """

    def __init__(self, name, folder, cluster, reconnects_s, *, ordered_by=None, port=None, **changes):
        self.name = name
        self._reconnects_s = reconnects_s
        self.stored_s = []
        self._lost_at = None
        self._made_at = deque()
        self.journal = Journal.open(folder / f"{name}.sqlite", gate=name, boot="boot-1", clock=clock, max_bytes=1 << 26)
        ports = [node.mqtts for node in cluster.nodes] if port is None else [port]
        settings = ClientSettings(
            gate=name,
            brokers=tuple(BrokerAddress("localhost", each, tls=True) for each in ports),
            tls=TlsFiles(*cluster.files(name)),
            start_spread_s=1.0,
            **changes,
        )
        self.link = CentralLink(
            settings,
            DeliverySettings(),
            GateIdentity(name, "0", "boot-1", {}),
            self.journal,
            clock,
            acks=AckPolicy(name, {"central": ACK_KEY.public}),
            extra=self._said_of_commands,
            observe_link=self._saw,
        )
        self.orders = []
        self._processor = None if ordered_by is None else self._take_orders(ordered_by)

    def _take_orders(self, keys):
        return CommandProcessor(
            self.link.client,
            CommandRules(self.name, keys, frozenset({"in-1"}), 120),
            self.journal,
            Recorder(self.journal, lambda: UTC),
            lambda: ClockReading(Clock().now().utc, synced=True, error_ms=3),
            dict.fromkeys(CommandName, self._obey),
        )

    def _obey(self, command):
        self.orders.append(command.name)
        return CommandAnswer(Result.DONE, "as ordered")

    def _said_of_commands(self):
        return {} if self._processor is None else {"challenge": self._processor.challenge}

    def start(self):
        if self._processor is not None:
            self._processor.start()
        self.link.start()

    def stop(self):
        if self._processor is not None:
            assert self._processor.stop(), f"the command processor of {self.name} did not stop in time"
        ended = self.link.stop()
        self.journal.close()
        assert ended, f"the link of {self.name} did not stop in time"

    @property
    def up(self):
        return self.link.client.view.state is PortState.UP

    @property
    def settled(self):
        return self.journal.watermark == self.journal.head

    def record(self):
        self.journal.record(
            [Draft(DeviceChanged(device="relay", family="relay", state="up", detail="a test"), None, None, UTC)]
        )
        self._made_at.append((self.journal.head, time.monotonic()))

    def watch(self, now):
        """Note which events central has by now."""
        watermark = self.journal.watermark
        while self._made_at and self._made_at[0][0] <= watermark:
            self.stored_s.append(now - self._made_at.popleft()[1])

    def _saw(self, view):
        match view.state:
            case PortState.LOST if self._lost_at is None:
                self._lost_at = time.monotonic()
            case PortState.UP if self._lost_at is not None:
                self._reconnects_s.append(time.monotonic() - self._lost_at)
                self._lost_at = None


class Gates:
    """Several gates that record at a steady rate (events a second, all together) while `recording` is set."""

    def __init__(self, names, folder, cluster, *, rate, **changes):
        self._reconnects_s = []
        self.all = [Gate(name, folder, cluster, self._reconnects_s, **changes) for name in names]
        self._pause_s = 1.0 / rate
        self.recording = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failed = None

    def __enter__(self):
        for gate in self.all:
            gate.start()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._closing.set()
        self._thread.join(10)
        for gate in self.all:
            gate.stop()
        assert self.failed is None, self.failed

    def _run(self):
        turn = 0
        due_at = time.monotonic()
        try:
            while not self._closing.wait(WATCH_S):
                now = time.monotonic()
                while self.recording.is_set() and due_at <= now:
                    self.all[turn % len(self.all)].record()
                    turn, due_at = turn + 1, due_at + self._pause_s
                due_at = max(due_at, now - 1.0)
                for gate in self.all:
                    gate.watch(now)
        except Exception as error:
            self.failed = repr(error)
            raise

    @property
    def reconnects_s(self):
        """How long gates were without a broker, in the order in which they came back."""
        return list(self._reconnects_s)

    @property
    def up(self):
        return all(gate.up for gate in self.all)

    @property
    def settled(self):
        return all(gate.settled for gate in self.all)

    @property
    def decided(self):
        return sum(gate.journal.head for gate in self.all)
