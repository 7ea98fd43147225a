"""Serial ports and network addresses that several devices name, and boards that are one."""

from __future__ import annotations

import json
import os
from enum import Enum
from itertools import combinations
from typing import TYPE_CHECKING, Any

from agent.settings.toml.includes import dotted
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from agent.settings.model.devices import Board
    from agent.settings.model.pydantic_problems import PydanticProblems
    from agent.settings.toml.problems import Problem

_LINE = ("baud", "parity", "stop_bits", "local_echo")
_BOARDS = ("relay", "inputs")


def board_place(kind: str, settings: BaseModel) -> str:
    """Where a board is: its port and unit, or its name. What has the same place is the same board.

    Drivers' models are known by their fields only: `port`, `unit`, `name`. Empty for a board with none of them.
    """
    port, unit, name = _port(settings), getattr(settings, "unit", None), getattr(settings, "name", "")
    if not port:
        return f"{kind} {name}" if name else ""
    return port if unit is None else f"{port} unit {unit}"


def port_problems(boards: list[Board], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    """What is wrong between devices that name one port, or one relay board.

    Relays and inputs of one kind may share a port: as boards of a bus, told apart by their units, or as one board. So
    may signs of one kind, told apart by their addresses. A camera may be a witness of several lanes.
    """
    for first, second in combinations(boards, 2):
        if _port(first.settings) and _port(first.settings) == _port(second.settings):
            yield from _on_one_port(first, second, pydantic_problems)
        elif not _are_witnesses(first, second) and _host(first.settings) == _host(second.settings) is not None:
            message = Text("{key} is at this address already", key=dotted(first.device.path))
            yield pydantic_problems.about((*second.device.path, "host"), message)
    owners: dict[str, Board] = {}
    for board in boards:
        place = board_place(board.device.kind, board.settings)
        if board.device.family != "relay" or not place:
            continue
        first = owners.setdefault(place, board)
        if first.device.kind == board.device.kind:
            yield from _one_board(first, board, pydantic_problems)


def _port(settings: BaseModel) -> str:
    """The port itself: two names may lead to one device. Empty for a device without."""
    port = getattr(settings, "port", None)
    if not isinstance(port, str):
        return ""
    return os.path.realpath(port) if port.startswith("/") else port


def _host(settings: BaseModel) -> tuple[str, int] | None:
    """The address and the TCP port of a device on the network; None for one that is elsewhere."""
    host, tcp_port = getattr(settings, "host", None), getattr(settings, "tcp_port", None)
    return (host, tcp_port) if isinstance(host, str) and isinstance(tcp_port, int) else None


def _are_witnesses(*boards: Board) -> bool:
    return {board.device.family for board in boards} == {"witness"}


def _address(board: Board) -> object:
    return getattr(board.settings, "address", None)


def _on_one_port(first: Board, second: Board, pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    where, other = second.device.path, dotted(first.device.path)
    families = {first.device.family, second.device.family}
    units = [getattr(board.settings, "unit", None) for board in (first, second)]
    shareable = families <= set(_BOARDS) or (families == {"sign"} and _address(first) != _address(second))
    if not shareable or first.device.kind != second.device.kind or units.count(None) == 1:
        message = Text(
            "{key} has this port already, and a {one} and a {other} cannot share one",
            key=other,
            one=_described(second),
            other=_described(first),
        )
        yield pydantic_problems.about((*where, "port"), message)
        return
    for name in _LINE:
        mine, theirs = getattr(second.settings, name, None), getattr(first.settings, name, None)
        if mine != theirs:
            message = Text(
                "{key} is on the same port with {name} = {theirs}; got {mine}",
                key=other,
                name=name,
                theirs=_toml(theirs),
                mine=_toml(mine),
            )
            yield pydantic_problems.about((*where, name), message)


def _one_board(first: Board, second: Board, pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    """The tables of one relay board in two lanes must say the same: one thread serves both."""
    for name in type(second.settings).model_fields:
        mine, theirs = getattr(second.settings, name), getattr(first.settings, name)
        if name != "port" and name not in _LINE and mine != theirs:
            message = Text(
                "{key} is the same board with {name} = {theirs}; got {mine}",
                key=dotted(first.device.path),
                name=name,
                theirs=_toml(theirs),
                mine=_toml(mine),
            )
            yield pydantic_problems.about((*second.device.path, name), message)


def _described(board: Board) -> Text:
    unit, kind = getattr(board.settings, "unit", None), board.device.kind
    words = {
        "relay": Text("{kind} relay board", kind=kind),
        "inputs": Text("{kind} board of inputs", kind=kind),
        "camera": Text("{kind} camera", kind=kind),
        "scanner": Text("{kind} scanner", kind=kind),
        "sign": Text("{kind} sign", kind=kind),
        "voice": Text("{kind} sound device", kind=kind),
        "witness": Text("{kind} witness", kind=kind),
    }[board.device.family]
    return words if unit is None else Text("{device} with unit {unit}", device=words, unit=unit)


def _toml(value: Any) -> str:
    return json.dumps(value.value if isinstance(value, Enum) else value, default=str)
