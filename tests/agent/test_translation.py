"""What settings and drivers say: whole in every language, really translated, and in English what it ever was."""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

import ast
import copy
import errno
import json
import os
import pickle
import re
import string
from pathlib import Path

import pytest
from typer.testing import CliRunner

import agent
import drivers
from agent.cli import exits
from agent.cli.main import application
from agent.console.form import schema
from agent.core.wording.words import Language
from agent.settings import SettingsError
from agent.translation.lookup import patterns, told
from drivers import modbus
from drivers.meaning import Reader
from drivers.text import Text, either, reason
from tests.agent.test_config_broken import BROKEN
from tests.gate_files import GOOD, loaded, write
from tests.spoken import said

OTHERS = [language for language in Language if language is not Language.EN]
SOURCES = [Path(str(package.__file__)).parent for package in (agent, drivers)]
FIELD = re.compile(r"\{[^{}]*\}")
LETTERS = {
    Language.ZH: re.compile("[\u4e00-\u9fff]"),
    Language.RU: re.compile("[\u0430-\u044f\u0451]", re.IGNORECASE),
    Language.KK: re.compile(
        "[\u0430-\u044f\u0451\u04d9\u0493\u049b\u04a3\u04e9\u04b1\u04af\u04bb\u0456]", re.IGNORECASE
    ),
}
MADE_ELSEWHERE = {
    ("agent/console/form.py", "node.get('description', '')"),
    ("agent/settings/complaints.py", "field.description"),
    ("agent/translation/trace.py", "pattern"),
    ("agent/translation/trace.py", "pattern.pattern"),
    ("agent/translation/trace.py", "text"),
    ("agent/translation/lookup.py", "patterns(language).get(text.pattern, text.pattern)"),
    ("drivers/text.py", "self.pattern"),
    ("drivers/text.py", "words"),
}
"""Where a pattern is no literal: descriptions, the words of the system, what translates, and what traces."""

OF_THE_SYSTEM = "EACCES EDQUOT EIO EISDIR ELOOP EMFILE ENAMETOOLONG ENOENT ENOSPC ENOTDIR ENXIO EPERM EROFS ESTALE"
"""What may go wrong with a file. The system says it in English, for the agent sets no locale."""

ENGLISH = re.compile(r"(?:\b[a-z]{2,} ){3}[a-z]{2,}\b")
"""Four English words in a row: no name or value of the broken files has as many."""


def patterns_said():
    """Every `Text(pattern, ...)` of the sources: the file, and the pattern as a literal or, where it is none, as code."""
    for source in SOURCES:
        for path in sorted(source.rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if "from drivers.text import" not in text and path.parts[-2:] != ("drivers", "text.py"):
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text":
                    yield path.relative_to(source.parent).as_posix(), node.args[0]


def descriptions():
    """The description of every key and every table, those of the drivers too."""
    root = schema()
    tables = [table for table in root["$defs"].values() if "enum" not in table]
    for table in [root, *tables]:
        yield from [table["description"]] if table is not root else []
        for form in [table, *table.get("oneOf", [])]:
            yield from (key["description"] for key in form.get("properties", {}).values() if "description" in key)


SAID = {node.value for _, node in patterns_said() if isinstance(node, ast.Constant)}
WANTED = {text for text in SAID if re.search(r"[^\W\d_]", FIELD.sub("", text))}
DETAILS = said()
"""What is stored as plain English, in events above all: told by the patterns that it is traced back to."""
WANTED |= {*DETAILS, *descriptions(), *(os.strerror(getattr(errno, name)) for name in OF_THE_SYSTEM.split())}


def placeholders(text):
    return sorted(map(str, (part[1:] for part in string.Formatter().parse(text) if part[1] is not None)))


# ----------------------------------------------------------------------------------------------------------- wholeness


def test_every_pattern_is_written_where_it_is_said():
    made = {(path, ast.unparse(node)) for path, node in patterns_said() if not isinstance(node, ast.Constant)}
    assert made == MADE_ELSEWHERE
    assert len(SAID) > 350
    assert len(set(descriptions())) > 180


@pytest.mark.parametrize("language", OTHERS)
def test_all_that_is_said_is_translated_and_nothing_else(language):
    """Whoever changes the English words meets this: the translation goes under the new words, once it was looked at."""
    assert WANTED - set(patterns(language)) == set()
    assert set(patterns(language)) - WANTED == set()


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_takes_the_same_values_and_is_written_in_its_language(language):
    table = patterns(language)
    with_values = [text for text in table if text in SAID | DETAILS and re.search(r"\{\w", text)]
    assert len(with_values) > 500
    assert [text for text in with_values if placeholders(text) != placeholders(table[text])] == []
    foreign = [text for text, words in table.items() if not LETTERS[language].search(words)]
    assert [text for text in foreign if text != "{first} to {last}"] == []
    assert [text for text, words in table.items() if re.search(r"TODO|FIXME|^\s|\s$|^$", words)] == []


def test_kazakh_is_not_russian_under_another_name():
    kazakh, russian = patterns(Language.KK), patterns(Language.RU)
    same = [text for text in kazakh if kazakh[text] == russian[text]]
    assert [text for text in same if len(LETTERS[Language.RU].findall(kazakh[text])) > len("реле LCUS сканер")] == []
    assert len(same) < len(kazakh) / 30


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
            words = told(problem.message, language)
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
            f'{path}:16:1: 错误: lanes.out.direction: 应为以下之一："export", "import"；实际为 "exprt"；您是指 "export" 吗？',
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
    assert answer.exit_code == told_as_json.exit_code == exits.CONFIGURATION
    words = told(Text("there is no such key here"), language)
    assert f"{path}:2:1: {told(Text('error'), language)}: nonsense: {words}" in answer.stderr
    assert words in json.loads(told_as_json.stdout)["problems"][-1]["message"]


# ---------------------------------------------------------------------------------------------------------------- texts


def test_the_bytes_of_a_board_have_their_meaning_in_every_language():
    reader = Reader("modbus_rtu")
    asked = reader.sent(modbus.read_coils(1, 0, 8).frame)
    answered = reader.received(modbus.framed(bytes.fromhex("01010105")))
    assert [told(asked, language) for language in Language] == [
        "unit 1: which of relays 1 to 8 are on?",
        "地址 1：继电器 1 至 8 中哪些吸合？",
        "адрес 1: какие из реле 1–8 включены?",
        "1-мекенжай: 1–8 релелерінің қайсысы қосулы?",
    ]
    assert [told(answered, language) for language in Language] == [
        "on: 1, 3",
        "接通的：1, 3",
        "включены: 1, 3",
        "қосулылары: 1, 3",
    ]


def test_a_text_is_what_it_says_and_keeps_its_making_through_errors_and_copies():
    inner = Text("unit {unit}: {words}", unit=3, words=Text("garbled"))
    assert inner == "unit 3: garbled"
    assert {inner: 1}["unit 3: garbled"] == 1
    for same in (str(ValueError(inner)), copy.deepcopy(inner), pickle.loads(pickle.dumps(inner)), str(inner)):  # noqa: S301
        assert told(same, Language.RU) == "адрес 3: искажено"
    assert told("garbled", Language.RU) == "garbled"
    assert told(Text.of("garbled"), Language.RU) == "garbled"
    assert Text.of(inner) is inner
    assert f"{Text('Ends.'):clause} {Text('whole')!r} {Text('wide'):>6}" == "Ends 'whole'   wide"
    assert either([1, 2, Text("none")]) == "1 or 2 or none"


def test_the_values_of_a_text_can_be_changed_wherever_they_stand():
    text = Text("{message}; got {value}", message=Text("{url!r} names no host", url="a"), value=5)
    changed = text.with_values(lambda value: value * 2)
    assert changed == "'aa' names no host; got 10"
    assert told(changed, Language.RU) == "в 'aa' не назван узел; а стоит 10"


def test_a_text_without_values_may_hold_braces():
    text = Text("a table in { } stands in one line, without a comma at its end")
    assert told(text, Language.RU).startswith("таблица в { } стоит")


def test_a_pattern_that_names_a_value_which_is_not_given_is_an_error():
    with pytest.raises(KeyError, match="path"):
        Text("{path} {message}", message="x")


def test_what_the_system_refuses_is_told_in_the_language_and_its_own_words_where_there_is_no_translation(tmp_path):
    with pytest.raises(FileNotFoundError) as away:
        (tmp_path / "away").read_bytes()
    assert [told(reason(away.value), language) for language in (Language.EN, Language.KK)] == [
        "No such file or directory",
        "ондай файл не қалта жоқ",
    ]
    assert told(reason(OSError("of no number")), Language.RU) == "of no number"
    assert told(reason(OSError(errno.EXDEV, os.strerror(errno.EXDEV))), Language.RU) == os.strerror(errno.EXDEV)
