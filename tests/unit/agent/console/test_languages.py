"""The language of a page, and what the pages call themselves."""

from __future__ import annotations

import pytest

from agent.console.languages import language_of
from agent.console.web.routing import page_modules
from agent.i18n import Language, translate


@pytest.mark.parametrize("language", Language)
def test_no_two_pages_bear_one_name(language):
    names = [translate(module.NAV.title, language) for module in page_modules() if hasattr(module, "NAV")]
    assert sorted(set(names)) == sorted(names)
    assert len(names) > 5


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
