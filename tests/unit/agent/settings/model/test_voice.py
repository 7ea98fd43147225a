"""The table `voice` of a lane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.i18n import Language
from agent.settings import SettingsError, load
from agent.settings.configuration_loading import models
from drivers import registry
from tests.support.gate.config_files import HEAD

if TYPE_CHECKING:
    from pathlib import Path

LANE = """
[lanes.out]
number = 1
direction = "export"
[lanes.out.relay]
kind = "simulated"
[[lanes.out.cameras]]
id = "front"
kind = "simulated"
"""


def voice_of(folder: Path, *lines: str):
    """The voice of a lane whose table has these lines; None without any."""
    path = folder / "gate.toml"
    table = "\n".join(["[lanes.out.voice]", *lines]) if lines else ""
    path.write_text(HEAD + LANE + table, encoding="utf-8")
    loaded = load(path, environment={}, credentials_directory=None, models=models, relays=registry.relay)
    return loaded.settings.lanes["out"].voice


def test_a_lane_without_the_table_is_silent(tmp_path: Path) -> None:
    assert voice_of(tmp_path) is None


def test_a_table_has_its_own_keys_and_those_of_its_driver(tmp_path: Path) -> None:
    voice = voice_of(
        tmp_path,
        'kind = "alsa"',
        'languages = ["kk", "ru"]',
        'quiet_hours = ["22:00-06:30", "12:00-13:00"]',
        'device = "plughw:CARD=Device,DEV=0"',
    )
    assert voice.languages == (Language.KK, Language.RU)
    assert voice.quiet_hours == ("22:00-06:30", "12:00-13:00")
    assert voice.table == {"device": "plughw:CARD=Device,DEV=0"}


def test_it_speaks_chinese_and_english_at_any_hour_where_nothing_else_is_said(tmp_path: Path) -> None:
    voice = voice_of(tmp_path, 'kind = "simulated"')
    assert (voice.languages, voice.quiet_hours) == ((Language.ZH, Language.EN), ())


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ('languages = ["kk", "kk"]', "languages", "expected each of them once"),
        ("languages = []", "languages", "1"),
        ('languages = ["de"]', "languages", "en"),
        ('quiet_hours = ["22-6"]', "quiet_hours", 'such as "22:00-06:30"'),
        ('quiet_hours = ["06:00-06:00"]', "quiet_hours", "leave out the voice"),
        ('device = "hw:0,0"', "device", 'write "plughw:0,0"'),
        ("volume_percent = 101", "volume_percent", "100"),
        ("volume = 50", "volume", "volume_percent"),
        ('name = "here"', "name", ""),
    ],
)
def test_a_wrong_key_or_value_is_refused_with_its_place(tmp_path: Path, line: str, key: str, words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        voice_of(tmp_path, 'kind = "alsa"', line)
    (problem,) = refused.value.problems
    assert problem.key.startswith(f"lanes.out.voice.{key}")
    assert words in f"{problem.message} {problem.hint}"


def test_a_kind_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="alsa, simulated"):
        voice_of(tmp_path, 'kind = "pulse"')
