"""The page Devices: what is plugged in by sysfs, names that stay, and a port that is asked only where nobody has it."""

from __future__ import annotations

import os
from functools import cache, partial

import pytest
from markupsafe import escape

from agent.console import hardware_scan
from agent.console.labels import devices
from agent.core.model.camera_view import View
from agent.devices.port_supervisor import PortState
from agent.devices.scanner import ScannerState
from agent.i18n import Language, translate
from agent.i18n.event_text import DEVICE_STATES
from drivers import probe
from drivers.emulators.lcus import LcusEmulator
from drivers.serial.usb_ids import ProbePolicy
from drivers.text import Text
from tests.support.board.machine import CH340, FTDI, Machine, Usb
from tests.support.console.consoles import ConsoleGate
from tests.support.waiting import scaled

ARDUINO = Usb("2341:0043", "Arduino Uno", "Arduino", "7573530383135")
LANE = """
[lanes.out]
number = 1
direction = "export"

[lanes.out.relay]
kind = "lcus"
port = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0"
channels = 2
readback = "ascii"

[[lanes.out.scanners]]
id = "hand"
kind = "serial_lines"
port = "/dev/gate-scanner"
"""
BY_PATH = "serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A gate on a computer with adapters, an Arduino and a camera.

    A board is behind ttyUSB1, nothing behind ttyUSB2.
    """
    tmp_path = tmp_path_factory.mktemp("devices")
    machine = Machine(tmp_path / "root")
    machine.plug("ttyUSB0", CH340, "ch341", "1-1")
    machine.link(BY_PATH, "ttyUSB0")
    machine.plug("ttyUSB1", FTDI, "ftdi_sio", "1-2")
    machine.plug("ttyUSB2", Usb("0403:6001", "FT232R USB UART", "FTDI", "B7"), "ftdi_sio", "1-5")
    machine.plug("ttyUSB3", Usb("0403:6001", "FT232R USB UART", "FTDI", "B8"), "ftdi_sio", "1-6")
    machine.run(77, "minicom", "ttyUSB3")
    machine.plug("ttyACM0", ARDUINO, "cdc_acm", "1-3")
    video = machine.root / "sys/class/video4linux/video0"
    video.mkdir(parents=True)
    (video / "name").write_text("HD USB Camera\n")
    (video / "index").write_text("0\n")
    (video.with_name("video1")).mkdir()
    (video.with_name("video1") / "index").write_text("1\n")
    (machine.root / "dev/video0").touch()
    machine.link("v4l/by-path/pci-usb-0:4:1.0-video-index0", "video0")
    board = LcusEmulator(tmp_path / "board")
    board.plug()
    (tmp_path / "gate").mkdir()
    with pytest.MonkeyPatch.context() as patch, ConsoleGate(tmp_path / "gate", lanes=LANE) as gate:
        patch.setattr(hardware_scan, "ROOT", machine.root)
        patch.setattr(hardware_scan, "identify", partial(probe.identify, patience_s=scaled(probe.PATIENCE_S)))
        gate.machine, gate.board = machine, board
        gate.browser = cache(gate.browser)
        yield gate
    board.close()


def connect(site, device):
    """Have a port lead to the board."""
    file = site.machine.root / device
    file.unlink()
    file.symlink_to(os.path.realpath(site.board.line.link))


def test_what_is_plugged_in_is_shown_with_its_users_and_the_name_to_write_down(site):
    page = site.browser("viewer").get("/devices").text
    ports = {one.device: one for one in hardware_scan.serial_ports(site.app.parts.settings.lanes, site.machine.root)}
    assert (ports["/dev/ttyUSB0"].users, ports["/dev/ttyUSB0"].kind_of_name) == (("out/relay",), "by_path")
    assert (ports["/dev/ttyUSB1"].users, ports["/dev/ttyUSB1"].kind_of_name) == ((), "by_id")
    assert ports["/dev/ttyUSB1"].write.startswith("/dev/serial/by-id/usb-FTDI")
    for words in ("out/relay", "Arduino Uno", "HD USB Camera", "/dev/v4l/by-path/pci-usb-0:4:1.0-video-index0"):
        assert words in page
    assert "/dev/gate-scanner is missing; out/hand needs it" in page
    assert "video1" not in page
    assert "hx-confirm" not in page, "a viewer asks nothing"


def test_a_free_port_is_asked_and_says_what_to_write(site):
    connect(site, "dev/ttyUSB1")
    before = list(site.board.relays.states)
    answer = site.browser("technician").post("/devices/ask", data={"device": "/dev/ttyUSB1"})
    assert (answer.status_code, "LCUS board" in answer.text) == (200, True)
    assert "[lanes.NAME.relay]" in answer.text
    assert "kind = &#34;lcus&#34;" in answer.text
    assert list(site.board.relays.states) == before
    journal = site.app.parts.journal
    assert any(b"devices.asked" in one.payload for one in journal.range(1, journal.head) if one.type == "console.acted")


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("/dev/ttyUSB0", "a lane of the configuration uses it"),
        ("/dev/ttyACM0", "could react to the bytes"),
        ("/dev/ttyUSB9", "There is no such port"),
        ("/etc/passwd", "There is no such port"),
        ("../../dev/ttyUSB1", "There is no such port"),
    ],
)
def test_a_port_that_must_not_be_asked_is_not(site, device, words):
    answer = site.browser("technician").post("/devices/ask", data={"device": device})
    assert (answer.status_code, words in answer.text) == (409, True)


def test_a_port_that_a_program_has_is_not_asked(site):
    answer = site.browser("technician").post("/devices/ask", data={"device": "/dev/ttyUSB3"})
    assert (answer.status_code, "a program has it open" in answer.text) == (409, True)
    assert "minicom (77)" in site.browser("viewer").get("/live/devices").text
    assert site.browser("viewer").post("/devices/ask", data={"device": "/dev/ttyUSB1"}).status_code == 403


def test_a_port_that_says_nothing_is_not_recognised(site):
    answer = site.browser("technician").post("/devices/ask", data={"device": "/dev/ttyUSB2"})
    assert (answer.status_code, "was not recognised" in answer.text) == (200, True)


def test_every_state_and_manner_has_its_words():
    states = {*PortState, *ScannerState, *View, "streaming", "overloaded"} - {View.CLEAR}
    assert states <= set(DEVICE_STATES)
    assert set(devices.MANNERS) == set(ProbePolicy)


@pytest.mark.parametrize("language", Language)
def test_the_page_is_there_in_every_language(site, language):
    page = site.browser("technician").get("/devices", headers={"accept-language": language}).text
    for said in (
        Text("Serial ports"),
        Text("Cameras of this computer"),
        Text("This name belongs to the USB socket: always use the same socket."),
        Text("This name follows the device to any USB socket."),
        Text("no one"),
    ):
        assert str(escape(translate(said, language))) in page, said
    likely = Text("a KMTronic relay board, an RS485 adapter or another board (FTDI)")
    assert translate(likely, Language(language)) in page


def test_what_a_port_answers_is_told_in_the_readers_language(site):
    connect(site, "dev/ttyUSB1")
    answer = site.browser("technician").post(
        "/devices/ask", data={"device": "/dev/ttyUSB1"}, headers={"accept-language": "kk"}
    )
    assert "LCUS тақтасы, реле саны: 2, readback ascii" in answer.text
