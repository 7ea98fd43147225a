"""A whole gate in the test's own process, with a lane whose board, loops and contacts are simulated."""

from __future__ import annotations

import pkgutil
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agent.assembly.app import STOP_S, App
from agent.clock.clock import Clock
from agent.service.systemd_notify import Notifier
from agent.service.worker import Worker
from drivers.inputs import simulated as simulated_inputs
from drivers.relay import simulated as simulated_relays
from tests.support.waiting import PATIENCE_S, scaled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.settings import LoadedSettings


STOP_LIMITS = (
    "agent.assembly.central_connection:STOP_LINK_S",
    "agent.assembly.central_connection:STOP_TAKING_S",
    "agent.barrier.relay_board:STOP_TIMEOUT_S",
    "agent.clock.monitor:STOP_TIMEOUT_S",
    "agent.console.web.console_server:STOP_TIMEOUT_S",
    "agent.devices.device_status:STOP_TIMEOUT_S",
    "agent.devices.inputs:STOP_TIMEOUT_S",
    "agent.devices.scanner:STOP_TIMEOUT_S",
    "agent.devices.sign:STOP_TIMEOUT_S",
    "agent.devices.voice_player:STOP_TIMEOUT_S",
    "agent.doctor.health_monitor:STOP_TIMEOUT_S",
    "agent.fleet.service:STOP_S",
    "agent.lane.loop:STOP_TIMEOUT_S",
    "agent.lists.monitor:STOP_TIMEOUT_S",
    "agent.observability.log_level:STOP_TIMEOUT_S",
    "agent.observability.metrics_server:STOP_TIMEOUT_S",
    "agent.recording.checkpoints:STOP_TIMEOUT_S",
    "agent.recording.evidence_writer:STOP_TIMEOUT_S",
    "agent.recording.retention:STOP_TIMEOUT_S",
    "agent.recording.trust_monitor:STOP_TIMEOUT_S",
    "agent.service.watchdog:STOP_TIMEOUT_S",
    "agent.service.worker_supervisor:STOP_TIMEOUT_S",
    "agent.vision.second_reading:_JOIN_SLACK_S",
    "agent.vision.witness:_JOIN_SLACK_S",
)
"""How long the parts of a gate that is stopped may take."""


def scale_stops(patch: pytest.MonkeyPatch) -> None:
    """Let the parts of the gates that are made from now on take longer to stop, as much as this machine is slower."""
    for phase, limit_s in STOP_S.items():
        patch.setitem(STOP_S, phase, scaled(limit_s))
    for limit in STOP_LIMITS:
        patch.setattr(limit.replace(":", "."), scaled(pkgutil.resolve_name(limit)))
    for method in (Worker.stop, Worker.join):
        patch.setattr(method, "__defaults__", tuple(map(scaled, method.__defaults__ or ())))


def never_stale(app: App) -> App:
    """Have the lanes of a gate that is not started yet believe their inputs however late their threads come to them.

    Its settings allow for no more than 5 s.
    """
    for lane in app.lanes:
        loop = lane.loop
        loop._lane = replace(loop._lane, rules=replace(loop._lane.rules, stale_s=PATIENCE_S))
    return app


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
