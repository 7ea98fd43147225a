"""The recordings are what the tool renders, and the page about them says what is so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from shutil import which

import pytest

from agent.voice import all_keys, read_manifest
from agent.voice.manifest import SHIPPED
from drivers.voice import alsa_faults
from tests.support.waiting import scaled

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "voice.md").read_text(encoding="utf-8")
MANIFEST = read_manifest()


def rendering_version() -> str:
    """The version of the espeak-ng of this machine; "" without one."""
    if which("espeak-ng") is None:
        return ""
    said = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, check=True).stdout
    return said.split("text-to-speech: ")[1].split()[0]


@pytest.mark.skipif(
    rendering_version() not in {voice.version for voice in MANIFEST.voices.values()},
    reason="the espeak-ng that rendered the recordings is not installed",
)
def test_the_tool_renders_the_same_bytes_again() -> None:
    command = [sys.executable, "tools/render_voice.py", "--check"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=scaled(60)
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == "97 files are as they would be rendered now\n"


@pytest.mark.parametrize("option", ["--help", "--no-such-option"])
def test_the_tool_renders_nothing_where_it_is_asked_for_help_or_for_what_it_cannot_do(
    option: str, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    (tmp_path / "espeak-ng").write_text(f"#!/bin/sh\n: > {started}\nexit 1\n")
    (tmp_path / "espeak-ng").chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    answer = subprocess.run(
        [sys.executable, "tools/render_voice.py", option],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=scaled(60),
    )
    assert answer.returncode == (0 if option == "--help" else 2)
    assert "--check" in answer.stdout + answer.stderr
    assert not started.exists()


def test_the_page_counts_and_measures_the_files_as_they_are() -> None:
    sizes = [path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()]
    rows = [MANIFEST.of(key) for key in all_keys()]
    told = re.search(r"(\d+) files, ([\d.]+) MB, WAV, PCM of 16 bits, (\d+) kHz, mono, at (-\d+) dB", PAGE)
    assert told is not None
    assert told.groups() == (
        str(len(rows)),
        f"{sum(sizes) / 1e6:.1f}",
        str(MANIFEST.format.rate_hz // 1000),
        f"{round(sum(row.level_dbfs for row in rows) / len(rows))}",
    )
    durations = [row.duration_s for row in rows]
    assert f"{min(durations):.1f} to {max(durations):.0f} s" in PAGE


def test_the_page_shows_a_part_of_the_shipped_sample() -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    sample = tomllib.loads((ROOT / "config" / "lanes" / "voice.toml").read_text(encoding="utf-8"))
    assert tomllib.loads(block)["lanes"]["voice"]["voice"] == sample["lanes"]["voice"]["voice"]


def test_the_page_names_every_voice_every_key_and_every_fault() -> None:
    assert [voice.voice for voice in MANIFEST.voices.values() if f"| `{voice.voice}` |" not in PAGE] == []
    for key in ("kind", "device", "volume_percent", "languages", "quiet_hours"):
        assert f"| `{key}` |" in PAGE
    for _, _, message in alsa_faults._WORDS:
        beginning, _, rest = message.pattern.partition("{device}")
        words = re.split(r"[:;]", rest)[0].strip() or beginning
        assert words in PAGE, words


def test_every_link_of_the_page_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGE):
        path, _, place = target.partition("#")
        assert not path or (ROOT / "docs" / path).is_file(), target
        if place:
            assert f"## {place.replace('-', ' ')}" in PAGE.lower()
