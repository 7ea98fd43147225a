"""What vehicles do in the two lanes of a gate, and what they make its devices see."""

import threading
import time
from dataclasses import replace

from agent.lane import put_scene
from sim.demo.real_time import QUICK, RealTimeRunner
from sim.physics import DriverBehaviour, DrivingPlan
from tests.site_day.kinds import KINDS, TURNS_BACK

OPEN, CLOSE, GREEN = 5, 6, 8
"""Relays whose inputs have no wire: a relay that follows its own input does not move one of these."""
POST_OPEN = 1
PATIENCE_S = 60.0
"""So long a driver with a good permit waits for the barrier."""
TURNED_AWAY_S = 25.0
"""After so long a driver who has nothing to hope for drives away from the camera, whatever the sign says."""
WITHOUT_CODE_S, AT_THE_POST_S = 12.0, 5.0
"""The same without a code, and at the post, which has no sign."""
FINAL_WORDS = ("not valid", "expired", "officer", "come back", "turn back")
"""What the sign says to a driver who may not pass."""
AGAIN_S = 2.0
"""How often a driver at the post shows the code again."""
CLEAR_S = 3.5
"""From the open arm of the post until the next vehicle: longer than a lane that sees nothing takes to be free again."""
COMES_S, GOES_S = 20.0, 60.0
LOOK_S = 0.05
BARRIER = replace(QUICK, closes_itself=False)
"""The agent itself closes this barrier: what it orders while a vehicle is under the arm is found out."""
DRIVES = DrivingPlan(speed_mps=4.2, acceleration_mps2=6.0, stop_m=-1.3, reaction_s=0.2, away_m=-7.0)
LOOKS_AND_LEAVES = replace(DRIVES, conduct=DriverBehaviour.STAYS, rest_s=0.5)


class DrawnView:
    """What stands before the camera: a file with the scene. To fail, it holds what nobody can understand."""

    def __init__(self, file):
        self._file, self._lock = file, threading.Lock()
        self._scene, self._fails = {}, False
        put_scene(file, {})

    def show(self, scene):
        with self._lock:
            self._scene = scene
            if not self._fails:
                put_scene(self._file, scene)

    def fail(self):
        with self._lock:
            self._fails = True
            put_scene(self._file, {"vehicle": 7})

    def repair(self):
        with self._lock:
            self._fails = False
            put_scene(self._file, self._scene)


class CameraYard:
    """The lane with a camera and loops. `view`: what stands before the camera."""

    def __init__(self, lane, notes, board, sign, view):
        self.lane = lane
        self._notes, self._sign, self._view = notes, sign, view
        self._now, self._opened = None, threading.Event()
        self._runner = RealTimeRunner(lambda number, on: board.set_input(number, on=on), lambda _: None, BARRIER)
        board.relays.watch(self._switched)

    def __enter__(self):
        self._runner.start()
        return self

    def __exit__(self, *_):
        self._runner.stop()

    def serve(self, one):
        """One vehicle, from its coming to the closed arm behind it."""
        runner, crossings = self._runner, self._runner.crossings
        self._now = one.number
        self._opened.clear()
        self._notes.add("came", self.lane, number=one.number)
        runner.come(LOOKS_AND_LEAVES if one.kind == TURNS_BACK else DRIVES)
        self._until(lambda: runner.view.presence, COMES_S)
        self._view.show(one.scene | ({"code": {"text": one.text}} if one.text else {}))
        self._notes.add("shown", self.lane, number=one.number)
        opened = self._is_let_in(one)
        if not opened:
            self._notes.add("gives up", self.lane, number=one.number, sign=self._told())
            runner.refuse()
        self._until(lambda: not runner.view.vehicles, GOES_S)
        self._view.show({})
        passed = runner.crossings > crossings
        self._notes.add("gone", self.lane, number=one.number, passed=passed, struck=runner.struck)
        self._now = None
        self._until(lambda: runner.view.arm == 0.0, GOES_S)
        threading.Event().wait(1.0)

    def _is_let_in(self, one):
        """Wait until the barrier opens, or until the driver gives up."""
        if KINDS[one.kind].may_open:
            return self._opened.wait(PATIENCE_S)
        until = time.monotonic() + (TURNED_AWAY_S if one.text else WITHOUT_CODE_S)
        while not self._opened.wait(AGAIN_S) and time.monotonic() < until:
            if one.text and any(words in self._told().lower() for words in FINAL_WORDS):
                break
        return self._opened.is_set()

    def _told(self):
        return " ".join(line.text for line in self._sign.display.lines if line.text)

    def _switched(self, change):
        if change.channel == OPEN:
            self._runner.energise(on=change.on)
            if change.on:
                self._notes.add("pulse", self.lane, number=self._now)
                self._opened.set()
        elif change.channel == CLOSE:
            self._runner.energise(on=change.on, contact="close")
            if change.on:
                self._notes.add("close", self.lane, number=self._now, under=self._is_under())
        elif change.channel == GREEN:
            self._runner.light(green=change.on)

    def _is_under(self):
        return any(rear < 0.0 < front for rear, front in self._runner.view.vehicles)

    @staticmethod
    def _until(condition, within_s):
        pause, deadline = threading.Event(), time.monotonic() + within_s
        while not condition() and time.monotonic() < deadline:
            pause.wait(LOOK_S)


class PostYard:
    """The lane with a scanner, whose board has no inputs: it sees no vehicle."""

    def __init__(self, lane, notes, board, scanner):
        self.lane = lane
        self._notes, self._scanner = notes, scanner
        self._now, self._opened = None, threading.Event()
        board.relays.watch(self._switched)

    def serve(self, one):
        """One vehicle, from its coming to the free lane behind it."""
        good = KINDS[one.kind].may_open
        self._now = one.number
        self._opened.clear()
        self._notes.add("came", self.lane, number=one.number)
        self._notes.add("shown", self.lane, number=one.number)
        opened, until = False, time.monotonic() + (PATIENCE_S if good else AT_THE_POST_S)
        self._scanner.scan(one.text)
        while not opened and time.monotonic() < until:
            opened = self._opened.wait(AGAIN_S)
            if not opened and good:
                self._scanner.scan(one.text)
        if not opened:
            self._notes.add("gives up", self.lane, number=one.number)
        threading.Event().wait(CLEAR_S)
        self._notes.add("gone", self.lane, number=one.number, passed=opened)
        self._now = None

    def _switched(self, change):
        if change.channel == POST_OPEN and change.on:
            self._notes.add("pulse", self.lane, number=self._now)
            self._opened.set()
