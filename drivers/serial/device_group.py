"""Which group may open a device, as far as this process can see."""

from __future__ import annotations

import grp
from pathlib import Path
from typing import Final

_EVERY_ID: Final = ["0", "0", "4294967295"]
"""What /proc/self/gid_map holds outside user name spaces; see user_namespaces(7)."""


def group_of(path: Path, root: Path = Path("/")) -> str:
    """The name of a file's group, or its number; "" where a user name space, as that of a service, hides which it is.

    `root`: where /proc lies. Raises OSError.
    """
    group_id = path.stat().st_gid
    if _hides(group_id, root / "proc"):
        return ""
    try:
        return grp.getgrgid(group_id).gr_name
    except KeyError:
        return str(group_id)


def _hides(group_id: int, proc: Path) -> bool:
    """Whether it is the one number that stands for all groups without one of their own in this name space."""
    stand_in = int((proc / "sys/kernel/overflowgid").read_text(encoding="ascii"))
    return group_id == stand_in and (proc / "self/gid_map").read_text(encoding="ascii").split() != _EVERY_ID
