"""What a shift leader asks: how many vehicles, how long they waited, how many were refused and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.console.charts.columns import HATCH, columns
from agent.console.charts.frame import scale_to
from agent.console.charts.lines import Line, lines
from agent.console.charts.strips import bar
from agent.console.numbers.card import FIGURE, BarRow, Card, legend
from agent.console.numbers.words import NONE, share_text, slot_name, slot_text, time_text
from agent.core.model import Reason
from agent.core.numbers import Subject, details, officer_share, times_of, vehicles_of
from agent.i18n.reasons import REASONS
from drivers.text import Text, pgettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.console.numbers.card import Said
    from agent.numbers import NumbersReport


def shift_cards(report: NumbersReport, said: Said) -> list[Card]:
    """The cards of the first screen."""
    cards = [
        vehicles_card(report, said),
        times_card(report, said, Subject.WAITING),
        reasons_card(report, said, Subject.REFUSED),
        reasons_card(report, said, Subject.OFFICER_CALLED),
    ]
    return [*cards, lanes_card(report, said)] if len(report.lanes) > 1 and not report.lane else cards


def vehicles_card(report: NumbersReport, said: Said) -> Card:
    """Vehicles by hour or day, by how they ended."""
    counts = [vehicles_of(slot.tally) for slot in report.slots]
    kinds = (
        ("f1", said(Text("Passed")), [one.passed for one in counts]),
        ("f2", said(Text("Let pass by an officer")), [one.by_officer for one in counts]),
        (HATCH, said(Text("Refused")), [one.refused for one in counts]),
        ("f0", said(Text("Other")), [one.other for one in counts]),
    )
    busiest = max(zip(counts, report.slots, strict=True), key=lambda one: one[0].all, default=None)
    note = ""
    if busiest is not None and busiest[0].all:
        note = said(Text("Busiest: {when}, {count}", when=slot_text(busiest[1]), count=busiest[0].all))
    title = said(Text("Vehicles per hour") if _by_hour(report) else Text("Vehicles per day"))
    title = said(Text("Vehicles per week")) if any(slot.last > slot.first for slot in report.slots) else title
    names = [slot_name(slot) for slot in report.slots]
    chart = columns(f"{title}. {note}", names, [(kind, values) for kind, _, values in kinds])
    return Card(
        "vehicles",
        title,
        note,
        [_when(report, said), *((name, FIGURE) for _, name, _ in kinds)],
        [
            [slot_text(slot), *(str(values[number]) for _, _, values in kinds)]
            for number, slot in enumerate(report.slots)
        ],
        chart,
        legend=legend([(kind, name) for kind, name, _ in kinds]),
        empty=_empty(said, any_there=any(one.all for one in counts)),
    )


def times_card(report: NumbersReport, said: Said, subject: Subject) -> Card:
    """Waiting or deciding by hour or day: the median, and what 95 of 100 vehicles stay below."""
    times = [times_of(slot.tally, subject) for slot in report.slots]
    median, p95 = [one.median_s for one in times], [one.p95_s for one in times]
    is_waiting = subject is Subject.WAITING
    title = said(Text("Waiting time") if is_waiting else Text("Deciding time"))
    note = said(
        Text("Seconds from arrival until the vehicle may go or is refused")
        if is_waiting
        else Text("Seconds from the first code until the gate answers")
    )
    rows = [Line(said(Text("95 %")), 2, p95, dashed=True), Line(said(Text("median")), 4, median)]
    whole = times_of(report.total, subject)
    words = said(
        Text(
            "{title}: median {median}, 95 % under {p95}",
            title=title,
            median=time_text(whole.median_s),
            p95=time_text(whole.p95_s),
        )
    )
    most = max((one for one in p95 if one is not None), default=1.0)
    heads = (said(Text("Vehicles")), said(Text("Median, s")), said(Text("95 % under, s")))
    return Card(
        "waiting" if is_waiting else "deciding",
        title,
        note,
        [_when(report, said), *((head, FIGURE) for head in heads)],
        [
            [slot_text(slot), str(one.count), _seconds(one.median_s), _seconds(one.p95_s)]
            for slot, one in zip(report.slots, times, strict=True)
        ],
        lines(words, [slot_name(slot) for slot in report.slots], rows, scale_to(most)),
        empty=_empty(said, any_there=any(one.count for one in times)),
    )


def reasons_card(report: NumbersReport, said: Said, subject: Subject) -> Card:
    """Vehicles by reason: refused, sent to an officer, or asked again."""
    titles = {
        Subject.REFUSED: ("refusals", "f3", Text("Refused, by reason")),
        Subject.OFFICER_CALLED: ("officers", "f2", Text("Why officers were called")),
        Subject.RETRY: ("retries", "f5", Text("Asked again, by reason")),
    }
    name, kind, title = titles[subject]
    found = details(report.total, subject)
    most = max(found.values(), default=1)
    return Card(
        name,
        said(title),
        said(Text("Vehicles")),
        [said(Text("Reason")), said(pgettext("reason", "Code")), (said(Text("Vehicles")), FIGURE)],
        [[reason_words(code, said), code, str(count)] for code, count in found.items()],
        bars=[BarRow(reason_words(code, said), str(count), bar(kind, count / most)) for code, count in found.items()],
        empty=said(Text("No vehicles in this period.")) if not found else "",
        other_file=("officer_time", said(Text("Officer took"))) if subject is Subject.OFFICER_CALLED else ("", ""),
    )


def lanes_card(report: NumbersReport, said: Said) -> Card:
    """The lanes side by side."""
    most = max((vehicles_of(tally).all for tally in report.lanes.values()), default=1) or 1
    heads = (
        *(said(Text("Vehicles")), said(Text("Refused")), said(Text("Went to an officer"))),
        *(said(Text("Waiting, median")), said(Text("Deciding, median"))),
    )
    return Card(
        "lanes",
        said(Text("Lanes")),
        said(Text("Vehicles")),
        [said(Text("Lane")), *((head, FIGURE) for head in heads)],
        [[name, *_lane_row(tally, said)] for name, tally in report.lanes.items()],
        bars=[
            BarRow(name, str(count), bar("f4", count / most))
            for name, count in ((name, vehicles_of(tally).all) for name, tally in report.lanes.items())
        ],
    )


def reason_words(code: str, said: Said) -> str:
    """A reason as an officer reads it; that of a later agent by its code."""
    return said(REASONS[Reason(code)].what) if code in set(Reason) else code or NONE


def _lane_row(tally: Mapping[str, int], said: Said) -> list[str]:
    vehicles = vehicles_of(tally)
    waiting, deciding = times_of(tally, Subject.WAITING), times_of(tally, Subject.DECIDING)
    return [
        *(str(vehicles.all), str(vehicles.refused), share_text(officer_share(tally))),
        *(said(time_text(waiting.median_s)), said(time_text(deciding.median_s))),
    ]


def _by_hour(report: NumbersReport) -> bool:
    return any(slot.hour is not None for slot in report.slots)


def _when(report: NumbersReport, said: Said) -> str:
    return said(Text("Hour") if _by_hour(report) else Text("Day"))


def _seconds(seconds: float | None) -> str:
    return NONE if seconds is None else f"{seconds:.1f}"


def _empty(said: Said, *, any_there: bool) -> str:
    return "" if any_there else said(Text("No vehicles in this period."))
