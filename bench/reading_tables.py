"""The tables of the reading bench as Markdown, for the terminal and for docs/reading.md."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from bench.reading_countries import by_country, by_reader
from bench.reading_engines import ENGINES, Subject
from bench.reading_markdown import markdown, milliseconds
from bench.reading_score import Tally, Verdict, total
from bench.reading_sets import HELD_BACK, TUNED_ON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.reading_run import Results
    from bench.reading_sets import LabelledSet


_PARTS_WITH_ONE_PLACE = 4


def tables(results: Results) -> dict[str, str]:
    """The tables by name; one whose sets were not measured is left out."""
    found = {
        "codes": _by_set(results, _chosen(results, Subject.CODES, drawn=False), "all photographs"),
        "codes-halves": _by_half(results, _chosen(results, Subject.CODES, drawn=False)),
        "codes-kinds": _by_kind(results, _chosen(results, Subject.CODES, drawn=False)),
        "codes-drawn": _by_kind(results, _chosen(results, Subject.CODES, drawn=True), times=True),
        "plates": by_reader(results, _chosen(results, Subject.PHOTOS, drawn=False)),
        "plates-countries": by_country(results, _chosen(results, Subject.PHOTOS, drawn=False)),
        "crops": by_reader(results, _chosen(results, Subject.CROPS, drawn=False)),
        "crops-countries": by_country(results, _chosen(results, Subject.CROPS, drawn=False)),
        "plates-drawn": _by_kind(results, _chosen(results, Subject.PHOTOS, drawn=True), times=True),
        "crops-drawn": _by_kind(results, _chosen(results, Subject.CROPS, drawn=True), times=True),
        "engines": _engines(results),
    }
    return {name: text for name, text in found.items() if text}


def _chosen(results: Results, subject: Subject, *, drawn: bool) -> list[LabelledSet]:
    return [each for each in results.sets if each.subject is subject and each.drawn is drawn]


def _by_set(results: Results, sets: Sequence[LabelledSet], together: str) -> str:
    """One row an engine: what it read of each set, then wrong texts, time and memory over them all."""
    if not sets:
        return ""
    counted = [each for each in sets if not each.empty]
    heads = ["engine", *[f"{each.name} ({len(each.pictures)})" for each in counted]]
    heads += [f"{together} ({sum(len(each.pictures) for each in counted)})"] if together else []
    heads += [f"read in {sum(len(each.pictures) for each in sets if each.empty)} without a code"] if together else []
    heads += ["wrong", "ms, median", "p99", "most", "MB"]
    rows = [heads]
    for engine in _measured(results, sets):
        tallies = [results.tallies[each.name][engine] for each in counted]
        both = total(results.tallies[each.name][engine] for each in sets)
        row = [engine, *[_read(one) for one in tallies]]
        if together:
            whole = total(tallies)
            row += [f"{whole.read} = {100 * whole.read / whole.count:.1f} %"]
            row += [str(sum(results.tallies[each.name][engine].wrong for each in sets if each.empty))]
        rows.append([*row, str(sum(one.wrong for one in tallies)), *_cost(both)])
    return markdown(rows)


def _by_kind(results: Results, sets: Sequence[LabelledSet], *, times: bool = False) -> str:
    """One row a kind of picture, one column an engine: how many it read, and how many wrong."""
    names = [each.name for each in sets if not each.empty]
    engines = _measured(results, sets)
    if not engines:
        return ""
    whole = {engine: total(results.tallies[name][engine] for name in names) for engine in engines}
    kinds = list(whole[engines[0]].by_kind)
    rows = [["kind", "pictures", *engines]]
    for kind in kinds:
        counts = [whole[engine].by_kind[kind] for engine in engines]
        rows.append([kind, str(counts[0].total()), *[_cell(one[Verdict.READ], one[Verdict.WRONG]) for one in counts]])
    pictures = whole[engines[0]].count
    rows.append(["all", str(pictures), *[_cell(whole[each].read, whole[each].wrong) for each in engines]])
    if times:
        for place, name in enumerate(("ms, median", "ms, p99", "ms, most", "MB")):
            rows.append([name, "", *[_cost(whole[engine])[place] for engine in engines]])
    return markdown(rows)


def _by_half(results: Results, sets: Sequence[LabelledSet]) -> str:
    """One row a half of a set, and of all, one column an engine: how many it read, and how many wrong."""
    engines = _measured(results, sets)
    if not engines:
        return ""
    rows = [["half", "pictures", "with a label", *engines]]
    for half in (HELD_BACK, TUNED_ON):
        parts = {f"{half}: {one.name}": [one] for one in sets}
        for name, those in (parts | {f"{half}: all": list(sets)}).items():
            pictures = [each for one in those for each in one.pictures if each.half == half]
            whole = [total(results.tallies[one.name][engine] for one in those) for engine in engines]
            counts = [one.by_half.get(half, Counter()) for one in whole]
            numbers = [len(pictures), sum(bool(each.labels[0]) for each in pictures)]
            cells = [_cell(one[Verdict.READ], one[Verdict.WRONG]) for one in counts]
            rows.append([name, *map(str, numbers), *cells])
    return markdown(rows)


def _engines(results: Results) -> str:
    """What was measured in which version, and what was not and why."""
    rows: dict[str, list[str]] = {}
    for name in ENGINES:
        if name in results.versions:
            packages = ", ".join(f"{package} {version}" for package, version in results.versions[name].items())
            rows.setdefault(packages, []).append(name)
        elif name in results.missing:
            rows.setdefault(f"not measured: {results.missing[name]}", []).append(name)
    table = [["packages", "engines"], *[[packages, "; ".join(names)] for packages, names in rows.items()]]
    return markdown(table) if rows else ""


def _measured(results: Results, sets: Sequence[LabelledSet]) -> list[str]:
    """The engines that have seen all of these sets."""
    return [name for name in ENGINES if sets and all(name in results.tallies[each.name] for each in sets)]


def _read(tally: Tally) -> str:
    lost = tally.verdicts[Verdict.LOST]
    return str(tally.read) + (f", lost {lost}" if lost else "")


def _cell(read: int, wrong: int) -> str:
    return f"{read}, {wrong} wrong" if wrong else str(read)


def _cost(tally: Tally) -> list[str]:
    times = tally.times()
    cells = [milliseconds(value) for value in times] if times else ["-"] * 3
    return [*cells, "-" if tally.peak_mb is None else f"{tally.peak_mb:.0f}"]


def filled(page: str, found: dict[str, str]) -> str:
    """The page with each table put between `<!-- table NAME -->` and `<!-- end -->`; others stay as they are.

    Raises ValueError for a table that has no place in the page.
    """
    for name, text in found.items():
        place = re.compile(rf"(<!-- table {re.escape(name)} -->).*?(<!-- end -->)", re.DOTALL)
        parts = place.split(page)
        if len(parts) != _PARTS_WITH_ONE_PLACE:
            message = f"the page has {len(parts) // 3} places for the table {name}"
            raise ValueError(message)
        before, begin, end, after = parts
        page = f"{before}{begin}\n{text}\n{end}{after}"
    return page
