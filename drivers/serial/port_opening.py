"""Opens and closes serial devices: each once in the process, and each by itself.

So a device that hangs while it is opened or closed keeps the users of no other waiting.
"""

from __future__ import annotations

import os
import threading
from weakref import WeakValueDictionary

from drivers.api import DeviceMisconfiguredError
from drivers.serial.line import SerialLine, SerialParameters
from drivers.text import Text


class OpenDevice:
    """A device behind the name of a port, and its line, which all of its users in this process share.

    It is opened and closed by one thread at a time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: SerialLine | None = None
        self._users = 0

    def acquire(self, path: str, parameters: SerialParameters) -> SerialLine:
        """Return the line, opened where it is not, or is broken; each user gives it back with `release`."""
        with self._lock:
            if self._line is None or self._line.broken:
                self._line, self._users = SerialLine(path, parameters), 0
            elif self._line.parameters != parameters:
                raise DeviceMisconfiguredError(
                    Text(
                        "{path} is already in use by this program with other parameters: {theirs}, not {mine}",
                        path=path,
                        theirs=self._line.parameters,
                        mine=parameters,
                    )
                )
            self._users += 1
            return self._line

    def release(self, line: SerialLine) -> None:
        """Close the line when its last user gives it back. One that broke is closed already, and counts no more.

        What is stuck on it goes with each user: then it breaks for all.
        """
        with self._lock:
            if line is not self._line:
                return
            self._users -= 1
            if self._users == 0:
                self._line = None
                line.close()
            else:
                line.leave()


_devices: WeakValueDictionary[str, OpenDevice] = WeakValueDictionary()
_devices_lock = threading.Lock()


def device_behind(path: str) -> OpenDevice:
    """The device behind the name of a port: one for all names of it in this process."""
    with _devices_lock:
        return _devices.setdefault(os.path.realpath(path), OpenDevice())
