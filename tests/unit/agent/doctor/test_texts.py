"""Every finding has its words in every language, with the same values and the same commands."""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from agent.core.model.camera_view import View
from agent.core.model.picture_quality import Flaw
from agent.doctor.codes import SEVERITY, DiagnosticCheck, FindingCode, Severity
from agent.doctor.facts import ConfigurationFacts, ProblemFacts
from agent.doctor.finding import Finding
from agent.doctor.rules.software import configuration
from agent.doctor.texts import FINDINGS, SEVERITIES, TITLES, advice, check_title, measured, severity
from agent.i18n import Language, translate
from agent.settings.toml.problems import Problem, Spot
from drivers.text import Text, joined

OTHERS = [language for language in Language if language is not Language.EN]
COMMANDS = re.compile(r"`[^`]+`|\b[a-z]+\.[a-z_]+_mb\b|\bmqtt\.[a-z]+|/etc/\S+\.conf")


def names(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


OF_CAMERAS = {FindingCode.CAMERA_VIEW, FindingCode.CAMERA_PICTURE}
"""Findings whose words are those of agent.i18n.cameras: what a camera sees, and what stands against reading."""


def test_every_check_finding_and_severity_has_words():
    assert set(TITLES) == set(DiagnosticCheck)
    assert set(SEVERITIES) == set(Severity)
    assert set(FINDINGS) == set(FindingCode) - OF_CAMERAS


def test_every_finding_has_a_severity_and_none_is_well():
    assert set(SEVERITY) == set(FindingCode)
    assert Severity.OK not in SEVERITY.values()


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("code", [code for code in FindingCode if code not in OF_CAMERAS])
def test_a_translation_has_the_same_values_and_commands_and_is_one(code, language):
    for one in FINDINGS[code]:
        translated = translate(one, language)
        assert names(one) == names(translated)
        assert translated != one
        assert not translated.isascii()
        assert {found for found in COMMANDS.findall(translated) if found not in one} == set()
    act = FINDINGS[code].act
    assert set(COMMANDS.findall(act)) == set(COMMANDS.findall(translate(act, language)))


@pytest.mark.parametrize("language", OTHERS)
def test_titles_and_severities_are_translated_and_all_different(language):
    for english in (TITLES, SEVERITIES):
        mine = [translate(one, language) for one in english.values()]
        assert not set(mine) & set(english.values())
        assert len(set(mine)) == len(mine)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    ("code", "name", "value"),
    [(FindingCode.CAMERA_VIEW, "view", view.value) for view in View]
    + [(FindingCode.CAMERA_PICTURE, "flaw", flaw.value) for flaw in Flaw],
)
def test_what_a_camera_sees_is_told_in_the_words_of_the_core(code, name, value, language):
    told = advice(Finding(DiagnosticCheck.CAMERAS, "out/front", code, values={name: value}))
    assert translate(told.what, language)
    assert translate(told.act, language)


def test_what_a_finding_tells_of_is_told_in_the_language_too():
    missing = Problem("/etc/gate.toml", "mqtt.windwo", Text("there is no such key here"), Spot(12, 1, ""), "window")
    values = {"problem": missing.head}
    broken = Finding(DiagnosticCheck.CONFIGURATION, "/etc/gate.toml", FindingCode.CONFIGURATION_REFUSED, values=values)
    assert "/etc/gate.toml:12:1: ошибка: mqtt.windwo: здесь нет такого ключа; " in translate(
        advice(broken).what, Language.RU
    )
    silent = {"trouble": Text("nothing listens at port {port}: is the broker running?", port=8883)}
    away = Finding(DiagnosticCheck.BROKERS, "mqtts://b:8883", FindingCode.BROKER_UNREACHABLE, values=silent)
    assert "端口 8883 没有程序在监听" in translate(advice(away).what, Language.ZH)


@pytest.mark.parametrize(
    ("spot", "source", "told"),
    [
        (Spot(12, 1, ""), "/etc/gate.toml", "строка 12: mqtt.windwo: здесь нет такого ключа; "),
        (Spot(12, 1, ""), "/etc/gate.d/a.toml", "/etc/gate.d/a.toml: строка 12: mqtt.windwo: "),
        (None, "GATE_MQTT__WINDWO", "GATE_MQTT__WINDWO: mqtt.windwo: "),
    ],
)
def test_below_a_title_a_problem_says_its_file_and_severity_once(spot, source, told):
    path = "/etc/gate.toml"
    wrong = Problem(source, "mqtt.windwo", Text("there is no such key here"), spot, "window", "warning")
    facts = ConfigurationFacts(Path(path), (), (ProblemFacts(wrong.head, wrong.brief(path)),), "d", "d")
    [found] = configuration(facts)
    assert f": {source}" in translate(advice(found).what, Language.RU)
    shown = translate(advice(found.below_title).what, Language.RU)
    assert f": {told}" in shown
    assert path not in shown
    assert shown.count("предупреждени") == 1


def test_what_a_board_says_of_itself_is_told_in_the_language_and_figures_stay():
    words = Text(
        "LCUS board, {channels} relays, readback {readback}, on {port}",
        channels=2,
        readback="bytes",
        port="/dev/ttyUSB0",
    )
    board = Finding(DiagnosticCheck.RELAYS, "/dev/ttyUSB0", measured=joined([words, "3 ms"]))
    assert measured(board, Language.ZH) == "LCUS 板，2 路继电器，readback bytes，位于 /dev/ttyUSB0, 3 ms"
    assert measured(board, Language.EN) == board.measured
    assert measured(Finding(DiagnosticCheck.DISK, measured="1.2 GB / 8 GB, ext4"), Language.RU) == "1.2 GB / 8 GB, ext4"


def test_values_stand_in_the_words_and_braces_in_them_are_left_alone():
    found = Finding(
        DiagnosticCheck.BROKERS, "mqtts://b", FindingCode.BROKER_UNREACHABLE, values={"trouble": "{0} {x!r}"}
    )
    assert advice(found).what == "The broker cannot be used: {0} {x!r}"
    assert advice(Finding(DiagnosticCheck.DISK)) is None
    assert (check_title(DiagnosticCheck.DISK, Language.ZH), severity(Severity.ERROR, Language.KK)) == ("磁盘", "қате")
