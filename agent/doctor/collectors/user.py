"""Who the agent is on this machine, and what that user may open."""

from __future__ import annotations

import ctypes
import errno
import os
import pwd
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

SERVICE_USER: Final = "gate-agent"


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A user with his groups. `is_us`: this process is he, so that the kernel itself can be asked."""

    name: str
    uid: int
    groups: frozenset[int]
    is_us: bool

    def may(self, path: Path, wanted: int) -> bool:
        """Whether he may do with it what `wanted` says (os.R_OK, os.W_OK, os.X_OK).

        For another user only owner, group and mode of the file itself are looked at. Raises OSError where there is
        none.
        """
        if self.is_us:
            path.stat()
            return os.access(path, wanted)
        status = path.stat()
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid in self.groups else 0
        return (stat.S_IMODE(status.st_mode) >> shift) & wanted == wanted

    def is_barred(self, path: Path, wanted: int) -> bool:
        """Whether it is not owner, group or mode that keep this process from a device, but the service manager.

        The kernel tells its control groups of devices (systemd's DeviceAllow=) from a mode by EPERM in place of EACCES.
        False for another user, about whom it cannot be asked.
        """
        if not self.is_us:
            return False
        library = ctypes.CDLL(None, use_errno=True)
        return library.access(os.fsencode(path), wanted) != 0 and ctypes.get_errno() == errno.EPERM


def agent_user() -> SystemUser:
    """The user of the service where root looks on his behalf, else the one of this process."""
    if os.geteuid() == 0:
        try:
            entry = pwd.getpwnam(SERVICE_USER)
        except KeyError:
            pass
        else:
            groups = frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid))
            return SystemUser(entry.pw_name, entry.pw_uid, groups, is_us=False)
    return SystemUser(_name(os.geteuid()), os.geteuid(), frozenset((os.getegid(), *os.getgroups())), is_us=True)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a user of a container, or of a service manager that makes users up
        return str(uid)
