"""What memory it would save if one vision worker served two cameras of a lane: measured with both in one process.

Usage: bench/shared_worker.py   The cameras rest. Each has its readers; what could be shared is the code and its tables.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from contextlib import ExitStack

import cv2

from bench.camera import REST_FRAMES, ClipCamera
from bench.figures import Figure, table
from bench.processes import cpu_s, proportional_mb
from bench.scratch import scratch
from drivers.camera.simulated_yard.scene import Scene, draw_scene

SIZE = (1920, 1080)
SETTLE_S = 25.0
MEASURED_S = 10.0


def serve(urls: list[str]) -> None:
    """Look at these cameras in this one process, until the input ends."""
    from agent.vision.worker.main import made_camera, made_readers  # noqa: PLC0415 - of the child alone
    from agent.vision.worker.parent_link import ParentConnection  # noqa: PLC0415
    from agent.vision.worker.protocol import Configure  # noqa: PLC0415
    from agent.vision.worker.session import VisionWorkerSession  # noqa: PLC0415
    from drivers import registry  # noqa: PLC0415

    model = registry.settings_model(registry.CAMERAS, "opencv")
    for url in urls:
        camera = model.model_validate({"url": url}).model_dump(mode="json")
        settings = Configure(camera_kind="opencv", camera=camera)
        ours, theirs = socket.socketpair()
        threading.Thread(target=_swallow, args=(ours,), daemon=True).start()
        session = VisionWorkerSession(
            ParentConnection(theirs), settings, lambda settings=settings: made_camera(settings), made_readers(settings)
        )
        threading.Thread(target=session.run, daemon=True).start()
    sys.stdin.read()


def _swallow(end: socket.socket) -> None:
    while end.recv(1 << 16):
        pass


def measure() -> list[Figure]:
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        urls = []
        for _ in range(2):
            camera = stack.enter_context(ClipCamera(folder, *SIZE))
            pixels = cv2.resize(draw_scene(Scene()), SIZE, interpolation=cv2.INTER_CUBIC).astype("uint8")
            camera.load("empty", pixels, REST_FRAMES)
            camera.show("empty")
            urls.append(camera.url)
        apart = _measured(stack, [urls[:1], urls[1:]])
        together = _measured(stack, [urls])
    saved = apart[0] - together[0]
    note = f"{apart[0]:.0f} MB in two processes, {together[0]:.0f} MB in one (PSS)"
    cpu_note = f"{apart[1]:.1f} % in two processes, {together[1]:.1f} % in one"
    return [
        Figure("two cameras of a lane in one vision worker: memory saved", saved, "MB", note=note),
        Figure("the same: CPU saved", apart[1] - together[1], "% of a core", note=cpu_note),
    ]


def _measured(stack: ExitStack, groups: list[list[str]]) -> tuple[float, float]:
    """Memory in MB and CPU in % of a core of processes that look at these groups of cameras."""
    children = []
    for urls in groups:
        command = [sys.executable, __file__, *urls]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, env={"PYTHONPATH": ".", "OMP_NUM_THREADS": "1"})
        stack.callback(child.wait)
        stack.callback(child.kill)
        children.append(child)
    threading.Event().wait(SETTLE_S)
    before = sum(cpu_s(child.pid) for child in children)
    threading.Event().wait(MEASURED_S)
    spent = sum(cpu_s(child.pid) for child in children) - before
    memory = sum(proportional_mb(child.pid) for child in children)
    for child in children:
        child.kill()
        child.wait()
    return memory, 100 * spent / MEASURED_S


if __name__ == "__main__":
    if sys.argv[1:]:
        serve(sys.argv[1:])
    else:
        print(table(measure()))
