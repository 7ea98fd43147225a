"""Which input of a board is which signal of a lane: told by number, or found by what changes when somebody drives."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

import typer

from agent.core.model import SIGNAL_NAMES
from drivers import registry
from drivers.api import DeviceError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from agent.cli.setup.interview import AnswerSheet
    from agent.settings import Path
    from drivers.api import InputPort

LEARN_S: Final = 30.0
_SETTLE_S: Final = 0.3
_POLL_S: Final = 0.05
_QUESTIONS: Final[Mapping[str, str]] = {
    "presence": "the loop before the arm (a vehicle stands there)",
    "safety": "the loop under and behind the arm",
    "photocell": "the photocell across the passage",
    "opened": "the limit switch of the open arm",
    "closed": "the limit switch of the closed arm",
    "key": "the officer's key switch",
    "hold": "the contact that holds the barrier open, such as a fire alarm",
}


def wire_inputs(sheet: AnswerSheet, lane: Path, inputs: Mapping[str, Any]) -> None:
    """Ask for the input of each signal of a lane. `inputs`: the settings of the board that has them."""
    typer.echo(
        "\nWhich input is which signal? A number, empty for none, or ? to have it found out: then do it at the "
        "barrier\n"
        f"within {LEARN_S:.0f} s (drive on the loop, break the beam, turn the key), "
        "and the input that changes is taken.\n"
        "Limit switches: begin with the arm between its ends, then bring it to the one that is asked for."
    )
    table = {key: value for key, value in inputs.items() if key != "kind"}
    for name in SIGNAL_NAMES:
        _wire_signal(sheet, (*lane, "signals", name), registry.inputs(inputs["kind"], table))


def _wire_signal(sheet: AnswerSheet, path: Path, board: InputPort) -> None:
    """Ask for the input of one signal until it is one that no other signal has."""
    taken = _taken(sheet, path)
    question = f"{path[-1]}: {_QUESTIONS[str(path[-1])]}"
    while True:
        proposed = sheet.before(path)
        text = str(typer.prompt(question, default="" if proposed is None else str(proposed))).strip()
        number = learned(board, taken) if text == "?" else int(text) if text.isdecimal() else None
        if text in {"", "-"}:
            return
        if number is None:
            if text != "?":
                typer.echo("  A number, empty for none, or ?")
        elif number in taken:
            typer.echo(f"  Input {number} is {taken[number]} already.")
        else:
            sheet.set_value(path, number)
            return


def _taken(sheet: AnswerSheet, path: Path) -> dict[int, str]:
    signals = sheet.values["lanes"][path[1]].get("signals", {})
    return {number: name for name, number in signals.items()}


def learned(board: InputPort, taken: Container[int] = (), within_s: float = LEARN_S) -> int | None:
    """The number of the one input that changes and stays so for a moment; None, told, where there is none in time.

    `taken`: inputs that are known already, which may change along with it: an arm that rises leaves one limit switch
    before it comes to the other.
    """
    waiting = threading.Event()
    try:
        typer.echo(f"  {board.open()}")
        before, until = board.sample().bits, time.monotonic() + within_s
        typer.echo("  now ...")
        while time.monotonic() < until:
            changed = _changed(before, board.sample().bits, taken)
            if changed:
                waiting.wait(_SETTLE_S)
                still = _changed(before, board.sample().bits, taken)
                if len(still) == 1:
                    typer.echo(f"  input {still[0]}")
                    return still[0]
                if still:
                    typer.echo(f"  the inputs {', '.join(map(str, still))} changed together: one at a time, please")
            waiting.wait(_POLL_S)
        typer.echo(f"  no input changed in {within_s:.0f} s: look at the wiring and at the lamps of the board")
    except DeviceError as error:
        typer.echo(f"  the board cannot be read: {error}")
    finally:
        board.close()
    return None


def _changed(before: Sequence[bool | None], now: Sequence[bool | None], taken: Container[int]) -> list[int]:
    pairs = [(number, was, is_) for number, (was, is_) in enumerate(zip(before, now, strict=True), 1)]
    known = [(number, was, is_) for number, was, is_ in pairs if was is not None and is_ is not None]
    return [number for number, was, is_ in known if was != is_ and number not in taken]
