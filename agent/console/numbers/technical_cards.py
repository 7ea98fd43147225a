"""What a technician asks: how well codes and plates are read, by which camera, and whether devices stay connected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.console.charts.frame import figure, scale_of_shares
from agent.console.charts.lines import Line, lines
from agent.console.charts.strips import bar, uptime
from agent.console.labels.numbers import FAMILIES
from agent.console.numbers.card import FIGURE, BarRow, Card
from agent.console.numbers.shift_cards import reasons_card, times_card
from agent.console.numbers.words import HUNDRED, share_figure, share_text, slot_name, slot_text
from agent.core.numbers import Subject, details, reads_of, uptimes_of
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.console.numbers.card import Said
    from agent.numbers import NumbersReport

_MINUTE_MS: Final = 60_000


def technical_cards(report: NumbersReport, said: Said) -> list[Card]:
    """The cards of the second screen."""
    return [
        reads_card(report, said),
        cameras_card(report, said),
        reasons_card(report, said, Subject.RETRY),
        times_card(report, said, Subject.DECIDING),
        uptime_card(report, said),
    ]


def reads_card(report: NumbersReport, said: Said) -> Card:
    """How many codes and plates were read at the first try, by hour or day, in percent."""
    codes = [reads_of(slot.tally, Subject.CODES) for slot in report.slots]
    plates = [reads_of(slot.tally, Subject.PLATES) for slot in report.slots]
    shares = [[_percent(one.first_share) for one in reads] for reads in (codes, plates)]
    least = min((share for row in shares for share in row if share is not None), default=HUNDRED)
    scale = scale_of_shares(least)
    title = said(Text("Read on the first try"))
    whole = [reads_of(report.total, subject) for subject in (Subject.CODES, Subject.PLATES)]
    words = said(
        Text(
            "{title}: codes {codes}, plates {plates}",
            title=title,
            codes=share_text(whole[0].first_share),
            plates=share_text(whole[1].first_share),
        )
    )
    rows = [Line(said(Text("codes")), 4, shares[0]), Line(said(Text("plates")), 5, shares[1], dashed=True)]
    heads = (
        *(said(Text("Codes, %")), said(Text("Codes in the end, %"))),
        *(said(Text("Plates, %")), said(Text("Plates in the end, %"))),
    )
    return Card(
        "reads",
        title,
        said(Text("In %. The scale starts at {least}.", least=figure(scale.ticks[0]))),
        [
            said(Text("Hour") if report.period.days == 1 else Text("Day")),
            *((head, FIGURE) for head in heads),
        ],
        [
            [
                slot_text(slot),
                *(share_figure(share) for one in pair for share in (one.first_share, one.end_share)),
            ]
            for slot, *pair in zip(report.slots, codes, plates, strict=True)
        ],
        lines(words, [slot_name(slot) for slot in report.slots], rows, scale),
        empty="" if any(one.asked for one in whole) else said(Text("No vehicles in this period.")),
    )


def cameras_card(report: NumbersReport, said: Said) -> Card:
    """What each camera read, among the vehicles of its lane."""
    rows = list(camera_rows(report))
    heads = (said(Text("Codes, %")), said(Text("Codes")), said(Text("Plates, %")), said(Text("Plates")))
    return Card(
        "cameras",
        said(Text("Read by each camera")),
        said(Text("Share of the lane’s vehicles whose code or plate it read")),  # noqa: RUF001 - an apostrophe
        [said(Text("Lane")), said(Text("Camera")), *((head, FIGURE) for head in heads)],
        [
            [lane, camera, _share(codes, of_codes), str(codes), _share(plates, of_plates), str(plates)]
            for lane, camera, codes, of_codes, plates, of_plates in rows
        ],
        bars=[
            BarRow(f"{lane}, {camera}: {what}", _share_text(read, asked), bar(kind, read / asked if asked else 0))
            for lane, camera, codes, of_codes, plates, of_plates in rows
            for what, kind, read, asked in (
                (said(Text("codes")), "f4", codes, of_codes),
                (said(Text("plates")), "f5", plates, of_plates),
            )
            if read
        ],
        empty="" if rows else said(Text("No camera has read anything in this period.")),
    )


def camera_rows(report: NumbersReport) -> Iterator[tuple[str, str, int, int, int, int]]:
    """Lane, camera, codes that it read, codes that were to be read at its lane, and the same of plates."""
    for lane, tally in report.lanes.items():
        if report.lane and lane != report.lane:
            continue
        codes, plates = details(tally, Subject.CODE_BY), details(tally, Subject.PLATE_BY)
        of_codes, of_plates = reads_of(tally, Subject.CODES).asked, reads_of(tally, Subject.PLATES).asked
        for camera in sorted({*codes, *plates}):
            yield lane, camera, codes.get(camera, 0), of_codes, plates.get(camera, 0), of_plates


def uptime_card(report: NumbersReport, said: Said) -> Card:
    """How long each device was connected, and when it was not."""
    by_slot = [{one.name: one.share for one in uptimes_of(slot.tally)} for slot in report.slots]
    found = uptimes_of(report.total)
    rows = []
    for one in found:
        words = device_words(one.name, said)
        strip = uptime(f"{words}: {share_text(one.share)}", [shares.get(one.name) for shares in by_slot])
        rows.append(BarRow(words, share_text(one.share), strip))
    return Card(
        "uptime",
        said(Text("Uptime of devices")),
        said(Text("A gap means a lost connection. A pale area means that the gate did not run.")),
        [said(Text("Device")), (said(Text("Connected, %")), FIGURE), (said(Text("Not connected, minutes")), FIGURE)],
        [[device_words(one.name, said), share_figure(one.share), f"{one.down_ms / _MINUTE_MS:.0f}"] for one in found],
        bars=rows,
        empty="" if rows else said(Text("No device reported its state in this period.")),
    )


def device_words(name: str, said: Said) -> str:
    """What a device is called: its kind, and the name that the configuration gives it."""
    family, _, own = name.partition(":")
    kind = said(FAMILIES[family]) if family in FAMILIES else family
    return kind if not own or own == family else f"{kind} {own}"


def shares_below(tally: Mapping[str, int], least: float) -> list[tuple[str, float]]:
    """The devices that were connected for less than this share of the time, the worst first."""
    found = [(one.name, one.share) for one in uptimes_of(tally) if one.share is not None and one.share < least]
    return sorted(found, key=lambda one: one[1])


def _percent(share: float | None) -> float | None:
    return None if share is None else share * HUNDRED


def _share(part: int, whole: int) -> str:
    return share_figure(part / whole if whole else None)


def _share_text(part: int, whole: int) -> str:
    return share_text(part / whole if whole else None)
