"""What stands before the camera of a lane: drawn by the gate's own driver, or by a camera in the network."""

import threading

from agent.lane import put_scene
from drivers.camera.simulated_yard.scene import HEIGHT_PX, WIDTH_PX, Scene, draw_scene
from tests.support.vision.live_rtsp import SELDOM_HZ, LiveCamera

RTSP_PORT = 8554
NOTHING_UNDERSTOOD = {"vehicle": 7}


class DrawnView:
    """The file of a scene that the gate itself draws. To fail, it holds what cannot be understood."""

    def __init__(self, file):
        self._file, self._lock = file, threading.Lock()
        self._scene, self._fails = {}, False
        put_scene(file, {})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def show(self, scene):
        with self._lock:
            self._scene = scene
            if not self._fails:
                put_scene(self._file, scene)

    def fail(self):
        with self._lock:
            self._fails = True
            put_scene(self._file, NOTHING_UNDERSTOOD)

    def mend(self):
        with self._lock:
            self._fails = False
            put_scene(self._file, self._scene)


class StreamedView:
    """A camera that streams the scene by RTSP. To fail, it is gone. `folder`: for its pictures."""

    def __init__(self, folder):
        self._log = (folder / "camera.log").open("ab")
        self._camera = LiveCamera(folder, WIDTH_PX, HEIGHT_PX, self._log, SELDOM_HZ)
        self._camera.port = RTSP_PORT
        self._lock = threading.Lock()
        self._scene, self._fails = {}, True

    def __enter__(self):
        self.mend()
        return self

    def __exit__(self, *_):
        self.fail()
        self._log.close()

    def show(self, scene):
        with self._lock:
            self._scene = scene
            if not self._fails:
                self._camera.show(draw_scene(Scene.model_validate(scene)))

    def fail(self):
        with self._lock:
            self._fails = True
            self._camera.kill()

    def mend(self):
        with self._lock:
            self._camera.start()
            self._fails = False
            self._camera.show(draw_scene(Scene.model_validate(self._scene)))
