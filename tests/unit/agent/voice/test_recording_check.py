"""Which recordings are good enough for a gate, and what is said of the others."""

from __future__ import annotations

from array import array

import pytest

from agent.voice.recording_check import problems_of
from drivers.contracts.tones import RATE_HZ, tone
from drivers.recording_file import FULL_SCALE, Wave


def silence(duration_s: float) -> array[int]:
    return array("h", [0] * round(duration_s * RATE_HZ))


def clipped(times: int) -> Wave:
    """A tone of so many waves, cut off at full scale above and well within it below."""
    loud = tone(0.01 * times, pitch_hz=100.0, peak=0.9).samples
    return Wave(RATE_HZ, array("h", (max(-FULL_SCALE // 2, min(FULL_SCALE, 2 * one)) for one in loud)))


@pytest.mark.parametrize(
    "wave",
    [
        tone(0.3),
        tone(10.0),
        tone(1.0, peak=1.0),
        tone(1.0, peak=0.05),
        Wave(RATE_HZ, silence(0.29) + tone(1.0).samples),
        Wave(RATE_HZ, tone(1.0).samples + silence(2.0)),
        Wave(RATE_HZ, tone(1.0).samples + array("h", [FULL_SCALE] * 3) + tone(1.0).samples),
    ],
    ids=["short", "long", "full scale", "soft", "begins late", "ends with silence", "one peak at full scale"],
)
def test_a_good_recording_has_no_problem(wave: Wave) -> None:
    assert list(problems_of(wave)) == []


@pytest.mark.parametrize(
    ("wave", "words"),
    [
        (tone(0.29), "it lasts 0.29 s; expected at least 0.3 s"),
        (Wave.silence(RATE_HZ), "it lasts 0.0 s; expected at least 0.3 s"),
        (Wave(RATE_HZ, silence(1.0)), "it is silent"),
        (tone(1.0, peak=0.005), "it is silent"),
        (tone(1.0, peak=0.03), "too quiet: -33.5 dB of full scale on average; raise it to about -18.0"),
        (
            Wave(RATE_HZ, silence(0.5) + tone(1.0).samples),
            "begins after 0.5 s of silence; shorten the silence to 0.3 s",
        ),
        (clipped(100), "clipped in 100 places"),
        (Wave(RATE_HZ, tone(1.0).samples + array("h", [-32_768] * 4)), "clipped in 1 places"),
    ],
    ids=["too short", "empty", "silent", "nearly silent", "quiet", "late", "clipped", "clipped below"],
)
def test_what_is_wrong_is_told_with_what_to_do(wave: Wave, words: str) -> None:
    (problem,) = problems_of(wave)
    assert words in problem


def test_all_that_is_wrong_is_told_at_once() -> None:
    wave = Wave(RATE_HZ, silence(9.0) + tone(0.02).samples + array("h", [FULL_SCALE] * 9))
    assert [problem.split()[2] for problem in problems_of(wave)] == ["too", "after", "clipped"]
