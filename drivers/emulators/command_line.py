"""Runs an emulated board from the command line: a line of text a switching, and orders typed in.

Orders: `input 1 on`, `input 1 off`, `unplug`, `plug`, `power`, `fault mute` (or another fault, `fault none`),
`stuck 1`, `free 1`, `quit`. When the input ends the board goes on until it gets SIGINT or SIGTERM. So does a board
that runs in the background of a terminal, whose lines are for another program.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from drivers.emulators.board import EmulatedBoard, ReplyFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.relay_bank import RelayChange

READ_SIZE = 4096


def run(board: EmulatedBoard) -> int:
    """Run the board until it is told to stop; 0 is the exit code."""
    started_at = time.monotonic()

    def print_switching(switching: RelayChange) -> None:
        since_s = switching.at - started_at
        print_line(f"{since_s:10.3f} s  relay {switching.channel} {'ON' if switching.on else 'off'}")

    board.relays.watch(print_switching)
    with typed_lines() as lines, board:
        print_line(f"serial port {board.line.link}, {board.relays.channels} relays; type help for orders")
        for line in lines:
            order = line.strip()
            if order == "quit":
                break
            if order:
                print_line(_answer(board, order))
    return 0


def obey(board: EmulatedBoard, order: str) -> str:
    """Carry out one order and return what to say about it. Raises ValueError for one that is none."""
    match order.split():
        case ["input", number, ("on" | "off") as state] if board.inputs:
            board.set_input(int(number), on=state == "on")
        case ["unplug"]:
            board.unplug()
        case ["plug"]:
            board.plug()
        case ["power"]:
            board.power_cycle()
        case ["fault", name]:
            board.fail(None if name == "none" else ReplyFault(name))
        case ["stuck", number]:
            board.relays.stuck.add(int(number))
        case ["free", number]:
            board.relays.stuck.discard(int(number))
        case _:
            raise ValueError(" ".join((__doc__ or "").split("\n\n")[1].split()))
    return f"{order.strip()}: done"


@contextmanager
def typed_lines() -> Iterator[Iterator[str]]:
    """The lines that are typed in, without their ends, until SIGINT or SIGTERM; the end of the input ends nothing.

    In the background of a terminal a program may not read it. It is not stopped there (SIGTTIN): its input has ended.
    """
    reading_end, writing_end = os.pipe()
    os.set_blocking(writing_end, False)
    previous = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    previous[signal.SIGTTIN] = signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    previous_fd = signal.set_wakeup_fd(writing_end)
    try:
        yield _lines_until(reading_end)
    finally:
        signal.set_wakeup_fd(previous_fd)
        for number, handler in previous.items():
            signal.signal(number, handler)
        os.close(reading_end)
        os.close(writing_end)


def _lines_until(stop: int) -> Iterator[str]:
    watched = [stop, sys.stdin.fileno()]
    pending = b""
    while stop not in (ready := select.select(watched, [], [])[0]):
        data = _read(ready[0])
        if not data:
            watched.remove(ready[0])
        *lines, pending = (pending + data).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)


def _read(descriptor: int) -> bytes:
    """What there is; nothing at the end of the input, and from a terminal that another program reads."""
    try:
        return os.read(descriptor, READ_SIZE)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return b""


def _answer(board: EmulatedBoard, order: str) -> str:
    try:
        return obey(board, order)
    except (ValueError, IndexError) as error:
        return f"not done: {error}"


def print_line(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
