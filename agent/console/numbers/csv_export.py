"""The numbers of a period as files for spreadsheets: CSV (RFC 4180), UTF-8, with names of columns that stay.

Shares and medians are left to the reader of the file where counts say the same. docs/numbers.md names every column.
"""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Final

from agent.console.numbers.technical_cards import camera_rows
from agent.console.numbers.words import days_text, slot_text, slot_utc
from agent.core.numbers import Subject, details, reads_of, times_of, uptimes_of, vehicles_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from agent.numbers import NumbersReport, Slot

    Row = Sequence[str | int | float | None]

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so would be a formula to a spreadsheet."""
WHEN: Final = ("from_day", "to_day", "hour", "start_utc")
TIMES: Final = ("count", "median_s", "p95_s")


def csv_text(report: NumbersReport, name: str) -> str:
    """A file of the report, by its name. Raises KeyError for a name that is none."""
    heads, rows = FILES[name]
    written = StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(heads)
    for row in rows(report):
        writer.writerow([_cell(value) for value in row])
    return written.getvalue()


def _cell(value: str | float | None) -> str | int | float:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def _when(slot: Slot) -> tuple[str, str, str, str]:
    first, _, last = days_text(slot.first, slot.last).partition(" ")
    return first, last.rpartition(" ")[2] or first, "" if slot.hour is None else slot_text(slot)[:2], slot_utc(slot)


def _vehicles(report: NumbersReport) -> Iterator[Row]:
    for slot in report.slots:
        found = vehicles_of(slot.tally)
        yield (*_when(slot), found.passed, found.by_officer, found.refused, found.other, found.all)


def _times(subject: Subject) -> Callable[[NumbersReport], Iterator[Row]]:
    def rows(report: NumbersReport) -> Iterator[Row]:
        for slot in report.slots:
            found = times_of(slot.tally, subject)
            yield (*_when(slot), found.count, found.median_s, found.p95_s)

    return rows


def _reads(report: NumbersReport) -> Iterator[Row]:
    for slot in report.slots:
        codes, plates = reads_of(slot.tally, Subject.CODES), reads_of(slot.tally, Subject.PLATES)
        found = (one for reads in (codes, plates) for one in (reads.asked, reads.first_try, reads.in_the_end))
        yield (*_when(slot), *found)


def _reasons(subject: Subject) -> Callable[[NumbersReport], Iterator[Row]]:
    def rows(report: NumbersReport) -> Iterator[Row]:
        yield from details(report.total, subject).items()

    return rows


def _lanes(report: NumbersReport) -> Iterator[Row]:
    for lane, tally in report.lanes.items():
        found = vehicles_of(tally)
        waiting, deciding = times_of(tally, Subject.WAITING), times_of(tally, Subject.DECIDING)
        yield (
            *(lane, found.passed, found.by_officer, found.refused, found.other, found.all),
            *(waiting.median_s, waiting.p95_s, deciding.median_s, deciding.p95_s),
        )


def _uptime(report: NumbersReport) -> Iterator[Row]:
    for slot in report.slots:
        for found in uptimes_of(slot.tally):
            family, _, device = found.name.partition(":")
            yield (*_when(slot), family, device, found.up_ms / 1000, found.down_ms / 1000)


FILES: Final[Mapping[str, tuple[Sequence[str], Callable[[NumbersReport], Iterator[Row]]]]] = {
    "vehicles": ((*WHEN, "passed", "by_officer", "refused", "other", "all"), _vehicles),
    "waiting": ((*WHEN, *TIMES), _times(Subject.WAITING)),
    "deciding": ((*WHEN, *TIMES), _times(Subject.DECIDING)),
    "officer_time": ((*WHEN, *TIMES), _times(Subject.OFFICER_TIME)),
    "refusals": (("reason", "vehicles"), _reasons(Subject.REFUSED)),
    "officers": (("reason", "vehicles"), _reasons(Subject.OFFICER_CALLED)),
    "retries": (("reason", "vehicles"), _reasons(Subject.RETRY)),
    "alarms": (("alarm", "times"), _reasons(Subject.ALARM)),
    "lanes": (
        (
            *("lane", "passed", "by_officer", "refused", "other", "all"),
            *("waiting_median_s", "waiting_p95_s", "deciding_median_s", "deciding_p95_s"),
        ),
        _lanes,
    ),
    "reads": (
        (
            *WHEN,
            *("codes_asked", "codes_first_try", "codes_in_the_end"),
            *("plates_asked", "plates_first_try", "plates_in_the_end"),
        ),
        _reads,
    ),
    "cameras": (("lane", "camera", "codes", "codes_asked", "plates", "plates_asked"), camera_rows),
    "uptime": ((*WHEN, "family", "device", "up_s", "down_s"), _uptime),
}
"""Each file by its name: its columns, and where its rows come from."""
