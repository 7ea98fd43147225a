"""The command `gate-agent relay test`: one pulse through the driver and the pulse logic of the agent."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from agent.cli import exit_codes
from agent.cli.relay.pulse_trial import TestPulse
from agent.cli.relay.target_boards import (
    ConfigOption,
    KindOption,
    LaneOption,
    PortOption,
    SetOption,
    from_options,
    relay_port,
)
from agent.cli.relay.trace_lines import TransferPrinter, overheard
from agent.cli.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.cli.relay.target_boards import Target, TargetBoard
    from agent.cli.relay.trace_lines import Transfer
    from agent.settings import BarrierWiring

CLEAR = "clear"
PULSE_MS = 500


class RelayRole(StrEnum):
    """What a relay of a lane does."""

    OPEN = "open"
    CLOSE = "close"
    HOLD = "hold"
    RED = "red"
    GREEN = "green"


def pulse(  # noqa: PLR0913 - each is an option of the command
    *,
    config: ConfigOption = None,
    lane: LaneOption = None,
    role: Annotated[
        RelayRole | None,
        typer.Option("--role", help="Which contact of the lane; default: open, unless --channel is given."),
    ] = None,
    channel: Annotated[
        int | None, typer.Option("--channel", min=1, help="Number of a relay, instead of --role.")
    ] = None,
    pulse_ms: Annotated[
        int | None,
        typer.Option(
            "--pulse-ms",
            min=200,
            max=1000,
            help="Length of the pulse in milliseconds; default: pulse_ms of the lane, or 500.",
        ),
    ] = None,
    port: PortOption = None,
    kind: KindOption = None,
    keys: SetOption = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask for confirmation: you have checked that the way is clear.")
    ] = False,
    arm_is_clear: Annotated[
        bool,
        typer.Option(
            "--arm-is-clear", help="For a close with --yes: confirm that nothing and no one is under the arm."
        ),
    ] = False,
) -> None:
    """Give ONE pulse on one relay, and show what the board did. THE BARRIER MAY MOVE.

    The pulse goes through the same driver and the same logic as in the agent. First, the command says what will happen,
    and asks you to type the name of the lane. A close needs --role close and a second answer: the command cannot see
    who is under the arm.

    Every relay of the board is released before and after the pulse, also after Ctrl-C. Stop the agent first: while the
    agent has the board, the command refuses.

    Exit code 0 when the pulse is known to be delivered and every relay is known to be released.

    Examples:
      gate-agent relay test --lane exit-1
      gate-agent relay test --port /dev/ttyACM0 --kind devantech --channel 1
    """
    target = from_options(config, lane, port, kind, keys)
    board = target.relay
    if board is None:
        raise typer.BadParameter(f"{kind} boards have no relays")
    plan = _plan(target, role, channel, pulse_ms)
    relay = relay_port(board)
    board.check_free()
    echo(_announcement(target, board, plan))
    _confirm(target, plan, yes=yes, arm_is_clear=arm_is_clear)
    trial = TestPulse(relay, plan.channel, plan.pulse_ms)
    printer = TransferPrinter({board.port: board.kind} if board.port else {}, time.monotonic())
    transfers: list[Transfer] = []

    def on_transfer(transfer: Transfer) -> None:
        transfers.append(transfer)
        trial.note_transfer(transfer)

    with overheard(on_transfer), _stop_signals_interrupt(trial):
        try:
            trial.run()
        finally:
            for line in trial.report():
                echo(line)
            if transfers:
                echo("bytes      ms since the start, > sent, < received")
                echo("\n".join(printer.digest(transfers)))
    raise typer.Exit(exit_codes.OK if trial.succeeded else exit_codes.FAILED)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The pulse that is to be given; `role` is None where nobody said what the relay does."""

    channel: int
    pulse_ms: int
    role: RelayRole | None


def _plan(target: Target, role: RelayRole | None, channel: int | None, pulse_ms: int | None) -> _Plan:
    if role is not None and channel is not None:
        raise typer.BadParameter("give either --role or --channel")
    if target.barrier is None:
        if role is not None or channel is None:
            raise typer.BadParameter("without a configuration only --channel says which relay")
        return _Plan(channel, pulse_ms or PULSE_MS, None)
    length_ms = pulse_ms or target.barrier.pulse_ms
    wired = _wired(target.barrier)
    if channel is not None:
        found = next((known for known, number in wired.items() if number == channel), None)
        if found is RelayRole.CLOSE:
            raise typer.BadParameter(f"relay {channel} closes the barrier: a close is given only with --role close")
        return _Plan(channel, length_ms, found)
    wanted = role or RelayRole.OPEN
    if wired.get(wanted) is None:
        raise typer.BadParameter(f"lane {target.lane} has no {wanted}_channel in its configuration")
    return _Plan(wired[wanted], length_ms, wanted)


def _wired(barrier: BarrierWiring) -> dict[RelayRole, int]:
    channels = {
        RelayRole.OPEN: barrier.open_channel,
        RelayRole.CLOSE: barrier.close_channel,
        RelayRole.HOLD: barrier.hold_channel,
        RelayRole.RED: barrier.red_channel,
        RelayRole.GREEN: barrier.green_channel,
    }
    return {role: channel for role, channel in channels.items() if channel is not None}


def _announcement(target: Target, board: TargetBoard, plan: _Plan) -> str:
    lines = [
        _consequence(target.lane, plan),
        f"  One pulse of {plan.pulse_ms} ms on relay {plan.channel} of {board.words}.",
        "  Every relay of that board is released before and after it: what they hold open may close.",
    ]
    if target.sharers:
        lines.append(f"  The board also serves {', '.join(target.sharers)}.")
    return "\n".join(lines)


def _consequence(lane: str | None, plan: _Plan) -> str:
    match plan.role:
        case None:
            return f"Relay {plan.channel} will switch. The command does not know what is wired to it."
        case RelayRole.OPEN:
            return f"The barrier of lane {lane} will OPEN."
        case RelayRole.CLOSE:
            return f"The barrier of lane {lane} will CLOSE. Nothing and no one may be under the arm."
        case RelayRole.HOLD:
            return f"The barrier of lane {lane} will OPEN: its hold contact closes briefly."
        case RelayRole.RED | RelayRole.GREEN:
            return f"The {plan.role} lamp of lane {lane} will light up briefly."
        case _:
            assert_never(plan.role)


def _confirm(target: Target, plan: _Plan, *, yes: bool, arm_is_clear: bool) -> None:
    """Have the technician type that it may happen. Raises typer.Exit where he does not; nothing was sent then."""
    word = target.lane or str(plan.channel)
    what = "the name of the lane" if target.lane else "the number of the relay"
    if not yes:
        _require(f"Type {what} ({word}) to continue", word)
    if plan.role is RelayRole.CLOSE and not (yes and arm_is_clear):
        if yes:
            raise typer.BadParameter("a close with --yes also needs --arm-is-clear")
        _require(f'Is the space under the arm empty? Look, then type "{CLEAR}"', CLEAR)


def _require(question: str, word: str) -> None:
    try:
        answer = typer.prompt(question, default="", show_default=False)
    except typer.Abort:
        answer = ""
    if answer.strip() != word:
        echo("gate-agent relay test: not confirmed; nothing was sent", err=True)
        raise typer.Exit(exit_codes.FAILED)


@contextmanager
def _stop_signals_interrupt(trial: TestPulse) -> Iterator[None]:
    """Let the end of a session or a kill end the pulse as Ctrl-C does, and none of them the release of the relays."""
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in previous:
        signal.signal(number, lambda _number, _frame: trial.interrupt())
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
