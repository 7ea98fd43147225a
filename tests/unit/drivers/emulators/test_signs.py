"""The emulated signs: what they take for a page, what they draw, and what they do on the command line."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from drivers import registry
from drivers.api import SignColour, SignLine, SignPage
from drivers.contracts.virtual_clock import VirtualClock
from drivers.emulators.aa55 import Aa55Emulator
from drivers.emulators.fk import FkEmulator
from drivers.emulators.onbon import OnbonEmulator
from drivers.emulators.sign import SignFault, take_frames
from drivers.emulators.sign_command_line import obey
from drivers.emulators.sign_display import DARK, ShownText, SignDisplay
from drivers.emulators.tcp import TcpLine
from drivers.modbus_codec import framed
from drivers.serial.shared_port import SerialParameters, SerialPort
from tests.support.sign.picture import COLOURS, LINE_DOTS, PITCH_PX, UNLIT, picture
from tests.support.waiting import PATIENCE_S, REPLY_MS, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.emulators.sign import EmulatedSign

pytestmark = pytest.mark.usefixtures("no_leaks")


def heard(card: EmulatedSign, link: Path, *wires: str) -> None:
    """Send the frames and wait until the card has dealt with all of them."""
    port = SerialPort.shared(str(link), SerialParameters("test"))
    count = card.heard
    for wire in wires:
        frame = bytes.fromhex(wire)
        port.send(frame)
        count += len(frame)
    eventually(lambda: card.heard == count)
    port.close()


SPEAK = "00 64 FF FF 30 09 01 BB B6 D3 AD B9 E2 C1 D9 32 58"
LINE = (
    "00 64 FF FF 62 1F 00 00 01 00 05 00 01 03 00 FF 00 00 00 00 00 00 00 0C 00 C7 EB B3 F6 CA BE B6 FE CE AC C2 EB "
    "19 A5"
)
PAGE = (
    "00 64 FF FF 6E 2F 00 02 00 00 01 05 00 00 FF 00 00 08 D0 C2 42 35 32 4B 31 38 0D 01 00 01 05 00 00 FF 00 00 06 "
    "C7 EB CD A8 D0 D0 00 0A 06 C7 EB CD A8 D0 D0 00 5D F1"
)


def test_the_fk_card_shows_and_says_what_the_vectors_hold(link: Path) -> None:
    with FkEmulator(link, columns=16, now=VirtualClock()) as card:
        heard(card, link, SPEAK, LINE)
        assert card.display.spoken == ("欢迎光临",)
        assert card.display.lines[0] == ShownText("请出示二维码", "red")
        heard(card, link, PAGE)
        assert card.display.lines == (ShownText("新B52K18", "green"), ShownText("请通行", "green"), DARK, DARK)
        assert card.display.spoken == ("欢迎光临", "请通行")
        assert card.strange == []


@pytest.mark.parametrize(
    ("body", "flash_writes"),
    [
        ("00 64 FF FF 6E 13 01 01 00 00 01 05 00 00 FF 00 00 02 47 4F 00 00 00 00 00", 1),
        ("00 64 FF FF 0F 01 00", 0),
        ("00 64 FF FF 62 05 00 00 01 00 05", 0),
    ],
)
def test_a_card_tells_of_a_write_to_its_flash_and_of_what_a_gate_must_not_send(
    link: Path, body: str, flash_writes: int
) -> None:
    with FkEmulator(link, now=VirtualClock()) as card:
        heard(card, link, framed(bytes.fromhex(body)).hex())
        assert card.flash_writes == flash_writes
        assert len(card.strange) == 1 - flash_writes


def test_the_onbon_card_refuses_to_be_cleared_and_tells_of_it(link: Path) -> None:
    with OnbonEmulator(link, now=VirtualClock()) as card:
        heard(card, link, "A5 A5 01 00 00 80 00 00 00 00 00 00 FE 02 05 00 A3 10 01 00 00 51 F8 5A")
        assert [frame[:2] for frame in card.strange] == [b"\xa3\x10"]
        assert b"\xa0\x01\x02" in card.line.tap[-1].data


def test_the_aa55_card_tells_of_standing_texts_and_of_its_traffic_light(link: Path) -> None:
    with Aa55Emulator(link, now=VirtualClock()) as card:
        card.whole = True
        frames = [bytes.fromhex(body) for body in ("AA 55 01 64 00 25 00 04 01 01 00 41", "AA 55 02 64 00 12 00 01 01")]
        heard(card, link, *(card._closed(frame).hex() for frame in frames))
        assert card.flash_writes == 1
        assert card.display.lines[0] == ShownText("A", "red")
        assert len(card.strange) == 1


def test_noise_and_cut_frames_do_not_hide_the_next_one(link: Path) -> None:
    for noise in ("00", "00 64", "00 64 FF FF 6E FF", LINE[:60], "64 FF FF 00 64 FF FF"):
        with FkEmulator(link, now=VirtualClock()) as card:
            heard(card, link, noise, PAGE)
            assert card.display.lines[1] == ShownText("请通行", "green")


def test_frames_are_taken_off_in_order_with_what_stands_before_them() -> None:
    buffer = bytearray(b"xxHaaHHbbHc")
    taken = take_frames(buffer, b"H", lambda data, at: 3 if len(data) >= at + 3 and data[at + 1] != 0x48 else 0)
    assert taken == [b"Haa", b"Hbb"]
    assert bytes(buffer) == b"Hc"


def test_a_display_shows_what_is_kept_when_a_text_has_gone() -> None:
    clock = VirtualClock()
    display = SignDisplay(2, 8, clock)
    display.standing[1] = kept = ShownText("welcome", "red")
    display.put(1, ShownText("请到二号通道", "green"), 6, part_s=2)
    seen = []
    for _ in range(7):
        seen.append(display.in_sight[1].text)
        clock.go(1)
    assert seen == ["请到二号", "请到二号", "通道", "通道", "请到二号", "请到二号", "welcome"]
    assert display.lines == (DARK, kept)
    display.put(0, ShownText("A", "red"))
    display.drop()
    assert display.lines == (DARK, kept)


@pytest.mark.parametrize("maker", [FkEmulator, OnbonEmulator, Aa55Emulator])
def test_what_a_sign_shows_can_be_drawn_and_a_dark_one_has_no_lit_dot(maker, link: Path) -> None:
    clock = VirtualClock()
    with maker(link, now=clock) as card:
        kind = maker.__module__.rpartition(".")[2]
        sign = registry.sign(kind, {"port": str(link), "timeout_ms": REPLY_MS})
        sign.open()
        lines = (SignLine("请通行", SignColour.GREEN), SignLine(""), SignLine("12:30", SignColour.RED))
        sign.show(SignPage(lines, 5))
        eventually(lambda: card.display.lines[2].text == "12:30")
        sign.close()
        height = LINE_DOTS * PITCH_PX
        drawn = picture(card.display)
        assert drawn.size == (8 * 8 * PITCH_PX, 4 * height)
        found = [
            {colour for _, colour in drawn.crop((0, top, drawn.width, top + height)).getcolors()} - {UNLIT, (0, 0, 0)}
            for top in range(0, 4 * height, height)
        ]
        assert found == [{COLOURS["green"]}, set(), {COLOURS["red"]}, set()]
        clock.go(5)
        assert {colour for _, colour in picture(card.display).getcolors()} == {UNLIT, (0, 0, 0)}


def test_orders_are_obeyed_and_others_are_explained(link: Path) -> None:
    with FkEmulator(link, now=VirtualClock()) as card:
        heard(card, link, PAGE)
        assert obey(card, "power") == "power: done"
        assert card.display.lines == (DARK,) * 4
        assert obey(card, "fault lost") == "fault lost: done"
        heard(card, link, PAGE)
        assert card.display.lines == (DARK,) * 4
        assert obey(card, "fault none") == "fault none: done"
        assert obey(card, "unplug") == "unplug: done"
        assert not card.line.is_plugged
        assert obey(card, "plug") == "plug: done"
        with pytest.raises(ValueError, match="fault mute"):
            obey(card, "open the barrier")


def test_a_sign_runs_from_the_command_line_and_prints_what_it_shows(link: Path) -> None:
    command = [sys.executable, "-m", "drivers.emulators.fk", "--link", str(link)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    ) as process:
        watchdog = threading.Timer(PATIENCE_S, process.kill)
        watchdog.start()
        assert process.stdout is not None
        assert process.stdout.readline() == f"a sign at {link}; type help for orders\n"
        sign = registry.sign("fk", {"port": str(link), "speaks": True})
        sign.open()
        sign.show(SignPage((SignLine("请通行", SignColour.GREEN),), 200, spoken="请通行"))
        printed = [process.stdout.readline() for _ in range(2)]
        while "says" not in printed[-1]:
            printed.append(process.stdout.readline())
        sign.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        watchdog.cancel()
        watchdog.join()
    assert printed[-1] == "says: 请通行\n"
    assert "\x1b[32m请通行\x1b[0m |  |  | " in "".join(printed)


def test_a_tcp_line_keeps_its_port_while_it_is_unplugged(tmp_path: Path) -> None:
    line = TcpLine(lambda _: None)
    port = line.port
    for _ in range(3):
        line.plug()
        line.plug()
        assert line.is_plugged
        line.unplug()
        line.unplug()
        assert not line.is_plugged
    assert line.port == port
    line.close()


def test_a_late_answer_is_not_sent_once_the_card_is_closed(link: Path) -> None:
    with Aa55Emulator(link, now=VirtualClock()) as card:
        card.late_s = PATIENCE_S
        card.fail(SignFault.LATE)
        heard(card, link, card._closed(bytes.fromhex("AA 55 00 64 00 01 00 00")).hex())
    assert [transfer.direction for transfer in card.line.tap] == ["in"]
