"""What each reader made of photographs of plates: set by set with its cost, and by country and kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.reading_engines import ENGINES
from bench.reading_markdown import markdown, milliseconds
from bench.reading_score import Tally, Verdict, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.reading_run import Results
    from bench.reading_sets import LabelledSet


def by_reader(results: Results, sets: Sequence[LabelledSet]) -> str:
    """One row a set and reader: right, wrong, none, wrong among sure answers, time and memory."""
    rows = [["set", "reader", "right", "", "wrong", "none", "sure and wrong", "ms, median", "p99", "MB"]]
    for each in sets:
        tallies = results.tallies[each.name]
        name = f"{each.name} ({len(each.pictures)})"
        rows += [[name, reader, *_row(tallies[reader])] for reader in ENGINES if reader in tallies]
    return markdown(rows) if len(rows) > 1 else ""


def by_country(results: Results, sets: Sequence[LabelledSet]) -> str:
    """One row a country and kind of plate, one column a reader: right / wrong / none, and sure and wrong of sure."""
    readers = [name for name in ENGINES if sets and all(name in results.tallies[each.name] for each in sets)]
    if not readers:
        return ""
    whole = {reader: total(results.tallies[each.name][reader] for each in sets) for reader in readers}
    kinds = sorted(whole[readers[0]].by_kind)
    rows = [["country: kind", "pictures", *readers]]
    for country in dict.fromkeys(kind.partition(":")[0] for kind in kinds):
        own = [kind for kind in kinds if kind.partition(":")[0] == country]
        rows += [_country_row(kind, {reader: whole[reader].of_kind(kind) for reader in readers}) for kind in own]
        if len(own) > 1:
            together = {reader: total(whole[reader].of_kind(kind) for kind in own) for reader in readers}
            rows.append(_country_row(f"{country}: all", together))
    rows.append(["ms, median", "", *[_median(whole[reader]) for reader in readers]])
    return markdown(rows)


def _country_row(name: str, tallies: dict[str, Tally]) -> list[str]:
    return [name, str(next(iter(tallies.values())).count), *[_cell(tally) for tally in tallies.values()]]


def _row(tally: Tally) -> list[str]:
    wrong, sure = tally.wrong_of_sure
    times = tally.times()
    cost = [milliseconds(value) for value in times[:2]] if times else ["-", "-"]
    return [
        str(tally.read),
        f"{100 * tally.read / tally.count:.1f} %",
        str(tally.wrong),
        str(_none(tally)),
        f"{wrong} of {sure}",
        *cost,
        "-" if tally.peak_mb is None else f"{tally.peak_mb:.0f}",
    ]


def _cell(tally: Tally) -> str:
    wrong, sure = tally.wrong_of_sure
    return f"{tally.read} / {tally.wrong} / {_none(tally)}; {wrong} of {sure}"


def _none(tally: Tally) -> int:
    return tally.verdicts[Verdict.NOTHING] + tally.verdicts[Verdict.LOST]


def _median(tally: Tally) -> str:
    times = tally.times()
    return milliseconds(times[0]) if times else "-"
