"""Serial ports that several devices name."""

from __future__ import annotations

import os
from itertools import combinations
from typing import TYPE_CHECKING

from agent.settings.documents import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.settings.complaints import Complaints
    from agent.settings.devices import Board
    from agent.settings.problems import Problem

_ADDRESS = ("address", "unit", "device_id", "slave")
_LINE = ("baudrate", "baud", "parity", "stop_bits", "data_bits", "bytesize")


def port_problems(boards: list[Board], complaints: Complaints) -> Iterator[Problem]:
    """What is wrong between the devices on one port: other line parameters, or a board that two lanes want to own.

    Boards with addresses may share a bus. Relay and inputs of one lane may be one board.
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
    addresses = _address(first), _address(second)
    same_lane = first.device.path[:2] == second.device.path[:2]
    if None in addresses:
        yield complaints.about((*where, "port"), f"{other} has this port to itself")
        return
    for name in _LINE:
        mine, theirs = getattr(second.settings, name, None), getattr(first.settings, name, None)
        if None not in (mine, theirs) and mine != theirs:
            message = f"{other} uses the same port with {name} = {theirs}; got {mine}"
            yield complaints.about((*where, name), message)
    if addresses[0] == addresses[1] and not (same_lane and first.device.family != second.device.family):
        yield complaints.about((*where, "port"), f"{other} is the same board: each lane needs a board of its own")


def _address(board: Board) -> object | None:
    return next((value for name in _ADDRESS if (value := getattr(board.settings, name, None)) is not None), None)
