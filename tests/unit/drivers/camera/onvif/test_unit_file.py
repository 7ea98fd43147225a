"""The search works with the sockets that the service may open, and with no others."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

from drivers.emulators.onvif import OnvifCamera
from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).parents[5]
CHILD = ROOT / "tests" / "support" / "drivers" / "no_netlink_child.py"
UNIT = (ROOT / "systemd" / "gate-agent.service").read_text(encoding="utf-8")


def test_a_camera_is_found_by_a_process_with_the_address_families_of_the_unit():
    (names,) = re.findall(r"^RestrictAddressFamilies=(.+)$", UNIT, re.MULTILINE)
    families = [str(int(getattr(socket, name))) for name in names.split()]
    with OnvifCamera() as camera:
        command = [sys.executable, str(CHILD), str(camera.search_port), *families]
        environment = {"PYTHONPATH": str(ROOT)}
        answer = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )
    assert (answer.stdout, answer.stderr) == ("True True True\n", "")


def test_the_unit_keeps_no_multicast_out():
    assert "IPAddressDeny" not in UNIT
