"""The tables at the end of the demo: what came of each vehicle, what the officer reads, what the driver was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from agent.core.model import DriverMessage, Reason, Verdict
from agent.i18n import Language
from agent.i18n.driver_texts import sign_lines
from agent.i18n.reasons import officer_text
from sim.demo.site import SIGN_COLUMNS

if TYPE_CHECKING:
    from sim.demo.result import DemoResult


def mark(number: int, result: DemoResult, *, final: bool) -> str:
    """The number of a vehicle with its mark; without one while it is not over, unless that is `final`."""
    if not (result.outcome or final):
        return f"{number:>2}"
    return f"{number:>2} " + ("[green]✔[/]" if result.right else "[red]✘[/]")


def results_table(results: list[DemoResult]) -> Table:
    """What came of the vehicles; fits into 80 columns without cutting a word."""
    table = Table(title="vehicles", box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in ("", "vehicle", "plate", "result", "raised", "answer"):
        right = heading in {"raised", "answer"}
        table.add_column(heading, justify="right" if right else "left", no_wrap=heading != "vehicle")
    for number, result in enumerate(results, start=1):
        more = [] if result.reason == Reason.OK else [result.reason]
        if result.vin:
            more += f"VIN {result.vin}".rsplit(" ", 1)
        table.add_row(
            mark(number, result, final=True),
            result.act.title,
            result.act.bears,
            "\n".join([result.came, *more]),
            str(result.pulses) if result.outcome else "",
            "" if result.answer_ms is None else f"{result.answer_ms:.0f} ms",
        )
    return table


def advice_table(results: list[DemoResult]) -> Table:
    """What an officer reads of each vehicle that was not let pass."""
    table = Table(title="what the officer reads", box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    for number, result in enumerate(results, start=1):
        if result.verdict in {Verdict.DENY, Verdict.MANUAL}:
            table.add_row(str(number), officer_text(Reason(result.reason), Language.EN))
    return table


def messages_table(results: list[DemoResult]) -> Table:
    """What each driver was told, as a sign of one line says it."""
    table = Table(title="what the driver was told", box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for number, result in enumerate(results, start=1):
        table.add_row(str(number), " > ".join(on_one_line(message) for message in result.told))
    return table


def on_one_line(message: str) -> str:
    """What a driver is told, as a sign of one line says it; the code of a message that is not known."""
    known = message in set(DriverMessage)
    lines = sign_lines(DriverMessage(message), Language.EN, SIGN_COLUMNS, 1) if known else None
    return message if lines is None else " ".join(lines)
