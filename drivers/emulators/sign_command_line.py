"""Runs an emulated sign from the command line: what it shows is printed whenever it changes, and orders are typed in.

Orders: `unplug`, `plug`, `power`, `fault mute` (or another fault, `fault none`), `quit`. When the input ends the sign
goes on until it gets SIGINT or SIGTERM.
"""

from __future__ import annotations

import argparse
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.emulators.command_line import print_line, typed_lines
from drivers.emulators.sign import SignFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from drivers.emulators.sign import EmulatedSign

LOOK_S = 0.1
"""How often it is looked whether a text has gone by itself."""
_PAINT = {"red": "\x1b[31m", "green": "\x1b[32m", "yellow": "\x1b[33m", "": ""}
_PLAIN = "\x1b[0m"


def main(description: str, sign: Callable[..., EmulatedSign], arguments: Sequence[str] | None = None) -> int:
    """Run a sign until it is told to stop; 0 is the exit code."""
    parser = argparse.ArgumentParser(description=description)
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--link", type=Path, help="name under which the serial port appears")
    place.add_argument("--tcp-port", type=int, help="TCP port of 127.0.0.1; 0: any that is free")
    parser.add_argument("--lines", type=int, default=4, help="number of lines")
    parser.add_argument("--columns", type=int, default=8, help="columns of half a square in a line")
    options = parser.parse_args(arguments)
    return run(sign(options.link, options.lines, options.columns, tcp_port=options.tcp_port or 0))


def run(sign: EmulatedSign) -> int:
    """Run the sign until it is told to stop; 0 is the exit code."""
    with typed_lines() as lines, sign, _printing(sign):
        print_line(f"a sign at {sign.line.link}; type help for orders")
        for line in lines:
            order = line.strip()
            if order == "quit":
                break
            if order:
                print_line(_answer(sign, order))
    return 0


def obey(sign: EmulatedSign, order: str) -> str:
    """Carry out one order and return what to say about it. Raises ValueError for one that is none."""
    match order.split():
        case ["unplug"]:
            sign.unplug()
        case ["plug"]:
            sign.plug()
        case ["power"]:
            sign.power_cycle()
        case ["fault", name]:
            sign.fail(None if name == "none" else SignFault(name))
        case _:
            raise ValueError(" ".join((__doc__ or "").split("\n\n")[1].split()))
    return f"{order.strip()}: done"


def _answer(sign: EmulatedSign, order: str) -> str:
    try:
        return obey(sign, order)
    except ValueError as error:
        return f"not done: {error}"


@contextmanager
def _printing(sign: EmulatedSign) -> Iterator[None]:
    """Print what the sign shows and says, from a thread of its own."""
    stopping = threading.Event()
    thread = threading.Thread(target=_print_changes, args=(sign, stopping), name="printing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _print_changes(sign: EmulatedSign, stopping: threading.Event) -> None:
    before, said = None, 0
    while not stopping.wait(LOOK_S):
        shown, spoken = sign.display.in_sight, sign.display.spoken
        if shown != before:
            texts = [f"{_PAINT[one.colour]}{one.text}{_PLAIN if one.text else ''}" for one in shown]
            print_line(f"[{' | '.join(texts)}]" if any(one.text for one in shown) else "[dark]")
            before = shown
        for text in spoken[said:]:
            print_line(f"says: {text}")
        said = len(spoken)
