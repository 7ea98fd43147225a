"""Runs the command of a proof: its output into a file, its end after a limit or an interruption."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tools.proofs.result import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

LOOK_S: Final = 1.0
GRACE_S: Final = ((signal.SIGINT, 60.0), (signal.SIGTERM, 30.0), (signal.SIGKILL, 10.0))
"""How a proof is ended: first as by Ctrl-C, so that it ends what it has started, then harder."""
LEFT_BEHIND_S: Final = GRACE_S[1:]
"""How what a proof leaves running is ended: a shell lets it ignore Ctrl-C."""
OWN: Final = ("ONLY", "AGAIN", "WRITE", "DATA", "PICTURES", "PYTEST_ADDOPTS")
_OF_MAKE: Final = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MAKE_TERMOUT", "MAKE_TERMERR")
_SETTING: Final = re.compile(r"^(\w+)[ ]*\?=", re.MULTILINE)
_WHICH_PYTHON: Final = "PYTHON"


def environment(variables: Mapping[str, str], makefile: str) -> dict[str, str]:
    """The surroundings of a proof: those of this run without the settings that would change or shorten the proof."""
    barred = {*OWN, *_OF_MAKE, *_SETTING.findall(makefile)} - {_WHICH_PYTHON}
    return {name: text for name, text in variables.items() if name not in barred}


def run(
    command: str,
    where: Path,
    log: Path,
    variables: Mapping[str, str],
    limit_s: float,
    tell: Callable[[float], None],
) -> Ending:
    """Run a command of the shell to its end, or end it after the limit. `tell` hears every second how long it has run.

    Raises KeyboardInterrupt, when the command has ended.
    """
    began, begun_at, load = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()), time.monotonic(), os.getloadavg()[0]
    ended_by = ""
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=where,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while process.poll() is None and not ended_by:
                if (took_s := time.monotonic() - begun_at) > limit_s:
                    ended_by = f"its limit of {limit_s:.0f} s"
                tell(took_s)
                _wait(process, LOOK_S)
        finally:
            end_group(process, GRACE_S if process.returncode is None else LEFT_BEHIND_S)
    took_s = time.monotonic() - begun_at
    return Ending(began, took_s, None if ended_by else process.returncode, ended_by, round(load, 2))


def end_group(process: subprocess.Popen[bytes], graces_s: Sequence[tuple[signal.Signals, float]]) -> None:
    """End a command and all that it has started, by one signal after another, each with its time to end.

    A second Ctrl-C ends it at once.
    """
    pause = threading.Event()
    try:
        for number, grace_s in graces_s:
            until = time.monotonic() + grace_s
            os.killpg(process.pid, number)
            while time.monotonic() < until:
                process.poll()
                os.killpg(process.pid, 0)
                pause.wait(LOOK_S / 10)
    except KeyboardInterrupt:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise
    except ProcessLookupError:  # nothing is left of it
        return


def _wait(process: subprocess.Popen[bytes], within_s: float) -> None:
    """Until the command ends, at most so long."""
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        return
