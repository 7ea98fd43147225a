"""The command `gate-agent relay inputs`: loops and contacts, live."""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from agent.cli.relay.input_changes import InputTracker, state
from agent.cli.relay.target_boards import (
    ConfigOption,
    KindOption,
    LaneOption,
    PortOption,
    SetOption,
    from_options,
    input_port,
)
from agent.cli.terminal import echo
from drivers.api import DeviceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.live import Live
    from rich.table import Table

    from agent.cli.relay.input_changes import TrackedInput
    from drivers.api import InputPort

RETRY_S = 0.5
FRESH_S = 1.0
"""How long a change is marked."""
REFRESH_HZ = 10


def inputs(  # noqa: PLR0913 - each is an option of the command
    *,
    config: ConfigOption = None,
    lane: LaneOption = None,
    port: PortOption = None,
    kind: KindOption = None,
    keys: SetOption = None,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0.1, help="End after this time.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for each change, for programs.")
    ] = False,
) -> None:
    """Show the inputs of a lane as they are and as they change, until Ctrl-C.

    "raw" is what the board reports. "value" is what the lane uses: debounced, and inverted for the inputs in inverted.
    Trigger each loop and contact, and check that the right signal changes, once. Inputs without a signal are shown too,
    so you see which input a loop is wired to.

    Nothing is switched. Stop the agent first: while the agent has the board, the command refuses.
    """
    target = from_options(config, lane, port, kind, keys)
    if target.inputs is None:
        where = f"lane {target.lane} has no inputs in its configuration" if target.lane else f"{kind} boards have none"
        raise typer.BadParameter(where)
    board = input_port(target.inputs)
    target.inputs.check_free()
    terminals = InputTracker(target.signals)
    until = None if seconds is None else time.monotonic() + seconds
    with _display(terminals, as_json=as_json) as display:
        try:
            display.show_remark(board.open())
            _follow(board, terminals, display, until)
        except KeyboardInterrupt:
            return
        finally:
            board.close()


class _Display(Protocol):
    """Shows what comes."""

    def show_remark(self, remark: str) -> None:
        """Show a remark."""
        ...

    def show_change(self, contact: TrackedInput, /) -> None:
        """Show an input that has changed."""
        ...

    def refresh(self) -> None:
        """Show how it stands."""
        ...


def _follow(board: InputPort, terminals: InputTracker, display: _Display, until: float | None) -> None:
    """Poll until the time is over; a lost board is told of once and opened again and again."""
    never, lost = threading.Event(), False
    while until is None or time.monotonic() < until:
        try:
            if lost:
                display.show_remark(board.open())
                lost = False
            changes = list(terminals.add_sample(board.sample()))
        except DeviceUnavailableError as error:
            changes = list(terminals.lost(time.monotonic()))
            board.close()
            if not lost:
                display.show_remark(f"lost: {error}")
            lost = True
        for contact in changes:
            display.show_change(contact)
        display.refresh()
        never.wait(RETRY_S if lost else terminals.period_s)


# -------------------------------------------------------------------------------------------------------- displays


@contextmanager
def _display(terminals: InputTracker, *, as_json: bool) -> Iterator[_Display]:
    if as_json or not sys.stdout.isatty():
        yield (_Json if as_json else _Lines)()
        return
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.live import Live  # noqa: PLC0415

    # Ctrl-C may come between two updates; the last one stays on the screen.
    with Live(console=Console(highlight=False), auto_refresh=False) as live:
        yield _Screen(terminals, live)


class _Json:
    """One JSON object a change; remarks go to standard error."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def show_remark(self, remark: str) -> None:
        echo(f"gate-agent relay inputs: {remark}", err=True)

    def show_change(self, contact: TrackedInput, /) -> None:
        sys.stdout.write(json.dumps(contact.as_json((time.monotonic() - self._start) * 1000)) + "\n")

    def refresh(self) -> None:
        sys.stdout.flush()


class _Lines:
    """One line a change."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def show_remark(self, remark: str) -> None:
        echo(f"{self._ms()} {remark}")

    def show_change(self, contact: TrackedInput, /) -> None:
        flaps = "  FLAPPING" if contact.debounced.flapping else ""
        echo(
            f"{self._ms()} input {contact.number:<3} {contact.signal or '-':<12} raw {state(contact.raw):<8}"
            f"value {state(contact.value):<8}changes {contact.changes}{flaps}"
        )

    def refresh(self) -> None:
        sys.stdout.flush()

    def _ms(self) -> str:
        return f"{(time.monotonic() - self._start) * 1000:10.1f}"


class _Screen:
    """A table that stays in its place."""

    def __init__(self, terminals: InputTracker, live: Live) -> None:
        self._terminals = terminals
        self._live = live
        self._remark = ""
        self._shown_at = 0.0

    def show_remark(self, remark: str) -> None:
        self._remark = remark

    def show_change(self, _contact: TrackedInput, /) -> None:
        self._shown_at = 0.0

    def refresh(self) -> None:
        now = time.monotonic()
        if now - self._shown_at >= 1 / REFRESH_HZ:
            self._shown_at = now
            self._live.update(screen_table(self._terminals.all, self._remark, now), refresh=True)


def screen_table(contacts: list[TrackedInput], caption: str, now: float) -> Table:
    """The inputs as a table; what has just changed is marked. `now`: monotonic seconds."""
    from rich.table import Table  # noqa: PLC0415 - only on a terminal
    from rich.text import Text  # noqa: PLC0415

    table = Table("", "input", "signal", "raw", "value", "changes", "since", box=None, caption=Text(caption))
    for contact in contacts:
        since_s = None if contact.changed_at is None else now - contact.changed_at
        fresh = since_s is not None and since_s < FRESH_S
        value = "FLAPPING" if contact.debounced.flapping else state(contact.value)
        table.add_row(
            "*" if fresh else " ",
            str(contact.number),
            (contact.signal or "-") + (" (inverted)" if contact.inverted else ""),
            state(contact.raw),
            value,
            str(contact.changes),
            "-" if since_s is None else f"{since_s:.1f} s",
            style="bold reverse" if fresh else "dim" if not contact.signal else "",
        )
    return table
