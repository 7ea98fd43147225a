"""Everything that can go wrong at a gate, one trouble after the other and several at once, each over after some
seconds.
"""

import contextlib
import os
import signal
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties

from drivers.emulators.board import ReplyFault
from tests.faults.cases import NETWORK_FAULTS
from tests.soak.gate import card
from tests.soak.visitors import Visitor
from tests.support.gate.gate_site import GATE
from tests.support.mqtt.clients import leave
from tests.support.mqtt.commanding import body
from tests.support.mqtt.hostile import ROOT, Hostile
from tests.support.vision.live_rtsp import LiveCamera

STREAM = "01900000-0000-7000-8000-000000000000"
CLOCK_STEPS_S = (-90, -5, 5, 90)
_TO = b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
_FORM = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 25\r\n\r\nname=admin&password=guess"
VISITS = (
    b"GET /login" + _TO + b"\r\n",
    b"GET /" + _TO + b"\r\n",
    b"GET /../../etc/passwd" + _TO + b"\r\n",
    b"POST /login" + _TO + _FORM,
    b"POST /barrier/open" + _TO + _FORM,
    b"GET /" + b"a" * 20_000 + _TO + b"\r\n",
    b"\x16\x03\x01\x02\x00",
)
DEATH = "agent killed"
DEATHS = 0.5
"""Their share of the troubles at the gate, in the time in which the agent is killed too."""


class NetworkCamera:
    """A live RTSP camera that may be killed while somebody shows it a picture. `url` stays the same."""

    def __init__(self, folder):
        self._log = (folder / "camera.log").open("ab")
        self._camera = LiveCamera(folder, 640, 360, self._log)
        self._lock = threading.Lock()
        self._alive = False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        self._log.close()

    @property
    def url(self):
        return self._camera.url

    def start(self):
        with self._lock:
            if not self._alive:
                self._camera.start()
                self._alive = True
                self._camera.show(card(None))

    def kill(self):
        with self._lock:
            if self._alive:
                self._camera.kill()
                self._alive = False

    def show(self, pixels):
        """Show a picture, unless the camera is dead."""
        with self._lock:
            if self._alive:
                self._camera.show(pixels)


def children(pid):
    """The processes that this one started, and those that they started."""
    with contextlib.suppress(OSError):
        own = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
        return [each for child in own for each in (child, *children(child))]
    return []


class Enemy:
    """Sends hostile messages to the gate, as one who may publish whatever he likes."""

    def __init__(self, port, seed):
        self._port = port
        self._messages = Hostile(seed, body, STREAM, 1, b"")

    def attack(self, messages):
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="enemy", protocol=MQTTProtocolVersion.MQTTv5)
        with contextlib.suppress(OSError):  # the broker may be down
            client.connect("127.0.0.1", self._port)
            client.loop_start()
            for assault in (next(self._messages) for _ in range(messages)):
                properties = Properties(mqtt.PUBLISH >> 4)
                if assault.response_topic:
                    properties.ResponseTopic = assault.response_topic.replace(ROOT, f"gate/v1/{GATE}")
                topic = assault.topic.replace(ROOT, f"gate/v1/{GATE}")
                # A retained one would be refused anew at each of the agent's connections, which is tested elsewhere.
                client.publish(topic, assault.payload, qos=0, properties=properties)
            leave(client)


@dataclass(frozen=True)
class Trouble:
    """`begin` makes it, `end` takes it away; both may be called at any time, also where it is over."""

    name: str
    begin: object
    end: object = lambda: None
    least_s: float = 0.2
    most_s: float = 4.0


class Troubles:
    """Three threads that make them: around network and central, at the gate, at its console.

    `told`: how often each came. `deadly`: whether the agent itself is killed too. `visitor`: who is at the console.
    """

    def __init__(self, world, disk, clock_file, seed):
        self.told = Counter()
        self.failures = []
        self.deadly = threading.Event()
        self._world = world
        self._disk = disk
        self._clock_file = clock_file
        self._dice = Random(seed)  # noqa: S311 - to be repeatable
        self._enemy = Enemy(world.broker.port, seed)
        self.visitor = Visitor(world.gate.console_port, world.gate.console_code, Random(seed))  # noqa: S311 - as above
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._make, args=(troubles, Random(self._dice.random())))  # noqa: S311 - as above
            for troubles in (self._around(), self._at_the_gate(), self._at_the_console())
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _make(self, troubles, dice):
        while not self._over.wait(dice.uniform(1, 6)):
            deaths = [trouble for trouble in troubles if trouble.name == DEATH]
            alive = not deaths or not self.deadly.is_set() or dice.random() > DEATHS
            trouble = dice.choice([trouble for trouble in troubles if trouble.name != DEATH] if alive else deaths)
            try:
                trouble.begin()
                self._over.wait(dice.uniform(trouble.least_s, trouble.most_s))
                trouble.end()
            except Exception as error:  # noqa: BLE001 - a thread that ends must not look like a quiet time
                self.failures.append(f"{trouble.name}: {type(error).__name__}: {error}")
                return
            self.told[trouble.name] += 1

    # ------------------------------------------------------------------------------------------------ around the gate

    def _around(self):
        world = self._world
        return [
            Trouble("broker killed", world.broker.kill, world.broker.start),
            Trouble("broker hangs", world.broker.freeze, world.broker.thaw),
            Trouble("consumer killed", world.consumer.kill, lambda: world.consumer.start(wait=False)),
            *(
                Trouble(
                    f"network: {mode}", lambda mode=mode: self._network(mode), lambda: self._network("pass"), 0.5, 6
                )
                for mode in NETWORK_FAULTS
            ),
            Trouble("hostile messages", lambda: self._enemy.attack(40), most_s=0.3),
        ]

    def _network(self, mode):
        self._world.proxy.mode = mode

    # --------------------------------------------------------------------------------------------------- at the gate

    def _at_the_gate(self):
        gate, dice = self._world.gate, self._dice
        cables = list(gate.cables.values())
        boards = [*gate.boards.values(), gate.post_board]
        faults = list(ReplyFault)
        troubles = [
            *(Trouble("cable pulled", cable.unplug, cable.plug) for cable in cables),
            *(
                Trouble("board answers wrongly", lambda board=board: board.fail(dice.choice(faults), 3), most_s=0.5)
                for board in boards
            ),
            Trouble("vision worker killed", lambda: self._signal_worker(signal.SIGKILL), most_s=0.5),
            Trouble("vision worker hangs", lambda: self._signal_worker(signal.SIGSTOP), most_s=0.5),
            Trouble("camera gone", gate.camera.kill, gate.camera.start),
            Trouble("camera shows nonsense", lambda: gate.show_drawn('{"vehicle": 7'), lambda: gate.show_drawn({})),
            Trouble(DEATH, self._kill_agent, most_s=0.1),
        ]
        if self._disk is not None:
            troubles.append(Trouble("disk full", self._disk.fill, self._disk.free, 2, 8))
        if self._clock_file is not None:
            troubles.append(Trouble("clock stepped", self._step, lambda: self._set_clock(0)))
        return troubles

    def _signal_worker(self, sign):
        workers = children(self._world.agent.pid)
        if workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._dice.choice(workers), sign)

    def _kill_agent(self):
        self._world.agent.kill()
        time.sleep(self._dice.uniform(0, 1))  # noqa: TID251 - nothing is waited for: it is the time without a gate
        self._world.compare()
        self._world.start()

    def _step(self):
        self._set_clock(self._dice.choice(CLOCK_STEPS_S))

    def _set_clock(self, step_s):
        draft = self._clock_file.with_suffix(".new")
        draft.write_text(f"{step_s:+d}\n", encoding="ascii")
        draft.replace(self._clock_file)

    # ------------------------------------------------------------------------------------------------ at the console

    def _at_the_console(self):
        return [
            Trouble("strangers at the console", self._attack_console, most_s=0.3),
            Trouble("a technician at the console", self.visitor.visit, most_s=0.3),
        ]

    def _attack_console(self):
        """Ask the console for what anybody may see, for what nobody may without a name, and for nonsense."""
        port = self._world.gate.console_port
        for _ in range(20):
            request = self._dice.choice(VISITS) + self._dice.randbytes(self._dice.choice((0, 0, 200)))
            # The agent may be away, and it may hang up.
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 2) as visit:
                visit.settimeout(2)
                visit.sendall(request)
                visit.recv(4096)
