"""The catalogues have every message that the sources say and no other, really translated, with the same values."""

from __future__ import annotations

import ast
import re
import string
from functools import cache
from pathlib import Path

import pytest

import agent
import central
import drivers
import sim
from agent.i18n import Language, translate
from agent.i18n.catalogue import Catalogue, catalogue, former
from agent.i18n.po import CatalogueError, entries, plural_forms
from drivers.text import Text, ngettext, pgettext
from tools import texts

OTHERS = texts.OTHERS
SOURCES = [Path(str(package.__file__)).parent for package in (agent, central, drivers, sim)]
LETTERS = {
    Language.ZH: re.compile("[\u4e00-\u9fff]"),
    Language.RU: re.compile("[\u0430-\u044f\u0451]", re.IGNORECASE),
    Language.KK: re.compile(
        "[\u0430-\u044f\u0451\u04d9\u0493\u049b\u04a3\u04e9\u04b1\u04af\u04bb\u0456]", re.IGNORECASE
    ),
}
KAZAKH = re.compile("[әғқңөұүһі]", re.IGNORECASE)
SAME_EVERYWHERE = re.compile(r"(?:[\W\d_]|\{\w*\}|[A-Z0-9]{2,}|gate-agent|ms|px|to)*")
"""What has no words of its own: figures, values, and names that are written alike in every language."""

MADE_ELSEWHERE = {
    ("agent/cli/setup/boards.py", "field.description or ''"),
    ("agent/console/configuration_form.py", "node.get('description', '')"),
    ("agent/settings/model/pydantic_problems.py", "field.description"),
    ("agent/site/claimant.py", "message.detail"),
    ("agent/i18n/templates.py", "message"),
    ("agent/i18n/recorded.py", "pattern"),
    ("agent/core/trust_state/state.py", "pattern"),
    ("agent/i18n/lookup.py", "text.english if words is None else words"),
    ("drivers/text.py", "joint.join((f'{{{name}}}' for name in values))"),
    ("drivers/text.py", "words"),
}
"""Where a message is no literal: descriptions of keys, words of the system or another gate, and what translates."""


@cache
def gathered():
    """All messages of the sources: gathered once, and not while tests are collected."""
    return {(one.context or "", one.id): one for one in texts.template() if one.id}


def everything(language):
    with (texts.DOMAIN / f"{language}.po").open(encoding="utf-8") as lines:
        return list(entries(lines))


def lying(language):
    header, *found = everything(language)
    assert header.message == ""
    return found


@pytest.mark.parametrize("package", ["agent", "central", "drivers", "sim"])
def test_what_any_package_says_is_gathered(tmp_path, monkeypatch, package):
    said = tmp_path / package / "room" / "words.py"
    said.parent.mkdir(parents=True)
    said.write_text('from drivers.text import Text\n\nWORDS = Text("said nowhere else")\n', encoding="utf-8")
    monkeypatch.setattr(texts, "ROOT", tmp_path)
    assert (f"{package}/room/words.py", "", "said nowhere else") in set(texts.messages())


def test_every_message_is_written_where_it_is_said():
    made = set()
    for source in SOURCES:
        for path in sorted(source.rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if "from drivers.text import" not in text and path.parts[-2:] != ("drivers", "text.py"):
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    given = node.args[: {"Text": 1, "pgettext": 2, "ngettext": 2}.get(node.func.id, 0)]
                    name = path.relative_to(source.parent).as_posix()
                    made |= {(name, ast.unparse(one)) for one in given if not isinstance(one, ast.Constant)}
    assert made == MADE_ELSEWHERE
    assert len(gathered()) > 1500


def test_the_template_is_what_the_sources_say():
    """After a change of a text: `make texts`."""
    with texts.TEMPLATE.open(encoding="utf-8") as lines:
        _, *found = entries(lines)
    assert {(one.context, one.message) for one in found} == {
        (context, key if isinstance(key, str) else key[0]) for context, key in gathered()
    }


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_and_nothing_else(language):
    """A changed English text fails here: `make texts` marks the translation fuzzy, until it was checked."""
    found = lying(language)
    there = [(one.context, (one.message, one.plural) if one.plural else one.message) for one in found]
    assert len(set(there)) == len(there)
    assert set(gathered()) - set(there) == set(), "missing"
    assert set(there) - set(gathered()) == set(), "unused"
    assert [one.message for one in found if one.fuzzy] == [], "fuzzy"
    assert [one.message for one in found if not one.forms or not all(one.forms)] == [], "empty"


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_takes_the_same_values(language):
    found = lying(language)
    assert sum("{" in one.message for one in found) > 500
    assert [f"{language}.po:{one.line}: {one.message}" for one in found if not one.has_same_values] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_is_written_in_its_language(language):
    found = [(one.message, form) for one in lying(language) for form in one.forms]
    foreign = [english for english, words in found if not LETTERS[language].search(words)]
    assert [english for english in foreign if not SAME_EVERYWHERE.fullmatch(re.sub(r"\{[^{}]*\}", "", english))] == []
    assert [english for english, words in found if re.search(r"TODO|FIXME|XXX(?!X)|^\s|\s$|^$", words)] == []


def test_kazakh_is_not_russian_under_another_name():
    kazakh, russian = (
        {(one.context, one.message): one.forms[0] for one in lying(language)} for language in (Language.KK, Language.RU)
    )
    same = [key for key in kazakh if kazakh[key] == russian[key]]
    assert [key for key in same if len(LETTERS[Language.RU].findall(kazakh[key])) > len("реле LCUS сканер")] == []
    assert len(same) < len(kazakh) / 30
    assert sum(bool(KAZAKH.search(words)) for words in kazakh.values()) > len(kazakh) * 0.9


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_the_plural_forms_that_its_catalogue_names(language):
    expected = {Language.ZH: 1, Language.RU: 3, Language.KK: 2}[language]
    header, *found = everything(language)
    assert plural_forms(header)[0] == expected
    assert {len(one.forms) for one in found if one.plural} == {expected}


# --------------------------------------------------------------------------------------------------------- the lookup

SMALL = r"""
msgid ""
msgstr ""
"Plural-Forms: nplurals=3; plural=n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2;\n"

#: somewhere.py
msgid "open"
msgstr "открыто"

msgctxt "action"
msgid "open"
msgstr "открыть"

msgid "{count} lane"
msgid_plural "{count} lanes"
msgstr[0] "{count} полоса"
msgstr[1] "{count} полосы"
msgstr[2] "{count} полос"

#, fuzzy
msgid "closed"
msgstr "открыто"

msgid ""
"a \"quoted\" word, "
"and a tab:\t"
msgstr "слово \\ \"в кавычках\"\n"

msgid "never translated"
msgstr ""

msgid "lane {name}"
msgstr "полоса {nam}"

msgid "{count} gate"
msgid_plural "{count} gates"
msgstr[0] "{count} пост"
msgstr[1] "{count} поста"
msgstr[2] "{counts} постов"

msgid "sum {sum:.1f}"
msgstr "сумма {sum}"

msgid "no { value"
msgstr "не { значение"

msgid "{count} page"
msgid_plural "{count} pages"
msgstr[0] "{count} страница"
msgstr[1] "{count} страницы"

#~ msgid "obsolete"
#~ msgstr "старое"
"""


def test_former_messages_have_one_of_today_with_the_same_values():
    today = gathered()
    assert former()
    for before, now in former().items():
        assert ("", before) not in today, before
        assert ("", now) in today, now
        assert fields(before) == fields(now), before


def fields(message):
    return {(name, form, conversion) for _, name, form, conversion in string.Formatter().parse(message) if name}


def test_a_former_message_has_the_translation_of_today_unless_it_is_one_again():
    found = Catalogue(entries(SMALL.strip().splitlines()), {"opened": "open", "open": "gone", "went": "gone"})
    assert found.translation("", "opened") == found.translation("", "open") == "открыто"
    assert found.translation("", "went") is None


@pytest.fixture
def small():
    return Catalogue(entries(SMALL.strip().splitlines()))


def test_a_message_is_found_by_its_context_and_number(small):
    assert small.translation("", "open") == "открыто"
    assert small.translation("action", "open") == "открыть"
    assert [small.translation("", "{count} lane", count) for count in (1, 3, 5, 11, 21)] == [
        "{count} полоса",
        "{count} полосы",
        "{count} полос",
        "{count} полос",
        "{count} полоса",
    ]
    assert small.translation("", 'a "quoted" word, and a tab:\t') == 'слово \\ "в кавычках"\n'


def test_what_is_fuzzy_empty_obsolete_or_away_is_not_translated(small):
    assert [small.translation("", word) for word in ("closed", "never translated", "obsolete", "nonsense")] == [
        None
    ] * 4
    assert small.translation("nonsense", "open") is None


def test_a_translation_that_takes_other_values_than_its_message_is_no_translation(small):
    assert small.translation("", "lane {name}") is None
    assert small.translation("", "{count} gate", 1) is None
    assert small.translation("", "sum {sum:.1f}") is None
    assert small.translation("", "no { value") == "не { значение"


def test_a_translation_that_lacks_a_plural_form_is_no_translation(small):
    assert [small.translation("", "{count} page", count) for count in (1, 2, 5)] == [None] * 3


def test_a_translation_that_lacks_a_plural_form_is_named(tmp_path):
    path = tmp_path / "ru.po"
    path.write_text(SMALL.lstrip(), encoding="utf-8")
    line = path.read_text(encoding="utf-8").splitlines().index('msgid "{count} page"') + 1
    assert f"{path}:{line}: missing: '{{count}} page'" in list(texts.wrong(path))


def test_a_text_without_a_translation_is_told_in_english_with_its_values():
    for language in Language:
        assert translate(Text("a {thing} of nobody's", thing=7), language) == "a 7 of nobody's"
        assert translate(pgettext("nobody's", "open"), language) == "open"
        assert translate(ngettext("{n} such", "{n} such ones", 1, n=1), language) == "1 such"
        assert translate(ngettext("{n} such", "{n} such ones", 2, n=2), language) == "2 such ones"


def test_what_has_no_good_translation_is_named_by_file_and_line(tmp_path, monkeypatch, capsys):
    """By `make texts`, which ends with 1 then."""
    said = ("closed", "lane {name}", "new here", "open")
    path = tmp_path / "ru.po"
    path.write_text(SMALL.lstrip(), encoding="utf-8")
    monkeypatch.setattr(texts, "DOMAIN", tmp_path)
    monkeypatch.setattr(texts, "TEMPLATE", tmp_path / "messages.pot")
    monkeypatch.setattr(texts, "OTHERS", (Language.RU,))
    monkeypatch.setattr(texts, "messages", lambda: (texts.Message("a.py", "", text) for text in said))
    assert texts.main() == 1
    told = capsys.readouterr()
    lines = path.read_text(encoding="utf-8").splitlines()

    def at(message):
        line = lines.index(f'msgid "{message}"') + 1
        return f"{path}:{line}"

    assert told.err.splitlines() == [
        f"{at('closed')}: fuzzy: 'closed'",
        f"{at('lane {name}')}: other values than in the English: 'lane {{name}}'",
        f"{at('new here')}: missing: 'new here'",
    ]
    assert "ru.po: 4 messages, 3 without a good translation" in told.out


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ('"words of no message"', r"line 1: .* belongs to no message"),
        ('msgid "open', r"line 1: .* belongs to no message"),
        ('msgid ""\nmsgstr "Content-Type: text/plain"', "the header names no plural forms"),
    ],
)
def test_a_file_that_is_no_catalogue_is_refused(broken, why):
    with pytest.raises(CatalogueError, match=why):
        Catalogue(entries(broken.splitlines()))


def test_a_catalogue_is_read_once():
    assert catalogue(Language.KK) is catalogue(Language.KK)
