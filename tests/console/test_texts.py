"""The texts of the console: whole in every language, really translated."""

from __future__ import annotations

import re
import string
from importlib.resources import files
from pathlib import Path

import pytest

from agent.console.routing import page_modules
from agent.console.texts import LANGUAGES, TextMissingError, Texts, language_of

ROOT = Path(str(files("agent.console")))
TEXTS = Texts.load()
OTHERS = [language for language in LANGUAGES if language != "en"]
LETTERS = {
    "zh": re.compile("[\u4e00-\u9fff]"),
    "ru": re.compile("[\u0430-\u044f\u0451]", re.IGNORECASE),
    "kk": re.compile("[\u0430-\u044f\u0451\u04d9\u0493\u049b\u04a3\u04e9\u04b1\u04af\u04bb\u0456]", re.IGNORECASE),
}
SAME_EVERYWHERE = re.compile(r"(?:[\W\d_]|\{\w*\}|[A-Z0-9]{2,}|MQTT|QR|RTSP|TLS|USB|CPU|gate-agent|TOML|JSON|ms|px)*")
"""What has no words: figures, placeholders, and names that are written alike in every language."""

SHARED_WORDS = 2
"""Up to so many words both may have in common, such as the names of units."""

KAZAKH = re.compile("[әғқңөұүһі]", re.IGNORECASE)


def placeholders(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_every_text(language):
    assert TEXTS.keys(language) == TEXTS.keys("en")


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_takes_the_same_values_in_every_language(language):
    wrong = [
        key
        for key in TEXTS.keys("en") & TEXTS.keys(language)
        if placeholders(TEXTS.raw(language, key)) != placeholders(TEXTS.raw("en", key))
    ]
    assert wrong == []


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_written_in_its_language(language):
    wrong = [
        key
        for key in TEXTS.keys(language)
        if not LETTERS[language].search(TEXTS.raw(language, key))
        and not SAME_EVERYWHERE.fullmatch(TEXTS.raw("en", key))
    ]
    assert wrong == []


def test_kazakh_is_not_russian_under_another_name():
    same = [
        key
        for key in TEXTS.keys("kk")
        if TEXTS.raw("kk", key) == TEXTS.raw("ru", key)
        and len(re.findall(r"[^\W\d_]{2,}", re.sub(r"\{\w*\}", "", TEXTS.raw("kk", key)))) > SHARED_WORDS
    ]
    assert same == []
    kazakh = [key for key in TEXTS.keys("kk") if KAZAKH.search(TEXTS.raw("kk", key))]
    assert len(kazakh) > len(TEXTS.keys("kk")) / 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_pages_bear_one_name(language):
    names = [TEXTS.raw(language, module.NAV.text) for module in page_modules() if hasattr(module, "NAV")]
    assert sorted(set(names)) == sorted(names)
    assert len(names) > 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_left_for_later(language):
    wrong = [key for key in TEXTS.keys(language) if re.search(r"TODO|FIXME|XXX(?!X)|^\s*$", TEXTS.raw(language, key))]
    assert wrong == []


def test_every_text_that_a_template_names_exists():
    named = set()
    for template in (ROOT / "templates").glob("*.html"):
        source = template.read_text(encoding="utf-8")
        named |= set(re.findall(r"\bt\(\s*['\"]([a-z_]+\.[a-z0-9_]+)['\"]\s*[,)]", source))
    assert named - TEXTS.keys("en") == set()
    assert len(named) > 50


def test_a_text_that_is_missing_is_an_error_and_not_a_blank():
    with pytest.raises(TextMissingError, match=r"no text lane\.nonsense in the language kk"):
        TEXTS.get("kk", "lane.nonsense")


@pytest.mark.parametrize(
    ("cookie", "accepted", "shown"),
    [
        ("kk", "ru", "kk"),
        ("xx", "ru", "ru"),
        (None, "de-DE,kk;q=0.5,ru;q=0.9", "ru"),
        (None, "zh-Hans-CN", "zh"),
        (None, "de, *;q=0.1", "en"),
        (None, "ru;q=0, kk;q=nonsense", "en"),
        (None, "", "en"),
        (None, None, "en"),
        (None, "," * 10_000 + "ru", "en"),
    ],
)
def test_the_language_is_the_chosen_one_or_the_first_that_the_browser_wants(cookie, accepted, shown):
    assert language_of(cookie, accepted) == shown
