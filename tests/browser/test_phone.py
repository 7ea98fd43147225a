"""What a telephone has little room for: tabs, titles, the bar at the bottom, fields with their buttons."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from agent.console.access.address_limits import AddressLimits
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
BROKEN = """() => [...document.querySelectorAll("main :is(.facts dt, .lane-row > :first-child)")].flatMap((label) => {
    const text = label.firstChild;
    return [...text.data.matchAll(/[\\p{Script=Latin}\\p{Script=Cyrillic}]+/gu)].filter((word) => {
        const letters = document.createRange();
        letters.setStart(text, word.index);
        letters.setEnd(text, word.index + word[0].length);
        return letters.getClientRects().length > 1;
    }).map((word) => word[0]);
})"""
PARTS = """() => [...document.querySelectorAll("main .facts code")].flatMap((one) => [...one.childNodes])
    .filter((part) => part.nodeType === Node.TEXT_NODE).map((part) => {
        const letters = document.createRange();
        letters.selectNode(part);
        return [part.data, letters.getClientRects().length];
    })"""
BESIDE = """([one, other]) => {
    const [a, b] = [one, other].map((name) => document.querySelector(name).getBoundingClientRect());
    return a.top < b.bottom && b.top < a.bottom;
}"""
STEPS = """all => all.map((step) => {
    const [title, chip] = [".item-title", ".chip"].map((name) => step.querySelector(name).getBoundingClientRect());
    return title.top < chip.bottom && chip.top < title.bottom && chip.left >= title.right;
})"""


@pytest.fixture(scope="module", autouse=True)
def history(gate):
    gate.pass_by()
    # A person opens fewer pages than these tests do: the gate would refuse some of them as a flood.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AddressLimits, "wait_s", lambda _limits, _address: 0.0)
        yield


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


@pytest.mark.parametrize("theme", ["light", "sun"])
@pytest.mark.parametrize("language", Language)
def test_no_label_is_broken_within_a_word_and_no_address_within_a_part(page_of, language, theme):
    visitor = page_of(language=language, size="phone", theme=theme)
    broken = {path: visitor.go(path).evaluate(BROKEN) for path in ("/lanes", "/barrier", "/connection")}
    assert broken == {path: [] for path in broken}
    parts = visitor.page.evaluate(PARTS)
    assert {"127.0.0.1:", "localhost:"} & {part for part, _ in parts}
    assert not [part for part, lines in parts if lines > 1]


@pytest.mark.parametrize("theme", ["light", "sun"])
@pytest.mark.parametrize("language", Language)
def test_a_search_has_its_button_beside_it(page_of, language, theme):
    visitor = page_of(language=language, size="phone", theme=theme)
    for path, form in (("/vehicles", "[data-filters]"), ("/settings/help", ".help-search")):
        assert visitor.go(path).evaluate(BESIDE, [f"{form} .input", f"{form} .btn"]), path


@pytest.mark.parametrize("language", Language)
def test_the_state_of_a_step_of_the_set_up_is_beside_its_title(page_of, language):
    page = page_of(language=language, size="phone", path="/settings/setup").page
    beside = page.locator(".setup-steps .item").evaluate_all(STEPS)
    assert len(beside) > 10
    assert all(beside)


def test_the_buttons_of_a_barrier_follow_its_lane_on_a_phone(page_of):
    page = page_of(size="phone", path="/barrier/exit-1").page
    tops = {
        name: page.get_by_role("heading", name=name, exact=True, level=2).bounding_box()["y"]
        for name in ("Lane", "Control", "Inputs", "Relays")
    }
    assert list(tops.values()) == sorted(tops.values())


def test_none_of_five_tiles_is_alone_in_its_row(page_of):
    visitor = page_of(path="/numbers")
    tiles = visitor.page.locator(".tiles > *")
    assert tiles.count() == 5
    for width_px, rows in ((1280, [5]), (1000, [3, 2]), (800, [3, 2]), (360, [2, 2, 1])):
        visitor.page.set_viewport_size({"width": width_px, "height": 740})
        boxes = [tiles.nth(place).bounding_box() for place in range(5)]
        tops = [round(box["y"]) for box in boxes]
        assert [tops.count(top) for top in sorted(set(tops))] == rows
    assert boxes[4]["width"] > 1.9 * boxes[0]["width"]


def test_what_came_this_second_came_just_now(page_of):
    page = page_of("viewer", "kk", "phone", "/lanes").page
    place = page.locator("[data-lane=exit-1] [data-ago]")
    place.evaluate("one => { one.dataset.ago = document.querySelector('[data-clock]').dataset.clock; }")
    expect(place).to_have_text("жаңа ғана")  # a time to come: the clocks of two machines differ


def test_a_file_is_chosen_with_our_own_button_that_names_it(page_of, tmp_path):
    page = page_of(language="ru", size="phone", path="/settings/configuration").page
    place, own = page.locator(".file"), page.get_by_label("Заменить главный файл")
    expect(place).to_contain_text("Файл не выбран.")
    own.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert place.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    assert own.evaluate("one => getComputedStyle(one).opacity") == "0"
    with page.expect_file_chooser() as chooser:
        place.click()
    (tmp_path / "gate.toml").write_text("version = 1\n", encoding="utf-8")
    chooser.value.set_files(tmp_path / "gate.toml")
    expect(place).to_contain_text("gate.toml")
    own.set_input_files([])
    expect(place).to_contain_text("Файл не выбран.")


def test_three_tabs_in_english_need_no_arrow(page_of):
    assert [one["hasMore"] for one in page_of(size="phone", path="/vehicles").page.evaluate(TABS)] == [False]


@pytest.mark.parametrize("theme", ["light", "sun"])
@pytest.mark.parametrize("language", Language)
def test_every_label_of_the_bar_has_air_at_both_sides(page_of, language, theme):
    visitor = page_of(language=language, size="phone", theme=theme, path="/lanes")
    air_px = visitor.page.evaluate(AIR_PX)
    assert len(air_px) == 5
    assert min(air_px) >= LEAST_AIR_PX
