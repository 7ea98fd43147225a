"""What each board takes for an order to its relays, at its worst: the reading that moves most.

Each function gets all the bytes that a board heard, in whatever pieces they came, and returns the orders among them.
Source: the vendors' command lists, as the drivers' codecs name them; ICSE as libsigrok describes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.modbus_codec import READS, is_sound

if TYPE_CHECKING:
    from collections.abc import Callable

REPORT_SERVER_ID = 0x11
SHORTEST_WRITE, LONGEST_WRITE = 8, 16


def devantech(heard: bytes) -> list[str]:
    orders = []
    place = 0
    while place < len(heard):
        if heard[place] == 0x5C:
            orders.append(heard[place : place + 2].hex())
            place += 1
        elif 0x64 <= heard[place] <= 0x76:
            orders.append(heard[place : place + 1].hex())
        place += 1
    return orders


def kmtronic(heard: bytes) -> list[str]:
    """Any state byte is taken for one that switches, and every channel up to 16 for one that is there: no board has
    more than 8.
    """
    orders = []
    while heard:
        frame, heard = (heard[:3], heard[3:]) if heard[0] == 0xFF else (b"", heard[1:])
        if len(frame) == 3 and 1 <= frame[1] <= 16 and frame != b"\xff\x09\x00":
            orders.append(frame.hex())
    return orders


def lcus(heard: bytes) -> list[str]:
    """Any operation is taken for one that switches, and the check sum is not looked at."""
    return [heard[place : place + 4].hex() for place, octet in enumerate(heard) if octet == 0xA0]


def icse(heard: bytes) -> list[str]:
    return [heard[place:].hex() for place, octet in enumerate(heard) if octet == 0x50][:1]


def numato(heard: bytes) -> list[str]:
    """Whatever stands on the board half typed is carried out by the end of a line."""
    return ["end of line"] * heard.count(b"\r")


def denkovi(heard: bytes) -> list[str]:
    return ["end of command"] * heard.count(b"//")


def modbus_ascii(heard: bytes) -> list[str]:
    return ["frame"] * heard.count(b":")


def modbus_rtu(heard: bytes) -> list[str]:
    """A sound frame of any function but those that only read, wherever it begins and ends."""
    harmless = READS | {REPORT_SERVER_ID}
    return [
        part.hex()
        for start in range(len(heard))
        for length in range(SHORTEST_WRITE, LONGEST_WRITE + 1)
        if len(part := heard[start : start + length]) == length and part[1] not in harmless and is_sound(part)
    ]


BOARDS: dict[str, Callable[[bytes], list[str]]] = {
    "devantech": devantech,
    "kmtronic": kmtronic,
    "lcus": lcus,
    "icse": icse,
    "numato": numato,
    "denkovi": denkovi,
    "modbus_ascii": modbus_ascii,
    "modbus_rtu": modbus_rtu,
}
