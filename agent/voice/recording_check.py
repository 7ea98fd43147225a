"""Whether a recording can be used at a gate: its length, its loudness, and how soon it begins. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from drivers.recording_file import FULL_SCALE, decibels
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.recording_file import Wave

SHORTEST_S: Final = 0.3
LATEST_BEGIN_S: Final = 0.3
"""What is said after a longer silence comes too late for who is to stop."""
AUDIBLE: Final = 0.01
"""Of full scale, 40 dB below it: where speech begins."""
QUIETEST_DBFS: Final = -32.0
WANTED_DBFS: Final = -18.0
CLIPPED: Final = 0.999
CLIPPED_RUN: Final = 4
"""So many samples at full scale one after the other are a cut-off wave; a peak has one or two."""


def problems_of(wave: Wave) -> Iterator[Text]:
    """What is wrong with a recording, and what to do about it; nothing for a good one.

    One that is too long never comes here: it is not read (`drivers.recording_file.parse`).
    """
    if wave.duration_s < SHORTEST_S:
        yield Text("it lasts {found} s; expected at least {least} s", found=round(wave.duration_s, 2), least=SHORTEST_S)
        return
    level_dbfs, begin_s = decibels(wave.level), _begin_s(wave)
    if begin_s is None:
        yield Text("it is silent: record it again, or raise it")
        return
    if level_dbfs < QUIETEST_DBFS:
        yield Text(
            "it is too quiet: {found} dB of full scale on average; raise it to about {wanted}",
            found=round(level_dbfs, 1),
            wanted=WANTED_DBFS,
        )
    if begin_s > LATEST_BEGIN_S:
        yield Text(
            "it begins after {found} s of silence; shorten the silence to {most} s",
            found=round(begin_s, 2),
            most=LATEST_BEGIN_S,
        )
    if clipped := _clipped_runs(wave):
        yield Text("it is clipped in {count} places: record it again with the microphone turned down", count=clipped)


def _begin_s(wave: Wave) -> float | None:
    """When speech begins, in seconds; None where nothing can be heard."""
    loud = AUDIBLE * FULL_SCALE
    first = next((number for number, sample in enumerate(wave.samples) if abs(sample) >= loud), None)
    return None if first is None else first / wave.rate_hz


def _clipped_runs(wave: Wave) -> int:
    loud = CLIPPED * FULL_SCALE
    return sum(
        extreme != 0 and len(list(run)) >= CLIPPED_RUN
        for extreme, run in groupby((one >= loud) - (one <= -loud) for one in wave.samples)
    )
