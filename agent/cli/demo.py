"""The command `gate-agent demo`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from agent.cli import exit_codes

if TYPE_CHECKING:
    from types import FrameType


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the output of the demo; it is replaced each time.")] = Path(
        "demo-out"
    ),
    *,
    exit_: Annotated[bool, typer.Option("--exit", help="End after the vehicles, even in a terminal.")] = False,
) -> None:
    """Play fourteen vehicles at a gate on this computer, without hardware.

    Starts a broker on a free port, an emulated relay board, barrier and LED sign on pseudo terminals, a simulated
    camera, the agent itself with its driver page, and a small central system that declares vehicles and revokes a
    permit. It shows what the gate sees, decides, tells the driver and publishes. A link, which works once, opens
    the gate's console in a browser of this computer. In a terminal you then choose what comes next, with a key or
    in the browser, until you press q. Without a terminal, or with --exit, the demo ends by itself. At the end it
    prints a table, verifies the journal, and writes a page with pictures of all vehicles, report.html. Exit code 0
    when every vehicle ended as expected.
    """
    from agent.clock import Clock  # noqa: PLC0415
    from sim.demo import (  # noqa: PLC0415 - heavy, and only this command needs it
        ACTS,
        BrokerError,
        DemoError,
        DemoRunner,
        Screen,
    )

    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        with Screen(ACTS) as screen:
            stays = not exit_ and sys.stdin.isatty() and screen.console.is_terminal
            right = DemoRunner(out.resolve(), int(Clock().now().utc), screen, ACTS, stays=stays).run()
    except (BrokerError, DemoError) as error:
        typer.echo(f"gate-agent demo: {error}", err=True)
        raise typer.Exit(exit_codes.FAILED) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    raise typer.Exit(exit_codes.OK if right else exit_codes.FAILED)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """End as by Ctrl-C when the process is told to, or its terminal is closed: broker and agent stop too."""
    raise SystemExit(exit_codes.SIGNALLED + number)
