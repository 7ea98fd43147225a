"""The gate of the soak: two lanes with a camera and a board with loops, two with a scanner, and vehicles without end.

A truck lane at a land port takes a vehicle every two minutes; here each lane gets twenty times as many.
"""

import json
import subprocess
import threading
import time
from collections import Counter
from contextlib import ExitStack
from random import Random

import numpy as np
import segno

from drivers.emulators.lcus import LcusEmulator
from drivers.emulators.modbus_rtu import ModbusEmulator
from drivers.emulators.scanner import ScannerEmulator
from tests.faults.gate import CONFIGURATION
from tests.support.gate.gate_site import GATE, SITE, GateSite
from tests.support.mqtt.mosquitto import free_port

REAL_EVERY_S = 120.0
"""From vehicle to vehicle in a truck lane."""
EVERY_S = REAL_EVERY_S / 21
"""A little more often than twenty times: what does not come while the agent is dead never comes."""
GAP_S = 2.0
"""Until the next one at the least: a lane that sees nothing holds one for gone after `blind_passage_s` and `gone_s`."""
ANSWER_S = 8.0
PRESENCE, SAFETY, OPENED, CLOSED = 5, 6, 7, 8
"""Inputs; a board that starts anew links input n to relay n, and relay 1 opens."""
LOOP_LANES = ("exit-1", "exit-2")
POST_LANES = ("exit-3", "exit-4")
CONSOLE = """
[console]
enabled = true
port = {port}
"""
LANE = """
[lanes.exit-{number}]
number = {number}
direction = "export"

[lanes.exit-{number}.rules]
without_plate = "pass"

[lanes.exit-{number}.timing]
read_s = 4
decide_s = 3
gone_s = 0.5
"""
LOOPS = """clear_s = 0.1

[lanes.exit-{number}.relay]
kind = "modbus_rtu"
port = "{port}"

[lanes.exit-{number}.inputs]
kind = "modbus_rtu"
port = "{port}"

[lanes.exit-{number}.signals]
presence = {presence}
safety = {safety}
opened = {opened}
closed = {closed}

[[lanes.exit-{number}.cameras]]
id = "front-{number}"
{camera}
"""
POST = """blind_passage_s = 1

[lanes.exit-{number}.barrier]
open_channel = {channel}
pulse_ms = 200

[lanes.exit-{number}.relay]
kind = "lcus"
port = "{port}"
channels = 2

[[lanes.exit-{number}.scanners]]
id = "post-{number}"
kind = "serial_lines"
port = "{scanner}"
"""


class Seen:
    """What the lanes' drivers and the boards saw, for all threads.

    `latencies`: (moment, seconds from code to relay).
    """

    def __init__(self):
        self.pulses = Counter()
        self.vehicles = Counter()
        self.latencies = []
        self.genuine = set()
        self._lock = threading.Lock()
        self._pulsed = {name: threading.Event() for name in (*LOOP_LANES, *POST_LANES)}
        self._shown_at = {}

    def switched(self, lane, at):
        with self._lock:
            self.pulses[lane] += 1
            shown_at = self._shown_at.pop(lane, None)
            if shown_at is not None:
                self.latencies.append((at, at - shown_at))
        self._pulsed[lane].set()

    def shown(self, lane):
        """A good permit is shown from now on."""
        self._pulsed[lane].clear()
        with self._lock:
            self._shown_at[lane] = time.monotonic()

    def opened(self, lane, within_s):
        """Wait for the pulse."""
        opened = self._pulsed[lane].wait(within_s)
        with self._lock:
            self._shown_at.pop(lane, None)
        return opened

    def count(self, sort):
        with self._lock:
            self.vehicles[sort] += 1


class SoakGate:
    """The agent, not started yet, and all around it; a context manager. What World and Outside ask of a gate, it has.

    `cables`: the devices on serial lines. `failures`: why a lane's vehicles do not come any more.
    """

    def __init__(self, installed, folder, *, mqtt, seed, state=None, journal_keys="", environment=None, camera=None):
        self.site = GateSite(folder)
        self.seen = Seen()
        self.traffic = threading.Event()
        self.journal = (state or folder / "state") / "journal.db"
        self.camera = camera
        self.console_port = free_port()
        self.failures = []
        self._dice = Random(seed)  # noqa: S311 - to be repeatable
        self.scene = folder / "yard" / "scene.json"
        self.scene.parent.mkdir()
        self.show_drawn({})
        self.boards = {lane: ModbusEmulator(folder / f"board-{lane}") for lane in LOOP_LANES}
        self.posts = {lane: ScannerEmulator(folder / f"scanner-{lane}") for lane in POST_LANES}
        self.post_board = LcusEmulator(folder / "post-board", channels=2)
        for lane, board in self.boards.items():
            board.relays.watch(lambda switching, lane=lane: self._switched(switching, {1: lane}))
        self.post_board.relays.watch(lambda switching: self._switched(switching, dict(enumerate(POST_LANES, 1))))
        self.agent = installed.agent(self._configure(mqtt, journal_keys), environment)
        self._installed = installed
        self.closing = threading.Event()
        self._queue, self._due_at = threading.Lock(), 0.0
        self._threads = [
            *(threading.Thread(target=self._driven, args=(self._drive_loops, lane)) for lane in LOOP_LANES),
            *(threading.Thread(target=self._driven, args=(self._drive_post, lane)) for lane in POST_LANES),
        ]
        self._stack = ExitStack()

    @property
    def pulses(self):
        return self.seen.pulses

    @property
    def cables(self):
        """All serial devices, by name."""
        return self.boards | self.posts | {"post board": self.post_board}

    def console_code(self):
        """A new code for the console's first administrator; none, "", where the disk is full or the machine is too
        busy.
        """
        try:
            return self._installed.run("console", "code", "-c", self.site.configuration).stdout.partition(" ")[0]
        except subprocess.TimeoutExpired:
            return ""

    def __enter__(self):
        with self._stack as stack:
            for device in self.cables.values():
                stack.enter_context(device)
            for board in self.boards.values():
                board.set_input(CLOSED, on=True)
            self._due_at = time.monotonic()
            for thread in self._threads:
                thread.start()
                stack.callback(thread.join)
            stack.callback(self.closing.set)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.agent.__exit__()
        self._stack.close()

    def _configure(self, mqtt, journal_keys):
        site, folder = self.site, self.site.folder
        text = CONFIGURATION.format(
            gate=GATE,
            site=SITE,
            state=self.journal.parent,
            folder=folder,
            root_key=site.root_key,
            journal=journal_keys,
            mqtt=mqtt,
        )
        text += CONSOLE.format(port=self.console_port)
        cameras = (
            f'kind = "simulated"\nscene_file = "{self.scene}"\nframe_rate_hz = 8',
            f'kind = "opencv"\nurl = "{self.camera.url}"\nread_timeout_ms = 1000',
        )
        inputs = {"presence": PRESENCE, "safety": SAFETY, "opened": OPENED, "closed": CLOSED}
        for number, lane in enumerate(LOOP_LANES, 1):
            text += LANE.format(number=number)
            port = self.boards[lane].line.link
            text += LOOPS.format(number=number, port=port, camera=cameras[number - 1], **inputs)
        for channel, lane in enumerate(POST_LANES, 1):
            number = channel + len(LOOP_LANES)
            text += LANE.format(number=number)
            port, scanner = self.post_board.line.link, self.posts[lane].line.link
            text += POST.format(number=number, channel=channel, port=port, scanner=scanner)
        site.configuration.write_text(text, encoding="utf-8")
        return site.configuration

    def _switched(self, switching, lanes):
        if switching.on and switching.channel in lanes:
            self.seen.switched(lanes[switching.channel], switching.at)

    # ------------------------------------------------------------------------------------------------- what is shown

    def show_drawn(self, scene):
        """Put this before the drawn camera, whole or, as text, whatever it is."""
        fresh = self.scene.with_suffix(".new")
        fresh.write_text(scene if isinstance(scene, str) else json.dumps(scene), encoding="utf-8")
        fresh.replace(self.scene)

    def _show(self, lane, text):
        """Hold a code before the lane's camera; none for None."""
        if lane == LOOP_LANES[0]:
            code = {} if text is None else {"code": {"text": text}}
            self.show_drawn({} if text is None else {"vehicle": {"plate": ""}} | code)
        else:
            self.camera.show(card(text))

    def _permit(self):
        permit_id = self._dice.randbytes(8)
        self.seen.genuine.add(permit_id.hex())
        return self.site.permit(None, permit_id=permit_id)

    # ------------------------------------------------------------------------------------------------ what vehicles do

    def _driven(self, drive, lane):
        try:
            drive(lane)
        except Exception as error:  # noqa: BLE001 - a thread that ends must not look like a lane without vehicles
            self.failures.append(f"{lane}: {type(error).__name__}: {error}")

    def _wait(self, seconds):
        return self.closing.wait(seconds)

    def _vehicles(self, dice):
        """Let one vehicle after the other come to this lane until the soak is over: each goes to the lane that is free
        first.
        """
        while not self._wait(GAP_S):
            with self._queue:
                self._due_at += dice.uniform(0.5, 1.5) * EVERY_S / len(self._threads)
                wait_s = self._due_at - time.monotonic()
            if self._wait(max(0.0, wait_s)):
                return
            if self.traffic.is_set():
                yield

    def _drive_post(self, lane):
        dice = Random(f"{lane} {self._dice.random()}")  # noqa: S311 - to be repeatable
        scanner, last = self.posts[lane], ""
        for _ in self._vehicles(dice):
            kind = dice.choices(("good", "used again", "forged", "scribble"), (70, 10, 10, 10))[0]
            if kind == "used again" and last:
                text = last
            elif kind == "forged":
                text = self.site.forged("京A12345")
            elif kind == "scribble":
                text = dice.choice((b"\x00\xff" * 40, b"GP1:" + dice.randbytes(200), b"A" * 5000))
            else:
                kind, last = "good", self._permit()
                text = last
                self.seen.shown(lane)
            scanner.scan(text)
            if kind == "good":
                kind = "passed a post" if self.seen.opened(lane, ANSWER_S) else "not let in at a post"
            self.seen.count(kind)

    def _drive_loops(self, lane):
        dice = Random(f"{lane} {self._dice.random()}")  # noqa: S311 - to be repeatable
        last = ""
        for _ in self._vehicles(dice):
            kind = dice.choices(("good", "used again", "forged", "shows nothing", "backs out"), (65, 10, 10, 5, 10))[0]
            self._set(lane, PRESENCE, on=True)
            self._wait(0.3)
            text = None
            if kind == "used again" and last:
                text = last
            elif kind == "forged":
                text = self.site.forged("京A12345")
            elif kind != "shows nothing":
                last = text = self._permit()
                self.seen.shown(lane)
            self._show(lane, text)
            opened = self.seen.opened(lane, ANSWER_S if text is not None else 2.0)
            if opened and kind != "backs out":
                self._pass_under(lane)
            self._show(lane, None)
            self._set(lane, PRESENCE, on=False)
            if opened and kind == "backs out":
                self._lower(lane)
            self.seen.count(kind if kind != "good" else "passed a loop" if opened else "not let in at a loop")

    def _set(self, lane, number, *, on):
        self.boards[lane].set_input(number, on=on)

    def _pass_under(self, lane):
        self._set(lane, CLOSED, on=False)
        self._wait(0.4)
        self._set(lane, OPENED, on=True)
        self._wait(0.3)
        self._set(lane, SAFETY, on=True)
        self._wait(0.3)
        self._set(lane, PRESENCE, on=False)
        self._wait(0.4)
        self._set(lane, SAFETY, on=False)
        self._lower(lane)

    def _lower(self, lane):
        self._wait(0.3)
        self._set(lane, OPENED, on=False)
        self._wait(0.4)
        self._set(lane, CLOSED, on=True)


def card(text):
    """A grey yard of 640x360 with a code held before it, as BGR pixels; none for None."""
    pixels = np.full((360, 640, 3), 110, np.uint8)
    if text is not None:
        rows = [[not module for module in row] for row in segno.make_qr(text, error="m").matrix_iter(border=4)]
        code = np.kron(np.array(rows, np.uint8) * 255, np.ones((4, 4), np.uint8))[:360]
        pixels[: code.shape[0], 100 : 100 + code.shape[1]] = code[..., None]
    return pixels
