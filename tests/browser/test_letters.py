"""Which fonts draw the texts of the catalogues: in English, Russian and Kazakh no sign is as wide as in Chinese."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from agent.i18n import Language
from agent.i18n.po import entries

CATALOGUES = Path("agent/i18n")
CHINESE = ("CJK", "WenQuanYi", "PingFang", "YaHei", "Noto Sans SC")
PUT = """texts => {
    const place = document.createElement("p");
    place.id = "probe";
    place.append(...texts.flatMap((text) => ["span", "b"].map((tag) => {
        const one = document.createElement(tag);
        one.textContent = text;
        return one;
    })));
    document.querySelector("main").append(place);
}"""


def texts_of(language):
    """All that the console can say in a language: English is the msgid of every catalogue."""
    name = Language.RU if language is Language.EN else language
    with (CATALOGUES / f"{name}.po").open(encoding="utf-8") as lines:
        found = list(entries(lines))[1:]
    for entry in found:
        yield from (entry.message, entry.plural) if language is Language.EN else entry.forms


def signs_of(language):
    """Its quotes, dots and arrows: what Unicode calls ambiguous, since it is wide in Chinese and narrow elsewhere."""
    letters = sorted(set("".join(texts_of(language))))
    return [one for one in letters if unicodedata.east_asian_width(one) == "A" and not one.isalpha()]


@pytest.mark.parametrize("language", [Language.EN, Language.RU, Language.KK])
def test_no_sign_of_a_western_text_is_drawn_by_a_chinese_font(page_of, language):
    signs = signs_of(language)
    assert {"…", "\N{MULTIPLICATION SIGN}"} <= set(signs)
    visitor = page_of("viewer", language, path="/lanes")
    visitor.page.evaluate(PUT, signs)
    console = visitor.page.context.new_cdp_session(visitor.page)
    console.send("DOM.enable")
    console.send("CSS.enable")
    root = console.send("DOM.getDocument")["root"]["nodeId"]
    found = console.send("DOM.querySelectorAll", {"nodeId": root, "selector": "#probe > *"})["nodeIds"]
    drawn = [console.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"][0]["familyName"] for node in found]
    assert len(drawn) == 2 * len(signs)
    wide = [
        (sign, font)
        for sign, font in zip((s for s in signs for _ in "rb"), drawn, strict=True)
        if any(name in font for name in CHINESE)
    ]
    assert not wide
