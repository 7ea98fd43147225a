"""Runs engines over labelled sets, each engine in a process of its own, and counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from bench.reading_engines import Subject
from bench.reading_log import append
from bench.reading_process import EngineLostError, EngineMissingError, EngineProcess, command
from bench.reading_score import Tally, Verdict, judged_codes, judged_plates
from bench.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from bench.reading_engines import Engine
    from bench.reading_process import Answer
    from bench.reading_sets import LabelledSet

MOST_LOST: Final = 3
"""An engine whose process was lost so often on one set is not asked again about that set."""


@dataclass(slots=True)
class Results:
    """`tallies`: by set and engine, in the order measured. `missing`: why an engine was not measured."""

    sets: list[LabelledSet] = field(default_factory=list)
    tallies: dict[str, dict[str, Tally]] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def run(
    sets: Iterable[LabelledSet],
    engines: Sequence[Engine],
    told: Callable[[str], None] = lambda _: None,
    *,
    start: Callable[[Engine], EngineProcess] = lambda engine: EngineProcess(command(engine)),
    log: Path | None = None,
    known: Mapping[tuple[str, str], Tally] = MappingProxyType({}),
) -> Results:
    """All engines on all sets of their subject.

    `told` hears how far it is; `start` starts an engine's process; `log`: a file that each result is added to; `known`:
    what need not be measured again, by set and engine.
    """
    results = Results()
    for labelled in sets:
        results.sets.append(labelled)
        found = results.tallies.setdefault(labelled.name, {})
        fitting = [each for each in engines if each.subject is labelled.subject]
        with scratch() as folder:
            files: list[Path] = []
            for engine in fitting:
                tally = known.get((labelled.name, engine.name))
                if tally is None and engine.name not in results.missing:
                    told(f"{labelled.name}: {engine.name}")
                    files = files or _spooled(labelled, folder)
                    tally = _tried(partial(start, engine), engine, labelled, files, results.missing)
                    if tally is not None and log is not None:
                        append(log, labelled.name, engine.name, tally)
                if tally is not None:
                    found[engine.name] = tally
                    results.versions[engine.name] = tally.versions
    return results


def _tried(
    start: Callable[[], EngineProcess],
    engine: Engine,
    labelled: LabelledSet,
    files: Sequence[Path],
    missing: dict[str, str],
) -> Tally | None:
    """What `_measured` gives; None, and the reason noted, when the engine is not installed."""
    try:
        return _measured(start, engine, labelled, files)
    except EngineMissingError as error:
        missing[engine.name] = str(error)
        return None


def _spooled(labelled: LabelledSet, folder: Path) -> list[Path]:
    """The pixels as every engine gets them, decoded once."""
    files = [folder / f"{place}.npy" for place in range(len(labelled.pictures))]
    for picture, file in zip(labelled.pictures, files, strict=True):
        np.save(file, picture.load())
    return files


def _measured(
    start: Callable[[], EngineProcess], engine: Engine, labelled: LabelledSet, files: Sequence[Path]
) -> Tally:
    """One engine on one set. Raises EngineMissingError."""
    tally, running = Tally(), None
    known = labelled.all_labels
    try:
        for picture, file in zip(labelled.pictures, files, strict=True):
            verdict, confidence, ms = Verdict.LOST, None, None
            if tally.lost.total() < MOST_LOST:
                try:
                    if running is None:
                        running = start()
                        tally.versions = running.versions
                        running.ask(file)  # what it loads at its first picture is not that picture's time
                    answer = running.ask(file)
                    labels = picture.labels[:1] if engine.ours else picture.labels
                    verdict = _counted(tally, answer, labels, labelled, known, alike=not engine.ours)
                    confidence, ms = _confidence_of(labelled, answer, verdict), answer.ms
                except EngineLostError as error:
                    running = None
                    tally.lost[str(error)] += 1
            tally.add(verdict, picture.kind, picture.half, confidence=confidence, ms=ms)
    finally:
        if running is not None:
            running.close()
    return tally


def _counted(
    tally: Tally,
    answer: Answer,
    labels: tuple[str, ...],
    labelled: LabelledSet,
    known: frozenset[str],
    *,
    alike: bool,
) -> Verdict:
    texts = [text for text, _ in answer.texts]
    tally.peak_mb = max(answer.peak_mb, tally.peak_mb or 0.0)
    if answer.error:
        tally.errors[answer.error] += 1
    if labelled.subject is Subject.CODES:
        return judged_codes(texts, labels[0], known, empty=labelled.empty)
    tally.anywhere += any(text in labels for text in texts)
    return judged_plates(texts, labels, alike=alike)


def _confidence_of(labelled: LabelledSet, answer: Answer, verdict: Verdict) -> float | None:
    """The confidence in the plate that was judged; None for codes, and where there was none."""
    judged = labelled.subject is not Subject.CODES and verdict is not Verdict.NOTHING
    return answer.texts[0][1] if judged else None
