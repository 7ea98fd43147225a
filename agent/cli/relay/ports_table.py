"""The serial ports as a table for people."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.cli.relay.entries import snippet
from agent.cli.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.cli.relay.entries import MissingPort, PortEntry

WIDTH = 100
_WIDTH_OF_A_FILE = 200
_MOST_HEARD = 6


def show(entries: list[PortEntry], missing: list[MissingPort]) -> None:
    """Print the ports, each in a block of its own, and then those that are missing."""
    console = Console(highlight=False)
    width = min(console.width, WIDTH) if console.is_terminal else _WIDTH_OF_A_FILE
    console = Console(highlight=False, width=width)
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for place, entry in enumerate(entries):
        if place:
            table.add_row()
        table.add_row(Text(entry.adapter.device, style="bold"), Text(_title(entry), style="bold"))
        for name, text, style in _facts(entry):
            table.add_row(Text(f"  {name}"), Text(text, style=style))
    if entries:
        console.print(table)
    else:
        console.print("There is no serial port on this machine. Is the adapter plugged in?")
    for entry in entries:
        if entry.finding and entry.finding.board:
            # Not in the table: what is to be pasted begins at the margin.
            echo(f"\n# {entry.finding.board.words}\n{snippet(entry, entry.finding.board)}")
    for one in missing:
        console.print(Text(f"{one.port} is missing: {one.user}", style="red"))


def _title(entry: PortEntry) -> str:
    adapter = entry.adapter
    named = ", ".join(filter(None, (adapter.title, adapter.maker)))
    return "  ".join(filter(None, (adapter.usb_id, named))) or "not on USB"


def _facts(entry: PortEntry) -> Iterator[tuple[str, str, str]]:
    """The facts about a port: their name, text and style."""
    adapter, told = entry.adapter, entry.advice
    yield "probably", entry.likeness.words, ""
    yield "write", told.name, "green" if told.lasting else "yellow"
    yield "because", told.why, ""
    others = [name for name in adapter.names if name != told.name]
    if others:
        yield "also", "\n".join(others), "dim"
    if adapter.serial:
        yield "serial", adapter.serial, ""
    if adapter.driver:
        yield "driver", adapter.driver, ""
    if adapter.holders:
        yield "open in", ", ".join(f"{holder.name} (pid {holder.pid})" for holder in adapter.holders), "yellow"
    elif os.geteuid() != 0:
        yield "open in", "no program that this user may see", ""
    if not adapter.permitted:
        yield "forbidden", _permission(adapter.group), "red"
    if entry.users:
        yield "used by", "; ".join(entry.users), ""
    yield from _answers(entry)


def _permission(group: str) -> str:
    return (
        f"you may not open it: sudo usermod -aG {group or 'dialout'} {os.environ.get('USER', 'NAME')}, "
        "then log in again"
    )


def _answers(entry: PortEntry) -> Iterator[tuple[str, str, str]]:
    finding = entry.finding
    if finding is None:
        return
    if finding.board is not None:
        yield "it is", finding.board.words, "green"
        return
    yield "asked", f"not recognised: {finding.why}", "yellow"
    heard = [one for one in finding.heard if one.reply]
    if heard:
        yield "heard", "\n".join(_exchanges((one.request, one.reply) for one in heard[:_MOST_HEARD])), ""


def _exchanges(heard: Iterable[tuple[bytes, bytes]]) -> Iterator[str]:
    for request, reply in heard:
        yield f"{request.hex(' ').upper() or '(nothing sent)'} > {reply[:24].hex(' ').upper()}"
