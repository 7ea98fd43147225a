"""What is plugged in, and which name to write down."""

from __future__ import annotations

import os

import pytest

from drivers.serial.serial_ports import Adapter, adapters, advice
from drivers.serial.using_programs import OpenBy, holders
from tests.support.board.machine import CH340, DEVANTECH, FTDI, NUMATO, Machine, Usb

BY_ID, BY_PATH = "/dev/serial/by-id/", "/dev/serial/by-path/"


@pytest.fixture
def machine(tmp_path) -> Machine:
    return Machine(tmp_path)


def only(machine: Machine) -> Adapter:
    (found,) = adapters(machine.root)
    return found


def told(machine: Machine) -> dict[str, str]:
    found = adapters(machine.root)
    return {one.device: advice(one, found).name for one in found}


def test_a_usb_serial_port_is_described_by_its_usb_device(machine):
    machine.plug("ttyUSB0", FTDI, "ftdi_sio")
    found = only(machine)
    assert (found.device, found.usb_id, found.title, found.maker, found.serial, found.driver, found.interface) == (
        ("/dev/ttyUSB0", "0403:6001", "FT232R USB UART", "FTDI", "A50285BI", "ftdi_sio", "00.0")
    )
    assert found.names == (
        BY_ID + "usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0",
        BY_PATH + "pci-0000:00:14.0-usb-0:2:1.0-port0",
        BY_PATH + "pci-0000:00:14.0-usbv2-0:2:1.0-port0",
    )


def test_a_cdc_port_is_described_by_its_usb_device(machine):
    machine.plug("ttyACM0", NUMATO, "cdc_acm")
    found = only(machine)
    assert (found.usb_id, found.serial, found.driver, found.interface) == ("2a19:0c02", "NLRL210312", "cdc_acm", "00")


def test_a_port_of_the_board_is_listed_and_one_that_is_not_there_is_not(machine):
    machine.build_in("ttyS0")
    machine.build_in("ttyS1", kind="0")
    machine.console("tty1")
    found = only(machine)
    assert (found.device, found.usb_id, found.driver) == ("/dev/ttyS0", "", "serial")
    assert advice(found, [found]).name == "/dev/ttyS0"


def test_ports_come_in_the_order_of_their_numbers(machine):
    for number in (10, 2, 1):
        machine.plug(f"ttyUSB{number}", FTDI, "ftdi_sio", socket=f"1-{number}")
    assert [one.device for one in adapters(machine.root)] == ["/dev/ttyUSB1", "/dev/ttyUSB2", "/dev/ttyUSB10"]


def test_a_machine_without_ports_has_none(tmp_path):
    assert adapters(tmp_path) == ()


@pytest.mark.parametrize("usb", [FTDI, NUMATO, DEVANTECH], ids=lambda usb: usb.ids)
def test_a_device_with_a_serial_number_is_named_by_it(machine, usb):
    machine.plug("ttyACM3", usb, "cdc_acm")
    found = only(machine)
    wise = advice(found, [found])
    assert wise.name == found.names[0]
    assert usb.serial in wise.name
    assert wise.lasting
    assert "serial number of its own" in wise.why


@pytest.mark.parametrize(
    ("usb", "why"),
    [
        (CH340, "no serial number of its own"),
        (Usb("10c4:ea60", "CP2102 USB to UART", "Silicon Labs", "0001"), "0001 is one that makers give to every piece"),
        (Usb("10c4:ea60", "CP2102 USB to UART", "Silicon Labs", "00000000"), "give to every piece"),
    ],
    ids=["none", "0001", "zeros"],
)
def test_a_device_without_a_serial_number_of_its_own_is_named_by_its_socket(machine, usb, why):
    machine.plug("ttyUSB0", usb, "ch341", socket="1-4.3")
    found = only(machine)
    wise = advice(found, [found])
    assert wise.name == BY_PATH + "pci-0000:00:14.0-usb-0:4.3:1.0-port0"
    assert why in wise.why
    assert "always use the same socket" in wise.why


def test_two_ch340_share_one_by_id_name_and_are_told_apart_by_their_sockets(machine):
    machine.plug("ttyUSB0", CH340, "ch341", socket="1-1")
    machine.plug("ttyUSB1", CH340, "ch341", socket="1-2")
    first, second = adapters(machine.root)
    assert [len([name for name in one.names if name.startswith(BY_ID)]) for one in (first, second)] == [0, 1]
    assert told(machine) == {
        "/dev/ttyUSB0": BY_PATH + "pci-0000:00:14.0-usb-0:1:1.0-port0",
        "/dev/ttyUSB1": BY_PATH + "pci-0000:00:14.0-usb-0:2:1.0-port0",
    }


def test_two_devices_with_the_same_serial_number_are_told_apart_by_their_sockets(machine):
    machine.plug("ttyUSB0", FTDI, "ftdi_sio", socket="1-1")
    machine.plug("ttyUSB1", FTDI, "ftdi_sio", socket="1-2")
    found = adapters(machine.root)
    assert all(name.startswith(BY_PATH) for name in told(machine).values())
    assert "another adapter here has the same serial number A50285BI" in advice(found[0], found).why


def test_an_adapter_with_two_ports_is_no_twin_of_itself(machine):
    double = Usb("0403:6010", "Dual RS232", "FTDI", "FT12AB")
    machine.plug("ttyUSB0", double, "ftdi_sio", interface=0)
    machine.plug("ttyUSB1", double, "ftdi_sio", interface=1)
    assert told(machine) == {
        f"/dev/ttyUSB{port}": f"{BY_ID}usb-FTDI_Dual_RS232_FT12AB-if0{port}-port0" for port in (0, 1)
    }


def test_the_name_of_a_udev_rule_goes_before_all_others(machine):
    machine.plug("ttyUSB0", CH340, "ch341")
    machine.link("gate-barrier", "ttyUSB0")
    found = only(machine)
    assert advice(found, [found]).name == "/dev/gate-barrier"
    assert found.names[-1] == "/dev/gate-barrier"


def test_a_name_in_a_folder_of_its_own_is_found_and_the_crowded_folders_are_left_out(machine):
    machine.plug("ttyUSB0", CH340, "ch341")
    machine.link("gate/barrier", "ttyUSB0")
    machine.link("char/188:0", "ttyUSB0")
    names = only(machine).names
    assert "/dev/gate/barrier" in names
    assert not any("/char/" in name for name in names)


def test_a_usb_port_without_any_name_that_stays_is_told_as_such(machine):
    machine.plug("ttyUSB0", CH340, "ch341")
    bare = Adapter("/dev/ttyUSB0", vendor="1a86", product="7523")
    wise = advice(bare, [bare])
    assert (wise.name, wise.lasting) == ("/dev/ttyUSB0", False)
    assert "after replugging it may be another one" in wise.why


def test_the_programs_that_have_a_port_open_are_named(machine):
    machine.plug("ttyUSB0", FTDI, "ftdi_sio")
    machine.plug("ttyUSB1", CH340, "ch341", socket="1-7")
    machine.run(812, "gate-agent", "ttyUSB0")
    machine.run(77, "minicom", "ttyUSB0")
    (machine.root / "proc/999").mkdir()
    (machine.root / "proc/self").mkdir()
    first, second = adapters(machine.root)
    assert first.holders == (OpenBy(77, "minicom"), OpenBy(812, "gate-agent"))
    assert second.holders == ()


def test_an_open_file_of_this_process_is_found(tmp_path):
    path = tmp_path / "open"
    with path.open("w"):
        assert [holder.pid for holder in holders(str(path))] == [os.getpid()]
    assert holders(str(path)) == ()


def test_a_port_that_may_not_be_opened_is_told_with_its_group(machine, mocker):
    machine.plug("ttyUSB0", FTDI, "ftdi_sio")
    mocker.patch("os.access", return_value=False)
    found = only(machine)
    assert not found.permitted
    assert found.group


def test_what_a_device_says_of_itself_cannot_steer_the_terminal(machine):
    machine.plug("ttyUSB0", Usb("1a86:7523", "USB \x1b[2J Serial", "Evil\x07"), "ch341")
    assert all(character.isprintable() for character in only(machine).title + only(machine).maker)
