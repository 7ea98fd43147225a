"""A whole gate for the browser: a live network camera, an emulated board with loops, a broker, and its console."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager

from agent.assembly.app import App
from agent.assembly.part_factory import ConfigurationSource
from agent.clock.clock import Clock
from agent.service.systemd_notify import Notifier
from agent.settings.configuration_loading import load_configuration
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene
from tests.support.console.consoles import session_token
from tests.support.gate.gate_site import GATE, GateSite, plain_broker
from tests.support.gate.lanes import GONE_S, LONGEST_DECIDE_S, READ_S, InputsLane
from tests.support.mqtt.central import Central
from tests.support.mqtt.mosquitto import Broker, free_port
from tests.support.vision.live_rtsp import LiveCamera
from tests.support.waiting import eventually

OPEN_WITHIN_S = PATIENCE_S = 60
PLATE = "京A12345"
CAMERA = """
[[lanes.exit-1.cameras]]
id = "front"
{keys}
zone = [[0.1, 0.3], [0.9, 0.3], [0.9, 0.95], [0.1, 0.95]]
"""
SECOND_LANE = """
[lanes.entry-2]
number = 2
direction = "import"

[lanes.entry-2.relay]
kind = "simulated"
name = "{board}"

[[lanes.entry-2.cameras]]
id = "hand"
kind = "simulated"
readers = ["qr"]
frame_rate_hz = 5

[console]
enabled = true
port = {port}
"""


class BrowserGate:
    """The gate and the world around it. Told to reload its configuration, it restarts, as the service does."""

    def __init__(self, folder):
        self.site = GateSite(folder)
        self.path = self.site.configuration
        self.port = free_port()
        self._folder = folder
        self._stack = ExitStack()
        self._reload = threading.Event()
        self._may_start = threading.Event()
        self._may_start.set()
        self._stopping = False
        self._restarter = threading.Thread(target=self._restart_when_asked, daemon=True)
        self.restarts = 0
        self.app = None

    def __enter__(self):
        with ExitStack() as stack:
            self.broker = stack.enter_context(Broker(self._folder))
            stack.enter_context(Central(self.broker.port, GATE))
            self.lane = stack.enter_context(InputsLane(self._folder))
            self.camera = stack.enter_context(LiveCamera(self._folder))
            self.camera.show(draw_scene(Scene()))
            second = SECOND_LANE.format(board=self._folder.name, port=self.port)
            self.site.configure(
                _patient(self.lane.toml) + CAMERA.format(keys=self.camera.toml),
                mqtt=plain_broker(self.broker.port),
                more=second,
            )
            self.app = self._started()
            stack.callback(self._stop)
            self._restarter.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def token(self, role):
        return session_token(self.app, role)

    def until(self, condition, what="the condition"):
        return eventually(condition, PATIENCE_S, what)

    def show(self, **scene):
        """Put a scene before the camera."""
        self.camera.show(draw_scene(Scene(**scene)))

    def vehicle(self, permit=None, plate=PLATE):
        """A vehicle with its plate comes and shows a permit."""
        self.show(vehicle=Vehicle(plate=plate), code=permit and ShownCode(text=permit))
        self.lane.arrive(self.until)

    def pass_by(self, plate=PLATE):
        """One vehicle with a good permit drives through; returns when it is recorded."""
        before = self.lane.pulses
        self.vehicle(self.site.permit(plate), plate)
        self.until(lambda: self.lane.pulses > before, "the pulse")
        self.show()
        self.lane.drive_through(self.until)
        self.until(lambda: self.app.lanes[0].view.state == "idle", "the end of the passage")

    def turn_back(self, plate=PLATE):
        """One vehicle without a good permit comes, is refused, and leaves."""
        self.vehicle(self.site.forged(plate), plate)
        self.until(lambda: self.app.lanes[0].view.state == "denied", "the refusal")
        self.show()
        self.lane.leave(self.until)
        self.until(lambda: self.app.lanes[0].view.state == "idle", "the end of the refusal")

    def restart(self):
        """Stop the agent and start it with what its configuration says now, as the service does."""
        self.stop()
        self._may_start.wait(PATIENCE_S)
        self.start()
        self.restarts += 1

    def stop(self):
        """Stop the agent alone."""
        self.app.stop("a test", again=True)

    def start(self):
        """Start it again."""
        self.app = self._started()

    def _started(self):
        source = ConfigurationSource(self.path, None, self._reload.set)
        app = App(load_configuration(self.path), Clock(), Notifier.from_environment({}), lambda _what: None, source)
        app.start()
        assert app.console.wait_open(OPEN_WITHIN_S)
        return app

    @contextmanager
    def stopped_at_restart(self):
        """A restart stops the agent and starts it only after this; the service, too, takes seconds for one."""
        self._may_start.clear()
        try:
            yield
        finally:
            self._may_start.set()

    def _restart_when_asked(self):
        while self._reload.wait() and not self._stopping:
            self._reload.clear()
            self.restart()

    def _stop(self):
        self._stopping = True
        self._reload.set()
        self._restarter.join(30)
        self.app.stop("the end of the tests")


def _patient(toml):
    """A lane whose board is asked less often, and where all have more time: a browser draws on the same cores."""
    for quick, slow in (
        ("poll_hz = 50", "poll_hz = 10"),
        (f"read_s = {READ_S}", "read_s = 30"),
        (f"decide_s = {LONGEST_DECIDE_S}", "decide_s = 30"),
        (f"gone_s = {GONE_S}", "gone_s = 3"),  # a picture in which nothing changes is read once a second
    ):
        assert quick in toml
        toml = toml.replace(quick, slow)
    return toml
