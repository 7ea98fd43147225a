"""Cameras that read plates, run from the command line as for a demo."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import contextmanager

import pytest

from drivers import registry
from drivers.api import DeviceUnavailableError
from drivers.contracts.witness import PLATE, read
from drivers.emulators.hikvision import HikvisionCamera
from drivers.emulators.plate_camera_console import obey
from drivers.emulators.plate_camera_faults import CameraFault
from tests.support.waiting import PATIENCE_S

PHRASE = "typed in"


@contextmanager
def run(kind):
    """The program of a camera, and what is written to it and read from it, line by line."""
    command = [sys.executable, "-m", f"drivers.emulators.{kind}", "--password", PHRASE]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:

        def say(line):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        try:
            first = process.stdout.readline()
            yield int(re.search(r"http://127\.0\.0\.1:(\d+)", first)[1]), say
            process.stdin.write(":quit\n")
            process.stdin.close()
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("kind", sorted(registry.WITNESSES.own))
def test_what_is_typed_in_is_read_by_the_camera(kind):
    with run(kind) as (port, say):
        table = {"host": "127.0.0.1", "port": port, "user": "gate", "password": PHRASE}
        witness = registry.witness(kind, table | {"connect_timeout_ms": 30_000, "silence_s": 600.0})
        try:
            witness.open()
            # The answer may be there before the camera knows of its listener.
            while say(PLATE) != f"read {PLATE}, told 1 clients":
                continue
            assert read(witness).text == PLATE
            assert say(":fault garbage") == "fault garbage: done"
            with pytest.raises(DeviceUnavailableError):
                witness.read(PATIENCE_S)
            assert say(":fault nothing") == "not done: 'nothing' is not a valid CameraFault"
            assert "no such order" in say(":open the barrier")
        finally:
            witness.close()


def test_orders_are_obeyed():
    with HikvisionCamera() as camera:
        port = camera.port
        assert obey(camera, "fault silence") == "fault silence: done"
        assert camera.fault is CameraFault.SILENCE
        obey(camera, "fault none")
        assert camera.fault is None
        obey(camera, "unplug")
        obey(camera, "unplug")
        obey(camera, "plug")
        assert camera.port == port
