"""The IPv4 addresses of this machine, one an interface and address: where cameras are looked for."""

from __future__ import annotations

import array
import fcntl
import socket
import struct
from dataclasses import dataclass
from typing import Final

_SIOCGIFCONF: Final = 0x8912
_REQUEST: Final = 40
"""Bytes of a struct ifreq on 64-bit Linux (netdevice(7)): 16 of the name, then a struct sockaddr_in."""
_MOST: Final = 256
_NAME: Final = 16
_ADDRESS: Final = slice(20, 24)


@dataclass(frozen=True, slots=True)
class LocalNetwork:
    """An address of this machine, and the name of its interface."""

    name: str
    address: str


def local_networks() -> tuple[LocalNetwork, ...]:
    """All of them, the loopback last: an emulated camera is found too. Raises OSError.

    Asked for by an ioctl and not by netlink, as getifaddrs does: the service may open no such socket.
    """
    buffer = array.array("B", bytes(_REQUEST * _MOST))
    address, _ = buffer.buffer_info()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        told = fcntl.ioctl(asked.fileno(), _SIOCGIFCONF, struct.pack("iP", len(buffer), address))
    length, _ = struct.unpack("iP", told)
    data = buffer.tobytes()[:length]
    entries = [data[start : start + _REQUEST] for start in range(0, length, _REQUEST)]
    found = {
        LocalNetwork(entry[:_NAME].partition(b"\0")[0].decode(errors="replace"), socket.inet_ntoa(entry[_ADDRESS]))
        for entry in entries
    }
    return tuple(sorted(found, key=lambda one: (one.address.startswith("127."), one.name, one.address)))
