"""A control group of its own for each container, where the kernel has systemd's hierarchies of version 1.

Containers that share a group share the groups of their services: each removes what the other has just made, and a
service fails to start "because of unavailable resources".
"""

import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.support.waiting import eventually

HIERARCHIES = [Path("/sys/fs/cgroup") / name for name in ("unified", "systemd")]
JOIN = 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"'


class ControlGroup:
    """A group that a command starts in; none on a machine without the hierarchies. `name`: what it is called."""

    def __init__(self, name):
        self._folders = [hierarchy / name for hierarchy in HIERARCHIES if hierarchy.is_dir()]

    def joined(self, command):
        """The command that joins the group and then becomes the given one."""
        for folder in self._folders:
            folder.mkdir(exist_ok=True)
        return ["sh", "-c", JOIN, "join", *self._folders, "--", *command]

    def remove(self):
        """Remove it with all below it; what still runs in it is killed."""
        for folder in self._folders:
            eventually(lambda top=folder: _is_removed(top), what=f"{folder} to be empty")


def _is_removed(top):
    for name, _, _ in os.walk(top, topdown=False):
        with suppress(OSError):  # busy until they are gone
            for pid in (Path(name) / "cgroup.procs").read_text().split():
                assert int(pid) > 0, "A process of another name space is in the group"
                os.kill(int(pid), signal.SIGKILL)
            Path(name).rmdir()
    return not top.exists()
