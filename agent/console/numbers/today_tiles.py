"""The figures of today below the lanes: each leads to the vehicles or the numbers that it counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from agent.console.numbers.summary import Tile, compared, times_tile
from agent.console.numbers.words import share_text
from agent.console.vehicles.periods import Period
from agent.console.vehicles.record import Result
from agent.console.vehicles.vehicle_row import RESULTS
from agent.core.numbers import Subject, vehicles_of
from drivers.text import Text

if TYPE_CHECKING:
    from agent.console.numbers.card import Said
    from agent.numbers import NumbersReport

_LIST: Final = f"/vehicles?period={Period.TODAY}"


def today_tiles(report: NumbersReport, said: Said) -> list[Tile]:
    """How many came, how many passed, were let pass by an officer and were refused, and how long they waited."""
    vehicles = vehicles_of(report.total)

    def ended(result: Result, count: int) -> Tile:
        share = share_text(count / vehicles.all if vehicles.all else None)
        note = said(Text("{share} of all", share=share))
        return Tile(said(RESULTS[result]), str(count), "", note, f"{_LIST}&result={result}")

    return [
        Tile(said(Text("Vehicles")), str(vehicles.all), "", compared(report, said), _LIST),
        ended(Result.PASSED, vehicles.passed),
        ended(Result.OFFICER, vehicles.by_officer),
        ended(Result.REFUSED, vehicles.refused),
        replace(times_tile(report, said, Subject.WAITING, Text("Waiting, median")), href="/numbers#waiting"),
    ]
