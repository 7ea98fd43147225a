"""The yard of a gate: its boards, its scanner, its sign, and the vehicles; runs inside the gate's container.

python -m tests.site_day.yard FOLDER PLACE

FOLDER: with the file `vehicles`, a JSON object in each line (tests.site_day.yard.Due), and the file `notes`, to which
it adds a line for whatever happens: when a vehicle comes, shows its code and leaves, and all that the boards switch.
A file of the name of a device that lies in its folder `faults` has that device fail as long as it is there; its
folder `scene` has what stands before the camera. PLACE: the folder with the serial ports. It goes on whatever becomes
of the gate, as drivers do.
"""

import json
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from agent.clock.clock import Clock
from drivers.emulators.board import ReplyFault
from drivers.emulators.lcus import LcusEmulator
from drivers.emulators.modbus_rtu import ModbusEmulator
from drivers.emulators.onbon import OnbonEmulator
from drivers.emulators.scanner import ScannerEmulator
from tests.site_day.kinds import CAMERA, POST
from tests.site_day.lane_yards import OPEN, CameraYard, DrawnView, PostYard

NOTES, VEHICLES, FAULTS = "notes", "vehicles", "faults"
BEGUN = "yard"
"""What is noted when the devices are there."""
BOARD, POST_BOARD, SCANNER, SIGN, SCENE = "board", "post-board", "scanner", "sign", "scene"
SCENE_FILE = f"{SCENE}/scene.json"
NONSENSE, STRAY_PULSE = "nonsense", "stray-pulse"
"""The board answers what it must not; and, a fault of the proof, it moves its relay although nobody has told it to."""
LOOK_S = 0.1
STRAY_S = 0.5


@dataclass(frozen=True)
class Due:
    """A vehicle that is due. `at`: Unix seconds. `text`: of the code that it shows, "" for none. `scene`: what the
    camera sees of the vehicle.
    """

    number: int
    lane: str
    at: float
    kind: str
    text: str
    scene: dict


class Notes:
    """The file of what happened, for all threads."""

    def __init__(self, path):
        self._file = path.open("a", encoding="ascii")
        self._lock = threading.Lock()

    def add(self, what, lane, **more):
        line = json.dumps({"at": round(Clock().now().utc, 4), "what": what, "lane": lane} | more)
        with self._lock:
            self._file.write(f"{line}\n")
            self._file.flush()

    def close(self):
        self._file.close()


def dues(lines):
    """The vehicles by the lines of their file."""
    return [Due(**json.loads(line)) for line in lines]


def drive(lane_yard, due):
    """Let the vehicles of a lane come one after the other; who was due while there was no yard went elsewhere."""
    for one in due:
        late_s = Clock().now().utc - one.at
        if late_s < 0:
            threading.Event().wait(-late_s)
        lane_yard.serve(one)


class Failing:
    """Devices that fail while a file of their name lies in a folder. `means`: what begins and ends it, by name."""

    def __init__(self, folder, means):
        self._folder, self._means, self._now = folder, means, set()

    def look(self):
        there = {name for name in self._means if (self._folder / name).exists()}
        for name in there - self._now:
            self._means[name][0]()
        for name in self._now - there:
            self._means[name][1]()
        self._now = there


def main():
    folder, place = map(Path, sys.argv[1:])
    since = Clock().now().utc
    due = [one for one in dues((folder / VEHICLES).read_text(encoding="utf-8").splitlines()) if one.at >= since]
    notes = Notes(folder / NOTES)
    view = DrawnView(folder / SCENE_FILE)
    with ExitStack() as stack:
        stack.callback(notes.close)
        board = stack.enter_context(ModbusEmulator(place / BOARD))
        post_board = stack.enter_context(LcusEmulator(place / POST_BOARD))
        scanner = stack.enter_context(ScannerEmulator(place / SCANNER))
        sign = stack.enter_context(OnbonEmulator(place / SIGN, lines=2, columns=16))
        camera_yard = stack.enter_context(CameraYard(CAMERA, notes, board, sign, view))
        yards = (camera_yard, PostYard(POST, notes, post_board, scanner))
        failing = Failing(
            folder / FAULTS,
            {
                BOARD: (board.unplug, board.plug),
                POST_BOARD: (post_board.unplug, post_board.plug),
                SCANNER: (scanner.unplug, scanner.plug),
                SIGN: (sign.unplug, sign.plug),
                SCENE: (view.fail, view.repair),
                NONSENSE: (lambda: board.fail(ReplyFault.CORRUPT), lambda: board.fail(None)),
                STRAY_PULSE: (lambda: board.relays.pulse(OPEN, STRAY_S), lambda: None),
            },
        )
        for yard in yards:
            mine = [one for one in due if one.lane == yard.lane]
            threading.Thread(target=drive, args=(yard, mine), daemon=True).start()
        notes.add(BEGUN, "")
        pause = threading.Event()
        while not pause.wait(LOOK_S):
            failing.look()


if __name__ == "__main__":
    main()
