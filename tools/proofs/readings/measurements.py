"""The figures of measurements: from the table that bench/figures.py prints, and from the file of `make bench`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from bench.figures import Figure
from tools.proofs.proof import Output, Reading
from tools.proofs.readings.text import cells, number, plain, told

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD: Final = re.compile(r"^what +measured +goal\b")
_VERDICTS: Final = ("kept", "MISSED", "NOT MEASURED")
_ELSEWHERE: Final = "make "
"""So begins the note of a figure that another proof measures."""


def measured_table(output: Output) -> Reading:
    """The figures of every such table in an output."""
    figures, inside = [], False
    for line in plain(output.text).splitlines():
        if _HEAD.match(line):
            inside = True
        elif not line.strip():
            inside = False
        elif inside and set(line.strip()) != {"-"}:
            figures.append(_figure(line))
    return _reading(figures)


def measured_file(output: Output) -> Reading:
    """The figures of build/bench.json, with the load of the machine beside them."""
    if output.file is None:
        return Reading((told("figures", None),))
    kept = json.loads(output.file)
    figures = [Figure(**{key: each for key, each in row.items() if key != "kept"}) for row in kept["figures"]]
    loads = [told(f"load of the machine {when}", kept["about"][f"load_{when}"]) for when in ("before", "after")]
    return _reading([*figures, *loads])


def _figure(line: str) -> Figure:
    what, measured, *rest = cells(line)
    goal = rest.pop(0) if rest and rest[0][:2] in {"<=", ">="} else ""
    verdict = rest.pop(0) if rest and rest[0] in _VERDICTS else ""
    amount, _, unit = measured.partition(" ")
    wanted = number(goal[2:].split()[0]) if goal else None
    found = None if verdict == "NOT MEASURED" else number(amount)
    return Figure(what, found, unit, wanted, at_least=goal.startswith(">="), note="  ".join(rest))


def _reading(figures: Iterable[Figure]) -> Reading:
    """What was not measured is left out, with the reason that the measurement gives."""
    figures = list(figures)
    here = [one for one in figures if one.value is not None or not one.note.startswith(_ELSEWHERE)]
    return Reading(
        tuple(one for one in here if one.value is not None) or (told("figures", None),),
        tuple(f"{one.what}: {one.note or 'not measured'}" for one in here if one.value is None),
    )
