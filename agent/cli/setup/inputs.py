"""Which input of a board is which signal of a lane: told by number, or found by what changes when somebody uses it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from agent.core.model import SIGNAL_NAMES
from agent.setup import SIGNALS, USES, InputTrace, traced, used
from drivers import registry
from drivers.api import DeviceError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from agent.cli.setup.interview import Interview
    from agent.settings import Path
    from drivers.api import InputPort

LEARN_S: Final = 30.0
_POLL_S: Final = 0.05


def wire_inputs(interview: Interview, lane: Path) -> None:
    """Ask for the input of each signal of a lane, where a real board has inputs."""
    inputs: Mapping[str, Any] | None = interview.sheet.values["lanes"][lane[1]].get("inputs")
    if inputs is None or inputs["kind"] == "simulated":
        return
    interview.say(
        Text(
            "Which input is which signal? Enter a number, or leave it empty if there is no such signal. "
            "Enter ? to find it: then trigger the signal at the barrier within {seconds} s. The input "
            "that changes is used.",
            seconds=round(LEARN_S),
        )
    )
    interview.sheet.set_value((*lane, "signals"), {})
    table = {key: value for key, value in inputs.items() if key != "kind"}
    for name in SIGNAL_NAMES:
        _wire_signal(interview, (*lane, "signals", name), registry.inputs(inputs["kind"], table))


def _wire_signal(interview: Interview, path: Path, board: InputPort) -> None:
    """Ask for the input of one signal until it is one that no other signal has."""
    taken = _taken(interview, path)
    name = str(path[-1])
    while True:
        proposed = interview.sheet.before(path)
        text = interview.ask(SIGNALS[name], "" if proposed is None else str(proposed))
        if text == "?":
            interview.say(USES[name], 2)
        number = learned(board, interview.say, taken) if text == "?" else int(text) if text.isdecimal() else None
        if text in {"", "-"}:
            return
        if number is None:
            if text != "?":
                interview.say(Text("Enter a number or ?, or leave it empty if there is no such signal."), 2)
        elif number in taken:
            used = Text("Input {number} is used already: {signal}", number=number, signal=SIGNALS[taken[number]])
            interview.say(used, 2)
        else:
            interview.sheet.set_value(path, number)
            return


def _taken(interview: Interview, path: Path) -> dict[int, str]:
    signals = interview.sheet.values["lanes"][path[1]].get("signals", {})
    return {number: name for name, number in signals.items()}


def learned(
    board: InputPort, say: Callable[[str, int], None], taken: Container[int] = (), within_s: float = LEARN_S
) -> int | None:
    """The number of the one input that changes and stays so for a moment; None, told, where there is none in time.

    `taken`: inputs that are known already. `say`: takes a text and how far it is moved in.
    """
    waiting = threading.Event()
    traces: tuple[InputTrace, ...] = ()
    several: list[int] = []
    try:
        say(Text("{words}", words=board.open()), 2)
        say(Text("now ..."), 2)
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            sample = board.sample()
            traces = traced(traces, sample.bits, sample.at)
            found = used(traces, time.monotonic(), taken)
            if len(found) == 1:
                say(Text("input {number}", number=found[0]), 2)
                return found[0]
            if found and found != several:
                several = found
                numbers = ", ".join(map(str, found))
                say(Text("The inputs {numbers} changed together. Use one at a time.", numbers=numbers), 2)
            waiting.wait(_POLL_S)
        say(
            Text(
                "No input changed in {seconds} s. Check the wiring and the lamps of the board.", seconds=round(within_s)
            ),
            2,
        )
    except DeviceError as error:
        say(Text("The board cannot be read: {error}", error=error), 2)
    finally:
        board.close()
    return None
