"""A camera in the network of a gate: it streams by RTSP what the yard says that stands before it."""

import threading

from drivers.camera.simulated_yard.scene import HEIGHT_PX, WIDTH_PX, Scene, draw_scene
from tests.support.vision.live_rtsp import SELDOM_HZ, LiveCamera

RTSP_PORT = 8554
LOOK_S = 0.05


class NetworkCamera:
    """`file`: with the scene. `machine`: the container in whose network it is, by the address of the machine itself.

    It streams while the machine has power, unless it fails; the two may change in any order.
    """

    def __init__(self, folder, file, machine):
        self._file, self._machine = file, machine
        self._log = (folder / "camera.log").open("ab")
        self._camera = LiveCamera(folder, WIDTH_PX, HEIGHT_PX, self._log, SELDOM_HZ)
        self._camera.port = RTSP_PORT
        self._lock, self._over = threading.Lock(), threading.Event()
        self._powered, self._fails, self._streams, self._seen = False, False, False, None
        self._thread = threading.Thread(target=self._look)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self.set_power(on=False)
        self._log.close()

    def set_power(self, *, on):
        """The machine has power again, and with it a new network, or has lost both."""
        with self._lock:
            self._powered = on
            self._settle()

    def set_failing(self, *, fails):
        with self._lock:
            self._fails = fails
            self._settle()

    def _settle(self):
        wanted = self._powered and not self._fails
        if wanted and not self._streams:
            with self._machine.network():
                self._camera.start()
            self._seen = None
        elif self._streams and not wanted:
            self._camera.kill()
        self._streams = wanted

    def _look(self):
        while not self._over.wait(LOOK_S):
            with self._lock:
                if self._streams:
                    self._show()

    def _show(self):
        status = self._file.stat()
        version = (status.st_mtime_ns, status.st_ino)
        if version != self._seen:
            self._seen = version
            self._camera.show(draw_scene(Scene.model_validate_json(self._file.read_bytes())))
