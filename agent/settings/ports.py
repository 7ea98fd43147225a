"""Serial ports that several devices name."""

from __future__ import annotations

import json
import os
from itertools import combinations
from typing import TYPE_CHECKING

from agent.settings.documents import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.settings.complaints import Complaints
    from agent.settings.devices import Board
    from agent.settings.problems import Problem

_LINE = ("baud", "parity", "stop_bits", "local_echo")


def port_problems(boards: list[Board], complaints: Complaints) -> Iterator[Problem]:
    """What is wrong between the devices on one port: other line parameters, or a board that two lanes want to own.

    Boards with a unit number share a bus, and relays and inputs may be one board. But a lane that starts or reconnects
    releases its whole relay board, so no other lane's relay may sit on it.
    """
    serial = [board for board in boards if isinstance(getattr(board.settings, "port", None), str)]
    for first, second in combinations(serial, 2):
        if _port(first) == _port(second):
            yield from _conflict(first, second, complaints)


def _port(board: Board) -> str:
    """The port itself: two names may lead to one device."""
    port = str(getattr(board.settings, "port"))  # noqa: B009 - drivers' models are known by their fields only
    return os.path.realpath(port) if port.startswith("/") else port


def _conflict(first: Board, second: Board, complaints: Complaints) -> Iterator[Problem]:
    where, other = second.device.path, dotted(first.device.path)
    units = [getattr(board.settings, "unit", None) for board in (first, second)]
    if None in units:
        yield complaints.about((*where, "port"), f"{other} has this port already, and these boards cannot share one")
        return
    for name in _LINE:
        mine, theirs = getattr(second.settings, name, None), getattr(first.settings, name, None)
        if mine != theirs:
            message = f"{other} is on the same port with {name} = {_toml(theirs)}; got {_toml(mine)}"
            yield complaints.about((*where, name), message)
    if units[0] == units[1] and first.device.family == second.device.family == "relay":
        message = (
            f"{other} is the same board: each lane needs a relay board of its own, which it may release as a whole"
        )
        yield complaints.about((*where, "unit"), message)


def _toml(value: object) -> str:
    return json.dumps(value)
