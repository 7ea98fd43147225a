"""The recordings that are shipped, listened to by measure: each is there, is speech, is loud enough and not distorted.

What a person hears is no test's to say: docs/voice.md says how each language sounds.
"""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

import re
from array import array
from itertools import combinations

import numpy as np
import pytest

from agent.core.model import DriverMessage
from agent.i18n import Language
from agent.i18n.driver_texts import spoken
from agent.voice import RecordingKey, all_keys, read_manifest
from agent.voice.manifest import NAME, SHIPPED
from agent.voice.recording_check import problems_of
from drivers.contracts.tones import tone
from drivers.recording_file import FULL_SCALE, Wave, decibels, parse

MANIFEST = read_manifest()
KEYS = [pytest.param(key, id=str(key)) for key in all_keys()]
MOST_BYTES = 6_000_000
FRAME = 256
LETTERS = {
    Language.EN: r"[A-Za-z]",
    Language.ZH: r"[\u4e00-\u9fff]",
    Language.RU: r"[А-Яа-яЁё]",
    Language.KK: r"[А-Яа-яӘәҒғҚқҢңӨөҰұҮүҺһІі]",
}
GO = {
    Language.EN: r"drive on",
    Language.ZH: r"请通行",
    Language.RU: r"проезжайте",
    Language.KK: r"\bөт(іңіз|е беріңіз)",
}
"""What tells a driver to go: half heard, it must not come from any other sentence."""
UNTIL = (DriverMessage.DRIVE_ON,)


def sound(key: RecordingKey) -> Wave:
    return parse((SHIPPED / MANIFEST.of(key).file).read_bytes())


def spectrum(wave: Wave) -> np.ndarray:
    """The power of each frame, in bands of as many Hz: shape (frames, FRAME / 2 + 1)."""
    samples = np.frombuffer(wave.to_pcm(), dtype="<i2") / FULL_SCALE
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME) * np.hanning(FRAME)
    return np.abs(np.fft.rfft(frames, axis=1)) ** 2


@pytest.mark.parametrize("key", KEYS)
def test_what_was_recorded_is_what_the_catalogues_say_aloud(key: RecordingKey) -> None:
    assert MANIFEST.of(key).text == spoken(key.message, key.language)


def test_there_is_nothing_but_the_manifest_and_its_files_and_they_are_small() -> None:
    there = {str(path.relative_to(SHIPPED)): path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()}
    assert set(there) == {NAME, *(key.file for key in all_keys())}
    assert sum(there.values()) < MOST_BYTES


@pytest.mark.parametrize("key", KEYS)
def test_a_recording_is_what_the_manifest_says_of_it(key: RecordingKey) -> None:
    said, wave = MANIFEST.of(key), sound(key)
    assert wave.rate_hz == MANIFEST.format.rate_hz
    assert (said.duration_s, said.peak_dbfs, said.level_dbfs) == (
        pytest.approx(wave.duration_s, abs=0.006),
        pytest.approx(decibels(wave.peak), abs=0.06),
        pytest.approx(decibels(wave.level), abs=0.06),
    )


@pytest.mark.parametrize("key", KEYS)
def test_a_recording_would_be_taken_from_a_site_and_all_are_equally_loud(key: RecordingKey) -> None:
    wave = sound(key)
    assert list(problems_of(wave)) == []
    assert 0.6 <= wave.duration_s <= 5.0
    assert decibels(wave.level) == pytest.approx(-18.0, abs=0.2)
    assert -2.0 <= decibels(wave.peak) <= -0.9
    assert abs(float(np.mean(wave.samples)) / FULL_SCALE) < 0.001


def unlike_speech(wave: Wave) -> list[str]:
    """What in the spectrum is not as speech has it."""
    power = spectrum(wave)
    pitch_hz = np.fft.rfftfreq(FRAME, 1 / wave.rate_hz)
    shares = [
        power[:, (pitch_hz >= low) & (pitch_hz < high)].sum() / power.sum()
        for low, high in ((100, 1000), (1000, 3000), (3000, 6000))
    ]
    loudness = power.sum(axis=1)
    loud = power[loudness > loudness.max() / 1000]
    pauses = (loudness < loudness.max() / 100).mean()
    flatness = np.exp(np.log(loud[:, 2:] + 1e-12).mean(axis=1)) / loud[:, 2:].mean(axis=1)
    return [
        words
        for words, is_so in (
            ("a band is empty", min(shares) < 0.002),
            ("its loudness does not change", pauses < 0.05),
            ("its power stands in all bands alike", float(np.median(flatness)) > 0.3),
        )
        if is_so
    ]


@pytest.mark.parametrize("key", KEYS)
def test_a_recording_has_the_spectrum_of_speech(key: RecordingKey) -> None:
    assert unlike_speech(sound(key)) == []


def test_a_tone_and_noise_have_not() -> None:
    noise = np.random.default_rng(0).normal(0, 3000, 24_000).astype("<i2")
    hiss = Wave(12_000, array("h", noise.tolist()))
    assert unlike_speech(tone(2.0, rate_hz=12_000)) == ["a band is empty", "its loudness does not change"]
    assert unlike_speech(hiss) == ["its loudness does not change", "its power stands in all bands alike"]


@pytest.mark.parametrize("language", Language)
def test_no_two_sentences_of_a_language_are_the_same(language: Language) -> None:
    keys = [key for key in all_keys() if key.language is language]
    for one, other in combinations(keys, 2):
        assert MANIFEST.of(one).text != MANIFEST.of(other).text
        assert MANIFEST.of(one).sha256 != MANIFEST.of(other).sha256


@pytest.mark.parametrize("key", KEYS)
def test_a_text_is_a_whole_short_sentence_in_its_own_letters(key: RecordingKey) -> None:
    text = MANIFEST.of(key).text
    assert re.match(LETTERS[key.language], text) or text.startswith("QR")
    assert text.endswith("。" if key.language is Language.ZH else ".")
    assert len(text) <= 70
    foreign = re.sub(rf"{LETTERS[key.language]}|[\s.,!，。！'-]|QR", "", text)
    assert foreign == ""


@pytest.mark.parametrize("key", KEYS)
def test_only_the_message_to_drive_on_says_so(key: RecordingKey) -> None:
    says_go = re.search(GO[key.language], MANIFEST.of(key).text, re.IGNORECASE) is not None
    assert says_go is (key.message in UNTIL)


@pytest.mark.parametrize("key", [key for key in KEYS if key.values[0].message.startswith("stop_")])
def test_a_message_to_stop_begins_with_that_word(key: RecordingKey) -> None:
    assert MANIFEST.of(key).text.startswith(
        {"en": "Stop!", "zh": "停车！", "ru": "Остановитесь!", "kk": "Тоқтаңыз!"}[key.language]
    )


@pytest.mark.parametrize("language", Language)
def test_the_manifest_names_voice_tool_and_licences(language: Language) -> None:
    voice = MANIFEST.voices[language]
    assert (voice.tool, voice.tool_licence, voice.licence) == ("espeak-ng", "GPL-3.0-or-later", "Apache-2.0")
    assert re.fullmatch(r"\d+\.\d+\.\d+", voice.version)
    assert "no speaker was recorded" in voice.data_set
