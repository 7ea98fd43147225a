"""A whole gate in the test's own process, with a lane whose board, loops and contacts are simulated."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from agent.assembly.app import App
from agent.clock.clock import Clock
from agent.service.notify import Notifier
from drivers.inputs import simulated as simulated_inputs
from drivers.relay import simulated as simulated_relays

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.settings import LoadedSettings


def simulated_lane(board: str, *, lane: str = "exit-1") -> str:
    """The TOML of a lane's devices: a simulated board whose first input is the presence loop, the second the safety
    loop.
    """
    return f"""
[lanes.{lane}.relay]
kind = "simulated"
name = "{board}"

[lanes.{lane}.inputs]
kind = "simulated"
name = "{board}"

[lanes.{lane}.signals]
presence = 1
safety = 2
"""


@contextmanager
def forgotten_boards() -> Iterator[None]:
    """Forget the simulated boards at the end, so that the next test meets new ones."""
    try:
        yield
    finally:
        simulated_relays.forget_boards()
        simulated_inputs.forget_boards()


def gate_app(loaded: LoadedSettings, notifier: str | None = None) -> App:
    """The gate that these settings name, which reports to the service manager's socket, and fails the test where it
    would end the process.
    """
    return App(loaded, Clock(), Notifier(notifier), pytest.fail)
