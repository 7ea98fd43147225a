"""Carries updates out in processes that may be killed: one is forked for each line that comes, all loaded before.

A line names a folder, and after how many writes of its state the power goes; the answer is how the process ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from itertools import count
from pathlib import Path

from agent.anchors import held_folder
from agent.core.model import Instant
from agent.software.dpkg import Dpkg
from agent.software.update_files import FOLDER, UpdateFiles
from agent.software.update_run import UpdateRun

LONGEST_TURNS = 500


class CutFiles(UpdateFiles):
    """The files, whose power goes after so many writes; None: never."""

    def __init__(self, folder, path, writes):
        super().__init__(folder, path)
        self._writes = writes

    def keep(self, record):
        super().keep(record)
        self._count()

    def end(self, outcome):
        self.folder.replace("outcome.json", outcome.model_dump_json().encode())
        self._count()
        self.clear()
        self._count()

    def _count(self):
        if self._writes is not None:
            self._writes -= 1
            if self._writes <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def carry_out(folder, writes):
    """Until nothing is under way; a second passes with each look at the clock."""
    seconds = count(1000)

    def now():
        return Instant(float(next(seconds)), 1_800_000_000.0)

    os.umask(0o077)  # as the helper has it
    dpkg = Dpkg(f"{folder / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin", folder / "root/var/lib/dpkg", 0.2)
    path = folder / "versions" / FOLDER

    def is_up():
        return (folder / "up").read_text() == "yes"

    with held_folder(path, os.geteuid()) as held:
        run = UpdateRun(CutFiles(held, path, writes), dpkg, is_up, now, folder / "root")
        for _ in range(LONGEST_TURNS):
            if run.go_on() is None:
                return
            run.heard(at_rest=True, connected=(folder / "connected").read_text() == "yes")
    raise SystemExit(3)


def main():
    """Answer lines until they end."""
    assert threading.active_count() == 1, time.monotonic()
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                carry_out(Path(asked["folder"]), asked["writes"])
            except BaseException as error:  # noqa: BLE001 - nothing of the parent may run in the child
                sys.stderr.write(f"{error!r}\n")
                sys.stderr.flush()
                os._exit(4)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
