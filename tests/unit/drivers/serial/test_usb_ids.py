"""What a port probably is, by its USB ids."""

from __future__ import annotations

import pytest

from drivers.serial.serial_ports import Adapter
from drivers.serial.usb_ids import ProbePolicy, likeness


def adapter(usb_id: str, title: str = "") -> Adapter:
    vendor, _, product = usb_id.partition(":")
    return Adapter("/dev/ttyUSB0", driver="some", vendor=vendor, product=product, title=title)


@pytest.mark.parametrize(
    ("usb_id", "title", "probe_policy", "word"),
    [
        ("1a86:7523", "USB Serial", ProbePolicy.CONVERTER, "LCUS"),
        ("1A86:7523", "", ProbePolicy.CONVERTER, "LCUS"),
        ("1a86:55d4", "USB Single Serial", ProbePolicy.CONVERTER, "RS485"),
        ("0403:6001", "FT232R USB UART", ProbePolicy.ANY, "KMTronic"),
        ("0403:6015", "FT231X", ProbePolicy.ANY, "FTDI"),
        ("0403:6001", "FT245R USB FIFO", ProbePolicy.NEVER, "bit-bang"),
        ("2a19:0c02", "", ProbePolicy.NUMATO, "Numato"),
        ("2a19:0800", "", ProbePolicy.NUMATO, "Numato"),
        ("04d8:ffee", "USB-RLY16", ProbePolicy.DEVANTECH, "Devantech"),
        ("04d8:00df", "", ProbePolicy.NEVER, "Denkovi"),
        ("04d8:000a", "", ProbePolicy.ANY, "not known"),
        ("10c4:ea60", "", ProbePolicy.ANY, "CP210x"),
        ("067b:2303", "", ProbePolicy.NEVER, "ICSE"),
        ("2341:0043", "", ProbePolicy.NEVER, "Arduino"),
        ("0c2e:0b61", "", ProbePolicy.NEVER, "scanner"),
        ("1546:01a8", "", ProbePolicy.NEVER, "receiver"),
        ("dead:beef", "", ProbePolicy.ANY, "not known"),
        ("", "", ProbePolicy.ANY, "computer itself"),
    ],
    ids=str,
)
def test_the_usb_ids_say_what_it_probably_is_and_how_to_ask_it(usb_id, title, probe_policy, word):
    found = likeness(adapter(usb_id, title))
    assert found.probe_policy is probe_policy
    assert word in found.words
    assert bool(found.reason) == (probe_policy is ProbePolicy.NEVER)


def test_a_port_that_the_machine_does_not_list_may_be_anything():
    assert likeness(Adapter("/dev/pts/4")).words == "a port that this computer does not list"
