"""A gate as it comes out of its box, with everything that a technician connects: a board with loops and a camera."""

from __future__ import annotations

from contextlib import ExitStack

from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene
from tests.browser.gate import BrowserGate
from tests.support.gate.lanes import InputsLane
from tests.support.mqtt.mosquitto import free_port
from tests.support.vision.live_rtsp import LiveCamera

BOX = """
version = 1

[gate]
id = "gate-1"
site = 1

[state]
directory = "{state}"

[permits]
root_keys = ["e42f822c916cb9d453846d4247d280fbaea1f4ee7a761418b60f219711f431e3"]

[clock]
require_synchronised = false

[mqtt]
enabled = false

[console]
enabled = true
port = {port}

[lanes.exit-1]
number = 1
direction = "export"

[lanes.exit-1.timing]
read_s = 60.0
decide_s = 60.0
grant_s = 60.0
stale_s = 5.0
gone_s = 3.0

[lanes.exit-1.relay]
kind = "simulated"

[lanes.exit-1.inputs]
kind = "simulated"

[lanes.exit-1.signals]
presence = 1
safety = 2

[[lanes.exit-1.cameras]]
id = "front"
kind = "simulated"
frame_rate_hz = 2
"""


class SetupGate(BrowserGate):
    """The gate of the box, its board and its camera, which nobody has told it of yet."""

    def __enter__(self):
        with ExitStack() as stack:
            self.lane = stack.enter_context(InputsLane(self._folder))
            self.camera = stack.enter_context(LiveCamera(self._folder))
            self.camera.show(draw_scene(Scene()))
            self.path.write_text(BOX.format(state=self._folder / "state", port=self.port), encoding="utf-8")
            self.app = self._started()
            stack.callback(self._stop)
            self._restarter.start()
            self._stack = stack.pop_all()
        return self

    @property
    def board_port(self):
        """The port of the board, as a technician types it."""
        return str(self.lane._modem.client.link)

    def use(self, number, *, on):
        """Somebody at the barrier uses an input of the board."""
        self.lane._server.inputs[number - 1] = on

    def code(self):
        """The code that `gate-agent console code` prints."""
        return self.app.console.access.code.renew()

    def vehicle(self, permit=None, plate=""):
        """A vehicle comes and shows a permit."""
        self.show(vehicle=Vehicle(plate=plate), code=permit and ShownCode(text=permit))
        self.lane.arrive(self.until)


def new_gate(folder):
    """A gate of its own for one test."""
    gate = SetupGate(folder)
    gate.port = free_port()
    return gate
