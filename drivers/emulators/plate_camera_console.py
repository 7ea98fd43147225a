"""Runs an emulated camera that reads plates from the command line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from drivers.emulators.command_line import print_line, typed_lines
from drivers.emulators.plate_camera_faults import CameraFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drivers.emulators.plate_camera import PlateCamera

ORDER_SIGN = ":"


def obey(camera: PlateCamera, order: str) -> str:
    """Carry out one order and return what to say about it. Raises ValueError for one that is none."""
    match order.split():
        case ["unplug"]:
            camera.unplug()
        case ["plug"]:
            camera.plug()
        case ["fault", name]:
            camera.fail(None if name == "none" else CameraFault(name))
        case _:
            raise ValueError(f"no such order: {order}; there is fault NAME, fault none, unplug, plug, quit")
    return f"{order}: done"


def run(camera: PlateCamera) -> int:
    """Run the camera until it is told to stop; 0 is the exit code."""
    with typed_lines() as lines, camera:
        print_line(f"http://127.0.0.1:{camera.port}, user {camera.user}; type a plate to read it, or :quit")
        for line in map(str.strip, lines):
            if line == f"{ORDER_SIGN}quit":
                break
            if line.startswith(ORDER_SIGN):
                print_line(_answer(camera, line.removeprefix(ORDER_SIGN).strip()))
            elif line:
                camera.show(line)
                print_line(f"read {line}, told {camera.listeners} clients")
    return 0


def _answer(camera: PlateCamera, order: str) -> str:
    try:
        return obey(camera, order)
    except ValueError as error:
        return f"not done: {error}"


def main(kind: type[PlateCamera], description: str, arguments: Sequence[str] | None = None) -> int:
    """Run a camera of this kind from the command line until it is told to stop."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="TCP port of 127.0.0.1; 0: a free one")
    parser.add_argument("--user", default="gate", help="who may log in")
    parser.add_argument("--password", default="gate", help="with which password")
    options = parser.parse_args(arguments)
    camera = kind(options.user, options.password)
    camera.port = options.port
    return run(camera)
