"""A whole gate for benchmarks: the agent as a process of its own, and all that it works with, on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from bench.board import pulse_at
from drivers.emulators.modbus_rtu import ModbusEmulator
from tests.support.gate.gate_site import GATE, GateSite, plain_broker
from tests.support.mqtt.central import Central
from tests.support.mqtt.mosquitto import Broker
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bench.post import FullPost
    from drivers.relay_bank import RelayChange

PRESENCE, SAFETY, OPENED, CLOSED = 1, 2, 3, 4
ANSWER_S = 15.0
STREAMING = b'"state":"streaming"'
LANE = """
[lanes.exit-1.timing]
clear_s = 0.1

[lanes.exit-1.relay]
kind = "modbus_rtu"
port = "{port}"

[lanes.exit-1.inputs]
kind = "modbus_rtu"
port = "{port}"

[lanes.exit-1.signals]
presence = 1
safety = 2
opened = 3
closed = 4
"""
CAMERA = """
[[lanes.exit-1.cameras]]
id = "front"
{keys}
"""


class Agent:
    """`gate-agent run` as a process of its own, started at once. `ready_s`: from its start to READY=1.

    `console`: with its console at a socket in the folder. `environment`: variables of its own.
    """

    def __init__(
        self,
        folder: Path,
        configuration: Path,
        *,
        console: bool = False,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        address = folder / "notify"
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified, (folder / "agent.log").open("ab") as log:
            notified.bind(str(address))
            notified.settimeout(30.0)
            begun_at = time.monotonic()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "agent.cli.main", "run", str(configuration)],
                stdout=log,
                stderr=log,
                env=os.environ
                | {"NOTIFY_SOCKET": str(address)}
                | ({"RUNTIME_DIRECTORY": str(folder)} if console else {})
                | environment,
            )
            while b"READY=1" not in notified.recv(4096):
                pass
            self.ready_s = time.monotonic() - begun_at

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class BenchGate:
    """Broker, central system, relay board with inputs, barrier, agent. Vehicles are let in and out by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = GateSite(folder)
        self._stack = ExitStack()
        self._pulsed = threading.Event()
        self._agent: Agent | None = None
        self._streamed = 0

    def __enter__(self) -> Self:
        with self._stack as stack:
            broker = stack.enter_context(Broker(self.folder))
            self._central = stack.enter_context(Central(broker.port, GATE))
            self._board = stack.enter_context(ModbusEmulator(self.folder / "relay-board"))
            self._board.relays.watch(self._switched)
            self._mqtt = plain_broker(broker.port)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, camera: str, *, console: bool = False, post: FullPost | None = None) -> Agent:
        """Start the agent; `camera` holds the TOML keys of its camera. `console`: with its socket."""
        self._board.set_input(CLOSED, on=True)
        lane = LANE.format(port=self._board.line.link) + CAMERA.format(keys=camera)
        configuration = self.site.configure(lane + (post.lane if post else ""), mqtt=self._mqtt)
        environment = post.environment if post else {}
        self._streamed = self._count(STREAMING)
        self._agent = agent = Agent(self.folder, configuration, console=console, environment=environment)
        self._stack.callback(agent.stop)
        return agent

    def wait_for_camera(self) -> None:
        self._until(lambda: self._count(STREAMING) > self._streamed, "the camera")

    def arrive(self) -> None:
        """A vehicle drives onto the loop before the arm."""
        begun = self._count(b'"type":"vehicle.present"')
        self._board.set_input(PRESENCE, on=True)
        self._until(lambda: self._count(b'"type":"vehicle.present"') > begun, "the arrival")

    def expect_pulse(self) -> None:
        """Look out for the next pulse from now on."""
        self._pulsed.clear()

    def pulse_at(self) -> float:
        """When the first byte of the pulse came to the board (monotonic seconds)."""
        if not self._pulsed.wait(ANSWER_S):
            message = f"no pulse came; {self._diagnosis()}"
            raise RuntimeError(message)
        return pulse_at(self._board)

    def pass_through(self) -> None:
        """The arm rises, the vehicle passes under it, the arm falls; returns when the lane is ready for the next."""
        closed = self._count(b'"type":"transaction.closed"')
        self._board.set_input(CLOSED, on=False)
        self._board.set_input(OPENED, on=True)
        self._until(lambda: b'"position":"open"' in self._last(b'"type":"barrier.moved"'), "the open arm")
        self._board.set_input(SAFETY, on=True)
        self._until(lambda: self._last(b'"type":"vehicle.entering"'), "the entry")
        self._board.set_input(PRESENCE, on=False)
        self.pause(0.15)
        self._board.set_input(SAFETY, on=False)
        self._board.set_input(OPENED, on=False)
        self._until(lambda: self._count(b'"type":"transaction.closed"') > closed, "the outcome")
        self._board.set_input(CLOSED, on=True)
        self.pause(0.3)

    @staticmethod
    def pause(seconds: float) -> None:
        threading.Event().wait(seconds)

    def _switched(self, switching: RelayChange) -> None:
        if switching.on and switching.channel == 1:
            self._pulsed.set()

    def _count(self, part: bytes) -> int:
        return sum(part in event for event in list(self._central.events.values()))

    def _last(self, part: bytes) -> bytes:
        return next((event for event in reversed(list(self._central.events.values())) if part in event), b"")

    def _until(self, holds: Callable[[], object], what: str) -> None:
        try:
            eventually(holds, ANSWER_S, what)
        except AssertionError as error:
            message = f"{error}; {self._diagnosis()}"
            raise RuntimeError(message) from None

    def _diagnosis(self) -> str:
        """What tells why something did not come: whether the agent runs, its last events and the end of its log."""
        running = "the agent runs" if self._agent and self._agent.running else "the agent has ended"
        events = b"\n".join(list(self._central.events.values())[-8:]).decode()
        log = (self.folder / "agent.log").read_text(encoding="utf-8")[-4000:]
        return f"{running}; the last events are\n{events}\nand the end of its log is\n{log}"
