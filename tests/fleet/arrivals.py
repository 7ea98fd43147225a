"""The vehicles that come to a gate of the proof, and the arm that they wait for; runs inside the gate's container.

python -m tests.fleet.arrivals PERMITS NOTES PLACE

PERMITS: a file with the id and the text of a permit in each line, one vehicle after the other. NOTES: the file to which
it adds a line whenever a vehicle comes or the arm opens. PLACE: the folder with the serial ports of board and scanner.
It goes on whatever becomes of the gate, as drivers do; and whenever the gate stops, the next one comes at once.
"""

import random
import sys
import threading
import time
from contextlib import closing
from functools import partial
from pathlib import Path

from agent.clock.clock import Clock
from drivers.emulators.lcus import LcusEmulator
from drivers.emulators.scanner import ScannerEmulator

RELAY, POST = "relay", "post"
CAME, OPENED, NOBODY = "came", "opened", "-"
AGAIN_S = 1.0
"""How often a driver shows the code again."""
EVERY_S = (10.0, 15.0)
"""From vehicle to vehicle."""
LOOK_S = 0.1
"""How often it is looked whether the gate still has its scanner open."""
CLEAR_S = 5.0
"""From the open arm until the next vehicle is there: longer than a lane that sees nothing takes to be free again."""
OPEN_CHANNEL = 1


class Yard:
    """Who waits before the arm, for the thread of the board and that of the drivers."""

    def __init__(self, file):
        self._file = file
        self._lock = threading.Lock()
        self._waiting = NOBODY
        self._opened = threading.Event()

    def came(self, permit):
        with self._lock:
            self._opened.clear()
            self._waiting = permit
            self._note(permit, CAME)

    def switched(self, change):
        """Take in what the board did; the arm may open although nobody waits, which is noted too."""
        if change.channel == OPEN_CHANNEL and change.on:
            with self._lock:
                self._note(self._waiting, OPENED)
                self._waiting = NOBODY
                self._opened.set()

    def opened(self, within_s):
        """Whether the arm opens for the vehicle that came last."""
        return self._opened.wait(within_s)

    def _note(self, permit, what):
        self._file.write(f"{permit} {what} {Clock().now().utc:.3f}\n")
        self._file.flush()


def let_them_come(permits, yard, show, pause):
    """One vehicle after the other; `permits`: id and text of each.

    `show` holds a text before the scanner. `pause` lets so many seconds go by, or as long as the gate is there.
    """
    for permit, text in permits:
        came_at = time.monotonic()
        yard.came(permit)
        show(text)
        while not yard.opened(AGAIN_S):
            show(text)
        rest_s = random.uniform(*EVERY_S) - (time.monotonic() - came_at)  # noqa: S311 - traffic, no secret
        pause(max(CLEAR_S, rest_s))


def until_gone(has_client, wait, within_s):
    """Let so many seconds go by, fewer where the gate lets its scanner go."""
    until = time.monotonic() + within_s
    while has_client() and time.monotonic() < until:
        wait(LOOK_S)


def main():
    permits, notes, place = map(Path, sys.argv[1:])
    lines = [line.split(" ", 1) for line in permits.read_text(encoding="ascii").splitlines()]
    with closing(notes.open("a", encoding="ascii")) as file:
        yard = Yard(file)
        with LcusEmulator(place / RELAY) as board, ScannerEmulator(place / POST) as scanner:
            board.relays.watch(yard.switched)
            pause = partial(until_gone, lambda: scanner.line.has_client, threading.Event().wait)
            let_them_come(lines, yard, scanner.scan, pause)


if __name__ == "__main__":
    main()
