"""A camera supervisor that a test watches: all that it says, to be waited for."""

import queue
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from agent.vision.supervisor import CameraSupervisor
from agent.vision.worker.protocol import ChangeDetectorSettings, Configure
from agent.vision.worker_link import VisionWorkerLimits
from tests.support.waiting import PATIENCE_S, scaled

ROOT = Path(__file__).parents[3]
CHILD = str(ROOT / "tests" / "support" / "vision" / "worker_child.py")
LIMITS = VisionWorkerLimits(
    start_s=scaled(15),
    hang_s=scaled(3),
    reading_s=PATIENCE_S,
    camera_s=scaled(8),
    stop_s=scaled(3),
    killed_s=scaled(1),
    retry_first_s=0.05,
    retry_cap_s=0.1,
)


class WatchedSupervisor:
    """A camera supervisor, with all that it says."""

    def __init__(self, mode, limits=LIMITS, command=None, **settings):
        self.detections = queue.Queue()
        self.statuses = []
        self._looked = 0
        self._changed = threading.Condition()
        table = {
            "camera_kind": "drawn",
            "camera": {},
            "heartbeat_s": 0.05,
            "stale_s": min(60.0, scaled(2.0)),
            "gate": ChangeDetectorSettings(enabled=False),
        }
        self.port = CameraSupervisor(
            "lane1-front",
            Configure(**(table | settings)),
            on_seen=self.detections.put,
            on_status=self._note,
            limits=limits,
            command=command or [sys.executable, CHILD, mode],
        )

    def _note(self, status):
        with self._changed:
            self.statuses.append(status)
            self._changed.notify_all()

    def status(self, wanted, within_s=PATIENCE_S):
        """Wait for a status of which `wanted` is true, at once or later than the one found before, and return it."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._next(wanted), within_s)
        assert found, self.statuses
        return found

    def _next(self, wanted):
        for index in range(self._looked, len(self.statuses)):
            if wanted(self.statuses[index]):
                self._looked = index
                return self.statuses[index]
        return None

    def detection(self, wanted=lambda seen: True, within_s=PATIENCE_S):
        """Wait for a detection of which `wanted` is true."""
        deadline = time.monotonic() + within_s
        while True:
            seen = self.detections.get(timeout=max(0.01, deadline - time.monotonic()))
            if wanted(seen):
                return seen


@contextmanager
def watching(mode, **how):
    watched = WatchedSupervisor(mode, **how)
    watched.port.start()
    try:
        yield watched
    finally:
        watched.port.stop()
    assert watched.port.pid is None
