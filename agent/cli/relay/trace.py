"""The command `gate-agent relay trace`: every byte between this computer and a board."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import exit_codes
from agent.cli.relay.target_boards import (
    ConfigOption,
    KindOption,
    LaneOption,
    PortOption,
    SetOption,
    from_options,
    input_port,
    relay_port,
)
from agent.cli.relay.trace_lines import LOGGER, TransferPrinter, overheard
from agent.cli.terminal import echo
from drivers.api import DeviceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cli.relay.target_boards import Target
    from agent.cli.relay.trace_lines import Transfer
    from drivers.api import InputPort, RelayPort

RETRY_S = 0.5
WHILE_IT_RUNS = (
    'To see the bytes of the running agent, set level = "debug" in [log] of its configuration, restart it, and read '
    f"journalctl -u gate-agent: the lines of the logger {LOGGER} begin with the port. Of equal lines, the log keeps "
    "three in ten seconds"
)


def trace(  # noqa: PLR0913 - each is an option of the command
    *,
    config: ConfigOption = None,
    lane: LaneOption = None,
    port: PortOption = None,
    kind: KindOption = None,
    keys: SetOption = None,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0.1, help="End after this time.")] = None,
    every_ms: Annotated[int, typer.Option("--every-ms", min=20, max=10_000, help="Time between two queries.")] = 250,
) -> None:
    """Open the boards of a lane with their drivers, read relays and inputs repeatedly, and show every byte.

    A line has: milliseconds since the start, > for sent or < for received, the bytes in hexadecimal and as text, and
    what they mean where the protocol is known. Nothing is switched. If a board is lost, the command keeps opening it,
    so that you can fix the wiring meanwhile.

    Stop the agent first: while the agent has the board, the command refuses, and says how to see the agent's own bytes.
    Exit code 0 when every board answered at least once.
    """
    target = from_options(config, lane, port, kind, keys)
    boards = _boards(target)
    if not any(board.port for board in target.boards):
        raise typer.BadParameter("none of these boards is on a serial port: there are no bytes to show")
    try:
        for board in target.boards:
            board.check_free()
    except DeviceUnavailableError as error:
        raise DeviceUnavailableError(f"{error}. {WHILE_IT_RUNS}.") from None
    printer = TransferPrinter({board.port: board.kind for board in target.boards if board.port}, time.monotonic())

    def show(transfer: Transfer) -> None:
        echo(printer.line(transfer))
        sys.stdout.flush()

    until = None if seconds is None else time.monotonic() + seconds
    with overheard(show):
        try:
            while until is None or time.monotonic() < until:
                _ask_until_lost(boards, printer, until, every_ms / 1000)
        except KeyboardInterrupt:
            pass
        finally:
            for asked in boards:
                asked.close()
    raise typer.Exit(exit_codes.OK if all(asked.answered for asked in boards) else exit_codes.FAILED)


class _Asked:
    """A board, the question that is put to it again and again, and whether it ever answered."""

    def __init__(self, port: RelayPort | InputPort, ask: Callable[[], object]) -> None:
        self.close, self.ask = port.close, ask
        self.answered = False
        self._open = port.open

    def open(self) -> str:
        """Open the board, and say what it is.

        It is noted here, not by whoever asks, because Ctrl-C may end the asking at any line.

        Raises:
            DeviceUnavailableError: It does not answer.
        """
        identity = self._open()
        self.answered = True
        return identity


def _boards(target: Target) -> list[_Asked]:
    found = []
    if target.relay is not None:
        relay = relay_port(target.relay)
        found.append(_Asked(relay, relay.state))
    if target.inputs is not None:
        inputs = input_port(target.inputs)
        found.append(_Asked(inputs, inputs.sample))
    return found


def _ask_until_lost(boards: list[_Asked], printer: TransferPrinter, until: float | None, period_s: float) -> None:
    """Open the boards and ask them until the time is over or one is lost."""
    never = threading.Event()
    try:
        for board in boards:
            echo(printer.remark(board.open()))
        while until is None or time.monotonic() < until:
            for board in boards:
                board.ask()
            never.wait(period_s)
    except DeviceUnavailableError as error:
        echo(printer.remark(f"lost: {error}"))
        for board in boards:
            board.close()
        never.wait(RETRY_S)
