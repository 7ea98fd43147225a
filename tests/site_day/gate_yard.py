"""The yard of a gate, as it is handled from outside its container: who comes, which device fails, what was seen."""

import json
from contextlib import ExitStack

from tests.fleet.vehicles import CODE, UNIT, Vehicles
from tests.site_day import yard
from tests.site_day.configuration import DRAWN, FOLDER, FRONT, PLACE, STREAMED, TWO_LANES
from tests.site_day.network_camera import NetworkCamera
from tests.site_day.permits import scene_of
from tests.support.packaging.debian_packages import SEEN, STORE, own_target
from tests.support.waiting import eventually
from tools.deb.environment import ready_environment

BEGIN_S = 60.0


class Yard(Vehicles):
    """The vehicles of one gate, and its devices. `number`: of the gate. `folder`: what it shares with the container."""

    required = '["revocations"]'

    def __init__(self, machine, number, folder):
        super().__init__(machine, number)
        self._folder, self._stack = folder, ExitStack()
        for path in (folder, folder / yard.FAULTS, folder / yard.SCENE):
            path.mkdir()
            path.chmod(0o777)
        self._camera = NetworkCamera(folder, folder / yard.SCENE_FILE, machine) if number % 2 == 0 else None
        self.lanes = TWO_LANES + FRONT + (DRAWN if self._camera is None else STREAMED)

    def __enter__(self):
        if self._camera is not None:
            self._stack.enter_context(self._camera)
        return self

    def __exit__(self, *_):
        self._stack.close()

    def lay_down(self, arrivals, texts, began):
        """Say who comes when. `texts`: of their codes, by number. `began`: Unix seconds at which the day begins."""
        rows = [
            {
                "number": one.number,
                "lane": one.lane,
                "at": began + one.at_s,
                "kind": one.kind,
                "text": texts[one.number],
                "scene": scene_of(one),
            }
            for one in arrivals
        ]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (self._folder / yard.VEHICLES).write_text(text, encoding="utf-8")

    def begin(self):
        """Put the devices there, and let the vehicles come that are still to come."""
        target = own_target()
        modules = f"{CODE}:{SEEN / ready_environment(target, STORE).name}"
        before = self._times_begun()
        self._machine.ask(
            f"systemd-run --quiet --unit={UNIT} --property=User=gate-agent --property=RuntimeDirectory=board"
            f" --setenv=PYTHONPATH={modules}"
            f" /usr/bin/python{target.python} -B -m tests.site_day.yard {FOLDER} {PLACE}"
        )
        eventually(lambda: self._times_begun() > before, BEGIN_S, "the yard")
        if self._camera is not None:
            self._camera.set_power(on=True)

    def lose_power(self):
        """All that is at the gate is without power; the devices inside its container are gone with it."""
        if self._camera is not None:
            self._camera.set_power(on=False)

    def _times_begun(self):
        return sum(note["what"] == yard.BEGUN for note in self.notes())

    def fail(self, device):
        """Have a device fail until it is repaired."""
        if device == yard.SCENE and self._camera is not None:
            self._camera.set_failing(fails=True)
        else:
            (self._folder / yard.FAULTS / device).touch()

    def repair(self, device):
        if device == yard.SCENE and self._camera is not None:
            self._camera.set_failing(fails=False)
        else:
            (self._folder / yard.FAULTS / device).unlink(missing_ok=True)

    def notes(self):
        """All that was seen at the lanes until now, in order."""
        file = self._folder / yard.NOTES
        lines = file.read_text(encoding="ascii").split("\n")[:-1] if file.exists() else []
        return [json.loads(line) for line in lines]
