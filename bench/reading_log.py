"""What a run of the reading bench has measured so far, line by line in a file: one that was cut off can go on."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from bench.reading_score import Tally, Verdict

if TYPE_CHECKING:
    from pathlib import Path


def append(path: Path, labelled: str, engine: str, tally: Tally) -> None:
    """Add what one engine read of one set; it counts instead of an earlier line of the two."""
    row = {
        "set": labelled,
        "engine": engine,
        "by_kind": tally.by_kind,
        "by_half": tally.by_half,
        "ms": [round(value, 3) for value in tally.ms],
        "anywhere": tally.anywhere,
        "peak_mb": tally.peak_mb,
        "lost": tally.lost,
        "errors": tally.errors,
        "confidences": tally.confidences,
        "sure": tally.sure,
        "ms_by_kind": {kind: [round(value, 3) for value in ms] for kind, ms in tally.ms_by_kind.items()},
        "versions": tally.versions,
    }
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def load(path: Path) -> dict[tuple[str, str], Tally]:
    """By set and engine; empty where there is no file. Raises ValueError when the file is none of `append`."""
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    try:
        return {(row["set"], row["engine"]): _tally(row) for row in rows}
    except (KeyError, TypeError) as error:
        message = f"{path} holds no results of the reading bench: {error!r}"
        raise ValueError(message) from error


def _tally(row: dict[str, Any]) -> Tally:
    by_kind = _counters(row["by_kind"])
    return Tally(
        verdicts=sum(by_kind.values(), Counter()),
        by_kind=by_kind,
        by_half=_counters(row["by_half"]),
        ms=row["ms"],
        anywhere=row["anywhere"],
        peak_mb=row["peak_mb"],
        lost=Counter(row["lost"]),
        errors=Counter(row["errors"]),
        confidences=[(confidence, right) for confidence, right in row["confidences"]],
        sure=_counters(row["sure"]),
        ms_by_kind=row["ms_by_kind"],
        versions=row["versions"],
    )


def _counters(rows: dict[str, dict[str, int]]) -> dict[str, Counter[Verdict]]:
    return {
        name: Counter({Verdict(verdict): count for verdict, count in counts.items()}) for name, counts in rows.items()
    }
