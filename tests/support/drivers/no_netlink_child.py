"""A program that may open the socket families of its arguments alone, as a unit of systemd allows: it searches cameras.

Arguments: the UDP port of the search, then the numbers of the families. Prints what it finds, and whether netlink is
refused. The kernel's filter is what systemd makes of RestrictAddressFamilies=.
"""

import ctypes
import platform
import socket
import struct
import sys

from drivers.camera.onvif import LocalNetwork, find_cameras, local_networks

_CALL = {"x86_64": 41, "aarch64": 198}[platform.machine()]  # socket(2)
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x50000 | 97  # EAFNOSUPPORT
_NUMBER, _FAMILY = 0, 16
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def allow(families):
    """Refuse sockets of all other families from now on."""
    lines = [(_LOAD, 0, 0, _NUMBER), (_EQUAL, 0, len(families) + 2, _CALL), (_LOAD, 0, 0, _FAMILY)]
    lines += [(_EQUAL, len(families) - place, 0, one) for place, one in enumerate(families)]
    lines += [(_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]
    code = b"".join(struct.pack("HBBI", *line) for line in lines)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(lines), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "no filter")


class Found(Exception):  # noqa: N818 - ends the search
    """Found."""


def _stop(_camera):
    raise Found


allow([int(one) for one in sys.argv[2:]])
try:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()
    refused = False
except OSError:
    refused = True
here = LocalNetwork("lo", "127.0.0.1") in local_networks()
try:
    find_cameras(60, networks=[LocalNetwork("lo", "127.0.0.1")], port=int(sys.argv[1]), on_found=_stop)
    found = False
except Found:
    found = True
sys.stdout.write(f"{refused} {here} {found}\n")
