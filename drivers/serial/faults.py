"""What went wrong with a serial port, in words that say what to do about it."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from drivers.api import DeviceError, DeviceMisconfiguredError, DeviceUnavailableError
from drivers.serial.device_group import group_of
from drivers.serial.using_programs import holders
from drivers.text import Text, reason

_GONE = frozenset({errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO})
_BUSY = frozenset({errno.EBUSY, errno.EAGAIN})


def check_is_a_port(path: str) -> None:
    """Raise DeviceMisconfiguredError where `path` exists but is no character device."""
    with contextlib.suppress(OSError):  # what cannot be looked at is reported by the opening itself
        if not stat.S_ISCHR(Path(path).stat().st_mode):
            raise DeviceMisconfiguredError(_no_port(path))


def opening_failed(path: str, error: Exception) -> DeviceError:
    """Turn the error of opening `path` into one that says what to do."""
    number = _errno_of(error)
    if number in _GONE:
        return DeviceUnavailableError(
            Text("no such port: {path}; is the adapter plugged in? {ports}", path=path, ports=_ports_here())
        )
    if number == errno.EPERM:  # not by its mode, which is EACCES, but by a control group of devices
        return DeviceUnavailableError(
            Text(
                "the service manager blocks {path}: restart the service; if that does not help, allow "
                "devices of its kind in the unit (DeviceAllow=)",
                path=path,
            )
        )
    if number == errno.EACCES:
        return DeviceUnavailableError(
            Text(
                "no permission to open {path}: put the user of this process into {group}", path=path, group=_group(path)
            )
        )
    if number in _BUSY:
        return DeviceUnavailableError(
            Text("{path} is in use by {holders}; stop that first", path=path, holders=_holders(path))
        )
    if number == errno.ENOTTY:
        return DeviceMisconfiguredError(_no_port(path))
    return DeviceUnavailableError(Text("cannot open {path}: {error}", path=path, error=cause(error)))


def cause(error: Exception) -> Text:
    """What went wrong.

    In our own words where there are any, else in those of the system where it has a number for it.
    """
    said, number = str(error), _errno_of(error)
    if isinstance(said, Text) or number is None:
        return Text.of(said)
    return reason(OSError(number, os.strerror(number)))


def _no_port(path: str) -> Text:
    return Text("{path} is not a serial port", path=path)


def _errno_of(error: Exception) -> int | None:
    """The error number, also of a termios.error, which is no OSError, and of one wrapped in a SerialException."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    inner = error.__context__ if isinstance(error, OSError) else error
    first = inner.args[0] if inner is not None and inner.args else None
    return first if isinstance(first, int) else None


def _ports_here() -> Text:
    by_id = Path("/dev/serial/by-id")
    found = sorted(by_id.iterdir()) if by_id.is_dir() else []
    found = found or sorted(port for kind in ("ttyUSB*", "ttyACM*") for port in Path("/dev").glob(kind))
    if not found:
        return Text("There is no USB serial port here")
    return Text("Ports here: {ports}", ports=", ".join(map(str, found)))


def _group(path: str) -> Text:
    try:
        group = group_of(Path(path))
    except OSError:
        return Text("the group {group}", group="dialout")
    if not group:
        return Text("its group (`ls -lL` shows it outside the service)")
    return Text("the group {group} (usually dialout)", group=group)


def _holders(path: str) -> str:
    """The programs that have the port open, in words."""
    found = holders(str(Path(path).resolve()))
    if any(holder.pid == os.getpid() for holder in found):
        return Text("this same program, under another name or with other parameters")
    return ", ".join(f"{holder.name} (pid {holder.pid})" for holder in found) or Text("another program")
