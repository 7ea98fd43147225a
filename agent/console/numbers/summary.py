"""The first look at a period: a few figures beside the period before, and what needs attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.console.numbers.technical_cards import device_words, shares_below
from agent.console.numbers.words import NONE, days_text, share_figure, share_text, time_parts, time_text
from agent.core.events import Alarm
from agent.core.model import Outcome
from agent.core.numbers import Reads, Subject, details, named, officer_share, reads_of, times_of, vehicles_of
from agent.i18n.alarms import ALARMS
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.console.numbers.card import Said
    from agent.numbers import NumbersReport

UPTIME_GOAL: Final = 0.99
"""A device that was connected for less of the time needs somebody to look at it."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its unit and a note. `href`: where it leads; "" nowhere."""

    label: str
    value: str
    unit: str
    note: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Concern:
    """What somebody should look at. `tone`: as of a status. `path`: where it leads; "" nowhere."""

    title: str
    text: str
    tone: str
    path: str = ""


def shift_tiles(report: NumbersReport, said: Said) -> list[Tile]:
    """The figures of the first screen."""
    vehicles = vehicles_of(report.total)
    to_officer = report.total.get(named(Subject.TO_OFFICER), 0)
    took = times_of(report.total, Subject.OFFICER_TIME)
    share = officer_share(report.total)
    return [
        Tile(said(Text("Vehicles")), str(vehicles.all), "", compared(report, said)),
        times_tile(report, said, Subject.WAITING, Text("Waiting, median")),
        times_tile(report, said, Subject.DECIDING, Text("Deciding, median")),
        Tile(
            said(Text("Went to an officer")),
            share_figure(share),
            "" if share is None else "%",
            said(
                Text(
                    "Vehicles: {count}. An officer took {took} (median).",
                    count=to_officer,
                    took=time_text(took.median_s),
                )
            )
            if took.count
            else said(Text("Vehicles: {count}", count=to_officer)),
        ),
        Tile(
            said(Text("Refused")),
            str(vehicles.refused),
            "",
            said(Text("{share} of all", share=share_text(vehicles.refused / vehicles.all if vehicles.all else None))),
        ),
    ]


def technical_tiles(report: NumbersReport, said: Said) -> list[Tile]:
    """The figures of the second screen."""
    codes, plates = (reads_of(report.total, subject) for subject in (Subject.CODES, Subject.PLATES))
    retries = sum(details(report.total, Subject.RETRY).values())
    return [
        _reads_tile(said, Text("Codes, first try"), codes),
        _reads_tile(said, Text("Plates, first try"), plates),
        Tile(said(Text("Asked again")), str(retries), "", said(Text("Requests to show something again"))),
        times_tile(report, said, Subject.DECIDING, Text("Deciding, median")),
    ]


def compared(report: NumbersReport, said: Said) -> str:
    """The number of vehicles beside that of the period before; "" where there is none."""
    found = report.comparison
    if found is None:
        return ""
    more = vehicles_of(found.now).all - vehicles_of(found.before).all
    shift = report.period.shift
    before = days_text(report.period.first - shift, report.period.last - shift)
    text = Text("As many as in {period}", period=before)
    if more:
        text = Text("{count} more than in {period}", count=more, period=before)
    if more < 0:
        text = Text("{count} fewer than in {period}", count=-more, period=before)
    if found.until_hour is None:
        return said(text)
    return said(Text("Until {hour}:00: {said}", hour=f"{found.until_hour:02}", said=text))


def times_tile(report: NumbersReport, said: Said, subject: Subject, label: Text) -> Tile:
    """The median of some times, and what most stay below."""
    times = times_of(report.total, subject)
    value, unit = time_parts(times.median_s)
    note = "" if times.p95_s is None else said(Text("95 % under {time}", time=time_text(times.p95_s)))
    return Tile(said(label), value, said(unit), note)


def concerns(report: NumbersReport, said: Said) -> Iterator[Concern]:
    """What somebody should look at, the most urgent first."""
    total = report.total
    if faults := total.get(named(Subject.OUTCOME, Outcome.FAULT), 0):
        yield Concern(said(Text("A fault of the gate ended a passage")), said(_times(faults)), "refused", "/health")
    for code, count in details(total, Subject.ALARM).items():
        words = said(ALARMS[Alarm(code)]) if code in set(Alarm) else code
        yield Concern(words, said(_times(count)), "warning")
    for name, share in shares_below(total, UPTIME_GOAL):
        text = said(Text("Connected for {share} of the time", share=share_text(share)))
        yield Concern(device_words(name, said), text, "offline", "/health")
    if dry := total.get(named(Subject.DRY_RUN), 0):
        text = said(Text("Vehicles: {count}. They are in no other number.", count=dry))
        yield Concern(said(Text("Lanes in dry run")), text, "unknown")
    if report.missed:
        text = said(Text("Events: {count}. They left the journal before they were counted.", count=report.missed))
        yield Concern(said(Text("Some events are not in the numbers")), text, "warning")


def _times(count: int) -> Text:
    return Text("Times: {count}", count=count)


def _reads_tile(said: Said, label: Text, reads: Reads) -> Tile:
    share, in_the_end = share_figure(reads.first_share), share_text(reads.end_share)
    note = said(Text("In the end {share} of {count}", share=in_the_end, count=reads.asked)) if reads.asked else ""
    return Tile(said(label), share, "" if share == NONE else "%", note)
