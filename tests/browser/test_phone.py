"""What a telephone has little room for: tabs, titles, the bar at the bottom, fields with their buttons."""

from __future__ import annotations

import pytest

from agent.i18n import Language
from tests.browser.test_every_page import PATHS

TABS = """() => [...document.querySelectorAll("main > .tabs")].map((strip) => {
    const [whole, current] = [strip, strip.querySelector("[aria-current]")].map((one) => one.getBoundingClientRect());
    const seen = (pseudo) => getComputedStyle(strip, pseudo).visibility === "visible";
    const arrow_px = parseFloat(getComputedStyle(strip, "::after").width);
    const [before, after] = [strip.scrollLeft > 1, strip.scrollWidth - strip.clientWidth - strip.scrollLeft > 1];
    return {
        isInView: current.left >= whole.left + (before ? arrow_px / 2 : 0) - 1
            && current.right <= whole.right - (after ? arrow_px / 2 : 0) + 1,
        isTold: seen("::before") === before && seen("::after") === after,
        hasMore: before || after,
    };
})"""
TITLES = """() => [...document.querySelectorAll(".title-help")].map((row) => {
    const letters = document.createRange();
    letters.selectNodeContents(row.querySelector("h1"));
    const line = [...letters.getClientRects()].at(-1);
    const mark = row.querySelector(".help-mark").getBoundingClientRect();
    return mark.top < line.bottom && mark.bottom > line.top && mark.left >= line.right - 1
        && mark.right <= innerWidth;
})"""
AIR_PX = """() => [...document.querySelectorAll(".nav a")].map((place) => {
    const letters = document.createRange();
    letters.selectNodeContents(place.querySelector("span"));
    const [label, whole] = [letters, place].map((one) => one.getBoundingClientRect());
    return Math.min(label.left - whole.left, whole.right - label.right);
})"""
LEAST_AIR_PX = 3


@pytest.fixture(scope="module", autouse=True)
def history(gate):
    gate.pass_by()


@pytest.mark.parametrize("theme", ["light", "sun"])
@pytest.mark.parametrize("language", Language)
def test_the_current_tab_is_in_view_and_the_mark_of_the_help_is_beside_its_title(page_of, language, theme):
    visitor = page_of(language=language, size="phone", theme=theme)
    wrong, more, marks = [], 0, 0
    for path in PATHS:
        visitor.go(path)
        for strip in visitor.page.evaluate(TABS):
            more += strip["hasMore"]
            if not (strip["isInView"] and strip["isTold"]):
                wrong.append((path, strip))
        for is_beside in visitor.page.evaluate(TITLES):
            marks += 1
            if not is_beside:
                wrong.append((path, "the mark is on a line of its own"))
    assert not wrong
    assert more > 1
    assert marks > 10


def test_three_tabs_in_english_need_no_arrow(page_of):
    assert [one["hasMore"] for one in page_of(size="phone", path="/vehicles").page.evaluate(TABS)] == [False]


@pytest.mark.parametrize("theme", ["light", "sun"])
@pytest.mark.parametrize("language", Language)
def test_every_label_of_the_bar_has_air_at_both_sides(page_of, language, theme):
    visitor = page_of(language=language, size="phone", theme=theme, path="/lanes")
    air_px = visitor.page.evaluate(AIR_PX)
    assert len(air_px) == 5
    assert min(air_px) >= LEAST_AIR_PX
