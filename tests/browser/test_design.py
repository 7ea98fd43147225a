"""The page Design: every element of the console, in three themes, on desktop and phone.

What is compared is what does not depend on the fonts of a machine: which elements there are, how large what is pressed
is, and which colours the elements take. Pictures are kept below build/console.
"""

from __future__ import annotations

import pytest

from agent.console.pages.design import DEVELOPMENT, icon_names

SECTIONS = [
    "colour",
    "status",
    "type",
    "icons",
    "buttons",
    "fields",
    "plates",
    "messages",
    "empty",
    "cards",
    "tables",
    "steps",
    "pictures",
    "dialogs",
]
TONES = ["passed", "refused", "officer", "warning", "unknown", "offline", "busy"]
TARGETS = "#design .btn, #design .icon-btn, #design .input, #design .choice, #design .switch, #design .tabs a"
# What is in a closed dialog has no height: the test of the dialogs measures it.
HEIGHTS_PX = """all => all.filter((one) => one.checkVisibility())
    .map((one) => one.getBoundingClientRect().height)"""
ROOT_PX = {"light": 16, "dark": 16, "sun": 18}
TARGET_PX = {"light": 44, "dark": 44, "sun": 48}
COLOURS = """tones => tones.map((tone) => {
    const solid = document.querySelector(`#design .chip-solid.is-${tone}`);
    const probe = document.createElement("i");
    probe.className = `is-${tone}`;
    document.body.append(probe);
    probe.setAttribute("hidden", "");
    const wanted = getComputedStyle(probe).getPropertyValue("--st-solid").trim();
    probe.remove();
    return [tone, getComputedStyle(solid).backgroundColor, wanted];
})"""


@pytest.fixture(autouse=True)
def development(monkeypatch):
    monkeypatch.setenv(DEVELOPMENT, "1")


def rgb(colour):
    """#rrggbb as a browser tells it."""
    return f"rgb({int(colour[1:3], 16)}, {int(colour[3:5], 16)}, {int(colour[5:7], 16)})"


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark", "sun"])
def test_every_element_is_there_large_enough_and_in_the_colours_of_its_theme(page_of, theme, size):
    visitor = page_of("viewer", size=size, theme=theme, path="/design")
    page = visitor.page
    visitor.picture(f"design-{theme}-{size}")
    assert page.eval_on_selector_all("#design .section-head", "all => all.map((one) => one.id)") == SECTIONS
    assert page.eval_on_selector_all("#design .icons small", "all => all.map((one) => one.innerText)") == list(
        icon_names()
    )
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == ROOT_PX[theme]
    heights = page.eval_on_selector_all(TARGETS, HEIGHTS_PX)
    assert len(heights) > 30
    assert min(heights) >= TARGET_PX[theme] - 0.1
    assert [(tone, there) for tone, there, _ in page.evaluate(COLOURS, TONES)] == [
        (tone, rgb(wanted)) for tone, _, wanted in page.evaluate(COLOURS, TONES)
    ]
    assert (visitor.sideways_px(), visitor.cut(), visitor.barriers()) == (0, [], [])


def test_dialogs_open_and_close(page_of):
    page = page_of("viewer", path="/design").page
    page.click("[data-open=a-dialog]")
    page.wait_for_selector("#a-dialog[open]")
    heights = page.eval_on_selector_all("#a-dialog .btn, #a-dialog .icon-btn", HEIGHTS_PX)
    assert len(heights) == 3
    assert min(heights) >= TARGET_PX["light"] - 0.1
    page.click("#a-dialog [data-close]")
    page.wait_for_selector("#a-dialog:not([open])", state="attached")


def test_the_theme_is_changed_in_the_header_and_kept(page_of):
    visitor = page_of("viewer", theme="light", path="/design")
    page = visitor.page
    for theme in ("dark", "sun", "light"):
        page.click(".theme")
        page.wait_for_selector(f"html[data-theme={theme}]")
    page.click(".theme")
    page.wait_for_selector("html[data-theme=dark]")
    visitor.go("/health")
    assert page.get_attribute("html", "data-theme") == "dark"
