"""Renders the recorded speech that the product ships: every sentence of agent/voice/recordings/recordings.toml.

    python tools/render_voice.py            renders all and writes files and manifest anew
    python tools/render_voice.py --check    renders all and says which files differ, writing nothing

Needs espeak-ng (Debian's), and only here: no gate has it. The same sentences and the same espeak-ng give the same
bytes. A person's recording is better than any of these: docs/voice.md says how a site puts its own in their place.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import tempfile
import tomllib
from array import array
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from agent.core.model import DriverMessage
from agent.i18n import Language
from drivers.recording_file import FULL_SCALE, Wave, decibels, parse

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "agent" / "voice" / "recordings"
MANIFEST: Final = "recordings.toml"
RATE_HZ: Final = 12_000
"""A horn on a post plays up to some 6 kHz, which is half of this. The 48 kHz of sound cards is four times it."""
LEVEL_DBFS: Final = -18.0
PEAK_DBFS: Final = -1.0
LOWEST_HZ: Final = 100.0
HIGHEST_HZ: Final = 5_700.0
SLOPE_HZ: Final = 250.0
FRAME_S: Final = 0.01
SILENCE_DB: Final = -45.0
"""Frames that are so far below the loudest are silence, at the beginning and at the end."""
LEAD_S: Final = 0.03
TAIL_S: Final = 0.08
FADE_S: Final = 0.005
LIMITER_S: Final = 0.005
LEVELLINGS: Final = 8


class Speaker(NamedTuple):
    """How a language is spoken: espeak-ng's voice, words a minute, and what espeak-ng says of the voice itself."""

    voice: str
    speed_wpm: int
    status: str


SPEAKERS: Final = {
    Language.EN: Speaker("en-gb", 160, "mature, says espeak-ng"),
    Language.ZH: Speaker("cmn", 195, "none is given by espeak-ng"),
    Language.RU: Speaker("ru", 165, "none is given by espeak-ng"),
    Language.KK: Speaker("kk", 160, "testing, says espeak-ng"),
}
RESPELLED: Final = {
    Language.RU: {"QR-код": "кью ар код"},  # noqa: RUF001 - these letters are meant
    Language.KK: {"QR-код": "кью ар код"},  # noqa: RUF001
}
"""What a voice would read letter by letter in another language."""

HEADER: Final = """\
# The recorded speech that is shipped: what is said, and how each file came to be. Written by tools/render_voice.py; the
# texts are kept as they stand here, all else is made anew. A file that is not the one of this list is not played.
"""


def main() -> int:
    """Render all; the exit code: 1 where --check found a difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; say which files differ")
    only_check = parser.parse_args().check
    texts = texts_of(FOLDER / MANIFEST)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        manifest = rendered(texts, folder)
        (folder / MANIFEST).write_text(manifest, encoding="utf-8")
        names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        if only_check:
            different = [name for name in names if not same(folder / name, FOLDER / name)]
            print("\n".join(different) or f"{len(names)} files are as they would be rendered now")
            return 1 if different else 0
        for language in Language:
            shutil.rmtree(FOLDER / language, ignore_errors=True)
        for name in names:
            (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, FOLDER / name)
    size = sum((FOLDER / name).stat().st_size for name in names)
    print(f"{len(names)} files, {size / 1e6:.2f} MB")
    return 0


def texts_of(path: Path) -> dict[Language, dict[DriverMessage, str]]:
    """The sentences of a manifest. Raises KeyError where one is missing."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))["recordings"]
    return {
        language: {message: table[language][message]["text"] for message in DriverMessage if is_spoken(message)}
        for language in Language
    }


def is_spoken(message: DriverMessage) -> bool:
    """Whether the message has one sentence: the text of central has another for each vehicle."""
    return message is not DriverMessage.FROM_CENTRAL


def rendered(texts: dict[Language, dict[DriverMessage, str]], folder: Path) -> str:
    """Render all sentences into a folder; the manifest."""
    lines = [HEADER, "[format]", f"rate_hz = {RATE_HZ}", "bits = 16", "channels = 1"]
    for language, speaker in SPEAKERS.items():
        lines += ["", f"[voices.{language}]", *voice_lines(speaker)]
    for language, sentences in texts.items():
        (folder / language).mkdir()
        for message, text in sentences.items():
            wave = spoken(text, language)
            content = wave.to_bytes()
            name = f"{language}/{message}.wav"
            (folder / name).write_bytes(content)
            lines += ["", f"[recordings.{language}.{message}]", *recording_lines(text, name, content, wave)]
    return "\n".join(lines) + "\n"


def voice_lines(speaker: Speaker) -> list[str]:
    """What is said of all recordings of a language."""
    return [
        f"voice = {quoted(speaker.voice)}",
        f"speed_wpm = {speaker.speed_wpm}",
        f"status = {quoted(speaker.status)}",
        'tool = "espeak-ng"',
        f"version = {quoted(version())}",
        'tool_licence = "GPL-3.0-or-later"',
        'data_set = "none: sounds made by rules, and short noises of espeak-ng\'s own data; no speaker was recorded"',
        'licence = "Apache-2.0"',
    ]


def recording_lines(text: str, name: str, content: bytes, wave: Wave) -> list[str]:
    """What is said of one recording."""
    return [
        f"text = {quoted(text)}",
        f'text_sha256 = "{hashlib.sha256(text.encode()).hexdigest()}"',
        f"file = {quoted(name)}",
        f'sha256 = "{hashlib.sha256(content).hexdigest()}"',
        f"duration_s = {wave.duration_s:.2f}",
        f"peak_dbfs = {decibels(wave.peak):.1f}",
        f"level_dbfs = {decibels(wave.level):.1f}",
    ]


def spoken(text: str, language: Language) -> Wave:
    """A sentence as espeak-ng says it, at our rate and level, without silence before and after."""
    speaker = SPEAKERS[language]
    for written, said in RESPELLED.get(language, {}).items():
        text = text.replace(written, said)
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = ["espeak-ng", "-v", speaker.voice, "-s", str(speaker.speed_wpm), "-w", file.name, text]
        subprocess.run(command, check=True)
        raw = parse(Path(file.name).read_bytes())
    samples = np.frombuffer(raw.to_pcm(), dtype="<i2").astype(np.float64) / FULL_SCALE
    samples = levelled(faded(trimmed(resampled(samples, raw.rate_hz))))
    return Wave(RATE_HZ, array("h", (int(one) for one in np.rint(samples * FULL_SCALE))))


def resampled(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """The same sound at RATE_HZ, without what lies below LOWEST_HZ and above HIGHEST_HZ."""
    step = rate_hz // np.gcd(rate_hz, RATE_HZ)
    padded = np.concatenate([samples, np.zeros(rate_hz // 10)])
    padded = np.concatenate([padded, np.zeros(-len(padded) % step)])
    length = len(padded) * RATE_HZ // rate_hz
    spectrum = np.fft.rfft(padded)
    pitch_hz = np.fft.rfftfreq(len(padded), 1 / rate_hz)
    up = np.clip((pitch_hz - LOWEST_HZ / 2) / (LOWEST_HZ / 2), 0, 1)
    down = np.clip((HIGHEST_HZ + SLOPE_HZ - pitch_hz) / SLOPE_HZ, 0, 1)
    kept = (spectrum * up * down)[: length // 2 + 1]
    return np.fft.irfft(kept, length) * (length / len(padded))


def trimmed(samples: np.ndarray) -> np.ndarray:
    """The sound from LEAD_S before its first loud frame to TAIL_S after its last."""
    frame = int(FRAME_S * RATE_HZ)
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    power = (frames**2).mean(axis=1)
    loud = np.flatnonzero(power > power.max() * 10 ** (SILENCE_DB / 10))
    begin = max(0, int(loud[0]) * frame - int(LEAD_S * RATE_HZ))
    return samples[begin : (int(loud[-1]) + 1) * frame + int(TAIL_S * RATE_HZ)]


def faded(samples: np.ndarray) -> np.ndarray:
    """Without a click at either end."""
    length = int(FADE_S * RATE_HZ)
    ramp = np.linspace(0, 1, length)
    shaped = samples.copy()
    shaped[:length] *= ramp
    shaped[-length:] *= ramp[::-1]
    return shaped


def levelled(samples: np.ndarray) -> np.ndarray:
    """At LEVEL_DBFS, with its peaks at most at PEAK_DBFS: what is limited is raised again."""
    for _ in range(LEVELLINGS):
        samples = limited(samples * (10 ** (LEVEL_DBFS / 20) / np.sqrt((samples**2).mean())))
    return samples


def limited(samples: np.ndarray) -> np.ndarray:
    """The sound with its peaks turned down smoothly: by no more than they need, from LIMITER_S before to after them."""
    half = int(LIMITER_S * RATE_HZ)
    most = 10 ** (PEAK_DBFS / 20)
    loudest = sliding_window_view(np.pad(np.abs(samples), half), 2 * half + 1).max(axis=1)
    gain = most / np.maximum(loudest, most)
    shape = np.hanning(2 * half + 3)[1:-1]
    # Each gain that goes into the mean of a sample has seen that sample, and is small enough for it.
    smooth = np.convolve(np.pad(gain, half, mode="edge"), shape / shape.sum(), mode="valid")
    return samples * smooth


def version() -> str:
    """The version of the espeak-ng that is installed here."""
    said = subprocess.run(["espeak-ng", "--version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"text-to-speech: (\S+)", said)
    return found[1] if found else "unknown"


def quoted(text: str) -> str:
    """A basic string of TOML: one of JSON."""
    return json.dumps(text, ensure_ascii=False)


def same(one: Path, other: Path) -> bool:
    """Whether both files are there and hold the same bytes."""
    return other.is_file() and one.read_bytes() == other.read_bytes()


if __name__ == "__main__":
    raise SystemExit(main())
