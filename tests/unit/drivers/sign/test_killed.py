"""A program that is killed while a sign says "drive on": the sign goes dark by itself, in real time."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from drivers.emulators.aa55 import Aa55Emulator
from drivers.emulators.fk import FkEmulator
from drivers.emulators.onbon import OnbonEmulator
from tests.support.waiting import PATIENCE_S, REPLY_MS, eventually

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import os, signal, sys
from drivers import registry
from drivers.api import SignColour, SignLine, SignPage
sign = registry.sign(sys.argv[1], {"port": sys.argv[2], "timeout_ms": int(sys.argv[3])})
sign.open()
sign.show(SignPage((SignLine("请通行", SignColour.GREEN),), 2))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize(
    "maker", [pytest.param(maker, id=maker.__name__) for maker in (FkEmulator, OnbonEmulator, Aa55Emulator)]
)
def test_no_page_outlives_the_program_that_was_killed(maker, link: Path) -> None:
    shown = []
    with maker(link) as card:
        put = card.display.put

        def watched(line, text, *rest) -> None:
            shown.append(text.text)
            put(line, text, *rest)

        card.display.put = watched
        kind = maker.__module__.rpartition(".")[2]
        command = [sys.executable, "-c", PROGRAM, kind, str(link), str(REPLY_MS)]
        assert subprocess.run(command, timeout=PATIENCE_S, check=False).returncode == -signal.SIGKILL
        eventually(lambda: "请通行" in shown)
        eventually(lambda: [line.text for line in card.display.lines] == [""] * 4, what="a dark sign")
