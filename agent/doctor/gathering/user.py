"""Who the agent is on this machine, and what that user may open."""

from __future__ import annotations

import ctypes
import errno
import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SERVICE_USER: Final = "gate-agent"
_EVERY_ID: Final = ["0", "0", "4294967295"]
"""What /proc/self/gid_map holds outside user name spaces; see user_namespaces(7)."""


@dataclass(frozen=True, slots=True)
class User:
    """A user with his groups. `is_us`: this process is he, so that the kernel itself can be asked."""

    name: str
    uid: int
    groups: frozenset[int]
    is_us: bool

    def may(self, path: Path, wanted: int) -> bool:
        """Whether he may do with it what `wanted` says (os.R_OK, os.W_OK, os.X_OK).

        For another user only owner, group and mode of the file itself are looked at. Raises OSError where there is none.
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


def group_of(path: Path, root: Path = Path("/")) -> str:
    """The name of a file's group, or its number; "" where a user name space, as that of a service, hides which it is."""
    group_id = path.stat().st_gid
    mapped = (root / "proc/self/gid_map").read_text(encoding="ascii").split()
    hidden = int((root / "proc/sys/kernel/overflowgid").read_text(encoding="ascii"))
    if group_id == hidden and mapped != _EVERY_ID:
        return ""
    try:
        return grp.getgrgid(group_id).gr_name
    except KeyError:
        return str(group_id)


def agent_user() -> User:
    """The user of the service where root looks on his behalf, else the one of this process."""
    if os.geteuid() == 0:
        try:
            entry = pwd.getpwnam(SERVICE_USER)
        except KeyError:
            pass
        else:
            groups = frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid))
            return User(entry.pw_name, entry.pw_uid, groups, is_us=False)
    return User(_name(os.geteuid()), os.geteuid(), frozenset((os.getegid(), *os.getgroups())), is_us=True)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a user of a container, or of a service manager that makes users up
        return str(uid)
