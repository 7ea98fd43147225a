"""Vehicles in the browser: found by a part of the plate, told as a story, compared, and kept on a phone."""

from __future__ import annotations

import pytest

from tests.browser.gate import PLATE
from tests.browser.visit import SIZES
from tests.support.waiting import PATIENCE_S, eventually

OTHER = "京B52K18"
LINES = """all => all.map((one) => {
    const letters = document.createRange();
    letters.selectNodeContents(one);
    return [one.textContent, letters.getClientRects().length];
})"""
ON_ONE_LINE = """all => all.map((one) => {
    const [name, chip] = [...one.children].map((part) => part.getBoundingClientRect());
    return name.top < chip.bottom && chip.top < name.bottom;
})"""
SHAPES = "all => all.map((one) => one.naturalWidth / one.naturalHeight)"


@pytest.fixture(scope="module", autouse=True)
def history(gate):
    """A vehicle that passed twice, and another one."""
    gate.pass_by()
    gate.pass_by(OTHER)  # meanwhile the lane forgets the first one: at once it would take it for one that stayed
    gate.pass_by()


def story_of(visitor, plate):
    """The address of the newest vehicle of a plate, as the list leads to it."""
    visitor.go(f"/vehicles?q={plate}")
    rows = visitor.page.locator("a.item-veh")
    eventually(lambda: (visitor.page.reload(), rows.count())[1], PATIENCE_S, "the vehicle in the list")
    return rows.first.get_attribute("href")


def test_somebody_types_a_part_of_the_plate_and_opens_the_story(page_of):
    visitor = page_of("viewer", path="/vehicles")
    page = visitor.page
    page.get_by_role("searchbox").fill("b52")
    page.keyboard.press("Enter")
    page.wait_for_url("**/vehicles?q=b52")
    story_of(visitor, "b52")
    page.locator("a.item-veh").first.click()
    page.wait_for_url("**/vehicles/2*")
    assert page.locator(".timeline .tl").count() > 1
    assert page.locator(".technical .events").is_hidden()
    page.locator(".technical > summary").click()
    assert page.locator(".technical .events").is_visible()


def test_a_filter_applies_at_once_and_leaves_nothing_empty_in_the_address(page_of):
    visitor = page_of("viewer", path="/vehicles")
    visitor.page.locator("#period").select_option("today")
    visitor.page.wait_for_url("**/vehicles?period=today")
    visitor.page.locator("#period").select_option("between")
    assert visitor.page.locator("#since").is_visible()


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("size", SIZES)
def test_story_and_comparison_fit_every_screen_and_keep_nobody_out(page_of, language, size):
    visitor = page_of("viewer", language, size)
    story = story_of(visitor, PLATE)
    wrong = []
    for name, address in (("vehicle", story), ("vehicle-compare", f"{story}/compare")):
        visitor.go(address)
        visitor.picture(f"{name}-{language}-{size}")
        wrong += [f"{address}: not filled in: {text}" for text in visitor.forgotten()]
        wrong += [f"{address}: {barrier}" for barrier in visitor.barriers()]
        if (moved_px := visitor.sideways_px()) > 0:
            wrong.append(f"{address}: {moved_px} px wider than the screen")
    assert not wrong


@pytest.mark.parametrize("theme", ["light", "sun"])
def test_codes_are_compared_in_one_line_each_on_a_phone(page_of, theme):
    visitor = page_of("viewer", "en", "phone", theme=theme)
    page = visitor.go(f"{story_of(visitor, PLATE)}/compare")
    codes = page.locator(".compared .mono").evaluate_all(LINES)
    assert len(codes) == 6
    assert {lines for text, lines in codes} == {1}, codes
    assert 17 in {len(text) for text, _ in codes}
    assert all(page.locator(".compared th:has(.chip)").evaluate_all(ON_ONE_LINE))


def test_the_whole_vehicle_is_the_large_picture_and_its_plate_a_small_one(page_of):
    visitor = page_of("viewer", "en", "phone")
    page = visitor.go(story_of(visitor, PLATE))
    page.locator(".order-2 img, .thumb img").evaluate_all("all => Promise.all(all.map((one) => one.decode()))")
    shapes = page.locator(".order-2 img, .thumb img").evaluate_all(SHAPES)
    assert shapes[0] < 2
    assert min(shapes[1:]) > 2
    assert page.locator(".order-2").bounding_box()["y"] < page.locator(".timeline").bounding_box()["y"]
