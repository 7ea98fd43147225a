"""What settings and drivers say: in every language, and in English what it ever was."""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

import copy
import errno
import json
import os
import pickle
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import agent
import central
import drivers
import sim
from agent.cli import exit_codes
from agent.cli.main import application
from agent.i18n import Language, translate
from agent.settings import SettingsError
from drivers import modbus_codec
from drivers.dissector import Reader
from drivers.text import SYSTEM_ERRORS, Text, either, reason
from tests.support.gate.config_files import GOOD, loaded, write
from tests.unit.agent.settings.loading.test_broken import BROKEN

OTHERS = [language for language in Language if language is not Language.EN]
SOURCES = [Path(str(package.__file__)).parent for package in (agent, central, drivers, sim)]
LETTERS = {
    Language.ZH: re.compile("[\u4e00-\u9fff]"),
    Language.RU: re.compile("[\u0430-\u044f\u0451]", re.IGNORECASE),
    Language.KK: re.compile(
        "[\u0430-\u044f\u0451\u04d9\u0493\u049b\u04a3\u04e9\u04b1\u04af\u04bb\u0456]", re.IGNORECASE
    ),
}
OF_THE_SYSTEM = "EACCES EDQUOT EIO EISDIR ELOOP EMFILE ENAMETOOLONG ENOENT ENOSPC ENOTDIR ENXIO EPERM EROFS ESTALE"
"""What may go wrong with a file. The system says it in English, for the agent sets no locale."""

ENGLISH = re.compile(r"(?:\b[a-z]{2,} ){3}[a-z]{2,}\b")
"""Four English words in a row: no name or value of the broken files has as many."""


# ---------------------------------------------------------------------------------------------------------- the loader


@pytest.mark.parametrize("language", OTHERS)
def test_every_mistake_of_every_broken_file_is_told_in_the_language(tmp_path, language):
    path = tmp_path / "gate.toml"
    for name, text, mistakes in BROKEN:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(SettingsError) as refused:
            loaded(path)
        assert len(refused.value.problems) == len(mistakes)
        for problem in refused.value.problems:
            words = translate(problem.message, language)
            assert LETTERS[language].search(words), (name, words)
            assert not ENGLISH.search(re.sub(r'"[^"]*"', "", words)), (name, words)
            assert f": {words}" in problem.words(language)
            assert str(problem) == problem.words(Language.EN)
    assert refused.value.words(language).count("\n") >= len(mistakes) - 1


def test_a_mistake_reads_well_with_its_values_and_the_nearest_word(tmp_path):
    path = write(tmp_path, GOOD.replace("number = 1", "number = 99").replace('"export"', '"exprt"'))
    with pytest.raises(SettingsError) as refused:
        loaded(path)
    told_so = {language: refused.value.words(language).splitlines()[::3] for language in Language}
    head = f"{path}:15:1: "
    assert told_so == {
        Language.EN: [
            f"{head}error: lanes.out.number: expected a whole number from 1 to 64; got 99",
            (
                f"{path}:16:1: error: lanes.out.direction: "
                'expected one of "export", "import"; got "exprt"; did you mean "export"?'
            ),
        ],
        Language.ZH: [
            f"{head}错误: lanes.out.number: 应为整数，1 至 64；实际为 99",
            (
                f'{path}:16:1: 错误: lanes.out.direction: 应为以下之一："export", '
                '"import"；实际为 "exprt"；您是指 "export" 吗？'
            ),
        ],
        Language.RU: [
            f"{head}ошибка: lanes.out.number: ожидается целое число от 1 до 64; а стоит 99",
            (
                f"{path}:16:1: ошибка: lanes.out.direction: "
                'ожидается одно из "export", "import"; а стоит "exprt"; может быть, "export"?'
            ),
        ],
        Language.KK: [
            f"{head}қате: lanes.out.number: күтілгені: бүтін сан, 1 мен 64 аралығында; тұрғаны: 99",
            (
                f"{path}:16:1: қате: lanes.out.direction: "
                'күтілгені: мыналардың бірі: "export", "import"; тұрғаны: "exprt"; бәлкім, "export"?'
            ),
        ],
    }


def test_a_secret_stays_hidden_in_every_language(tmp_path):
    path = write(tmp_path, GOOD.replace("mqtts://broker.example", "mqtts://joe:hunter42@broker.example/x"))
    with pytest.raises(SettingsError) as refused:
        loaded(path)
    for language in Language:
        assert "hunter42" not in refused.value.words(language)
        assert "hunter42" not in repr(refused.value.problems)
        assert "hunter42" not in str([problem.message.values for problem in refused.value.problems])


@pytest.mark.parametrize("language", Language)
def test_config_check_speaks_the_language_that_is_asked_for(tmp_path, language):
    path = write(tmp_path, "version = 1\nnonsense = 2\n")
    given = ["config", "check", str(path), "--language", language.value]
    answer = CliRunner().invoke(application(given), given)
    told_as_json = CliRunner().invoke(application([*given, "--json"]), [*given, "--json"])
    assert answer.exit_code == told_as_json.exit_code == exit_codes.CONFIGURATION
    words = translate(Text("there is no such key here"), language)
    assert f"{path}:2:1: {translate(Text('error'), language)}: nonsense: {words}" in answer.stderr
    assert words in json.loads(told_as_json.stdout)["problems"][-1]["message"]


# ---------------------------------------------------------------------------------------------------------------- texts


def test_the_bytes_of_a_board_have_their_meaning_in_every_language():
    reader = Reader("modbus_rtu")
    asked = reader.sent(modbus_codec.read_coils(1, 0, 8).frame)
    answered = reader.received(modbus_codec.framed(bytes.fromhex("01010105")))
    assert [translate(asked, language) for language in Language] == [
        "unit 1: which of relays 1 to 8 are on?",
        "地址 1：继电器 1 至 8 中哪些吸合？",
        "адрес 1: какие из реле 1–8 включены?",
        "1-мекенжай: 1–8 релелерінің қайсысы қосулы?",
    ]
    assert [translate(answered, language) for language in Language] == [
        "on: 1, 3",
        "接通的：1, 3",
        "включены: 1, 3",
        "қосулылары: 1, 3",
    ]


def test_a_text_is_what_it_says_and_keeps_its_making_through_errors_and_copies():
    inner = Text("unit {unit}: {words}", unit=3, words=Text("garbled"))
    assert inner == "unit 3: garbled"
    assert {inner: 1}["unit 3: garbled"] == 1
    unpickled = pickle.loads(pickle.dumps(inner))  # noqa: S301
    for same in (str(ValueError(inner)), copy.deepcopy(inner), unpickled, str(inner)):
        assert translate(same, Language.RU) == "адрес 3: искажено"
    assert translate("garbled", Language.RU) == "garbled"
    assert translate(Text.of("garbled"), Language.RU) == "garbled"
    assert Text.of(inner) is inner
    assert f"{Text('Ends.'):clause} {Text('whole')!r} {Text('wide'):>6}" == "Ends 'whole'   wide"
    assert either([1, 2, Text("none")]) == "1 or 2 or none"


def test_the_values_of_a_text_can_be_changed_wherever_they_stand():
    text = Text("{message}; got {value}", message=Text("{url!r} has no host name", url="a"), value=5)
    changed = text.with_values(lambda value: value * 2)
    assert changed == "'aa' has no host name; got 10"
    assert translate(changed, Language.RU) == "в 'aa' не назван узел; а стоит 10"


def test_a_text_without_values_may_hold_braces():
    text = Text("a table in { } must be on one line, without a comma at its end")
    assert translate(text, Language.RU).startswith("таблица в { } стоит")


def test_a_pattern_that_names_a_value_which_is_not_given_is_an_error():
    with pytest.raises(KeyError, match="path"):
        Text("{path} {message}", message="x")


def test_the_systems_words_are_the_systems():
    assert {os.strerror(getattr(errno, name)) for name in OF_THE_SYSTEM.split()} == set(SYSTEM_ERRORS)


def test_what_the_system_refuses_is_told_in_the_language_and_its_own_words_where_there_is_no_translation(tmp_path):
    with pytest.raises(FileNotFoundError) as away:
        (tmp_path / "away").read_bytes()
    assert [translate(reason(away.value), language) for language in (Language.EN, Language.KK)] == [
        "No such file or directory",
        "ондай файл не қалта жоқ",
    ]
    assert translate(reason(OSError("of no number")), Language.RU) == "of no number"
    assert translate(reason(OSError(errno.EXDEV, os.strerror(errno.EXDEV))), Language.RU) == os.strerror(errno.EXDEV)
