"""A replay's report for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.replay.words import NOT_JUDGED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.core.replay import Answer, Compared
    from agent.replay.report import Report

_HEAD = ("time", "lane", "transaction", "plate", "then", "now", "check")
_UNPROVEN = "(*)"


def as_text(report: Report, most: int) -> str:
    """Counts, a table of at most so many differences, and what could not be judged."""
    lines = [*_counts(report)]
    if report.differences:
        lines += ["", *_table([_HEAD, *map(_row, report.differences[:most])])]
    if len(report.differences) > most:
        lines += [f"... and {len(report.differences) - most} more: all of them are in --json and --html"]
    return "\n".join(lines)


def _counts(report: Report) -> Iterator[str]:
    yield f"gate {report.gate}: {_vehicles(report.vehicles)}, judged by configuration {report.configuration[:12]}"
    yield f"  {report.same} the same"
    yield f"  {len(report.differences)} different"
    for (then, now), count in sorted(report.moves.items()):
        yield f"    {count} {then} then, {now} now"
    if report.unproven:
        yield (
            f"    {report.unproven} of them {_UNPROVEN} would also need their pictures read again, and the use of the "
            "permit claimed, which was not done then"
        )
    if report.undecided:
        yield f"  {report.undecided} without a decision: they left before, or an officer opened"
    for cause, count in sorted(report.not_judged.items()):
        yield f"  {count} not judged: {NOT_JUDGED[cause]}"
    for lane, share in sorted(report.drawn_share.items()):
        yield f"  lane {lane}: the draw of {share:.1%} of those that may pass is chance, and not repeated"


def _vehicles(count: int) -> str:
    return f"{count} vehicle{'' if count == 1 else 's'}"


def _row(one: Compared) -> tuple[str, ...]:
    vehicle = one.vehicle
    outcome = f", {vehicle.outcome}" if vehicle.outcome else ""
    then, now = _said(one.then), _said(one.now)
    mark = f" {_UNPROVEN}" if one.now is not None and one.now.unproven else ""
    plate = vehicle.plate or "-"
    check = one.check or "-"
    return (vehicle.began, vehicle.lane, vehicle.transaction, plate, f"{then}{outcome}", f"{now}{mark}", check)


def _said(answer: Answer | None) -> str:
    return "-" if answer is None else f"{answer.verdict} {answer.reason}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
