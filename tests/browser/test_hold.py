"""Buttons that move the barrier, pressed by mouse, finger and key: only one that is held long enough does anything."""

from __future__ import annotations

import json
import re
from functools import partial

import pytest
from playwright.sync_api import expect

HELD_MS = 2_600
SHORT_MS = 600
PRESSED = re.compile("pressed")


@pytest.fixture(autouse=True)
def quiet(gate):
    """Nobody is at the lane."""
    gate.show()
    gate.lane.leave(gate.until)
    gate.until(lambda: view(gate).state == "idle" and not view(gate).pulse_obstacle, "a quiet lane")


def view(gate):
    return gate.app.lanes[0].view


def trials_of(gate):
    journal = gate.app.parts.journal
    return [json.loads(one.payload) for one in journal.range(1, journal.head) if one.type == "barrier.tested"]


def pressed(page, button, by, for_ms, *, taken=True):
    """Press the button for so long from the moment at which it begins to fill, where it is `taken`."""
    if taken:  # the page learns a moment after the gate that the lane is ready again
        expect(button).not_to_have_attribute("aria-disabled", "true", timeout=30_000)
    if by == "key":
        button.focus()
        page.keyboard.down(" ")
    else:
        button.hover()
        page.mouse.down()
    if taken:
        expect(button).to_have_class(PRESSED, timeout=30_000)
    page.wait_for_timeout(for_ms)
    if by == "key":
        page.keyboard.up(" ")
    else:
        page.mouse.up()


@pytest.mark.parametrize(("by", "size"), [("mouse", "desktop"), ("key", "desktop"), ("mouse", "phone")])
def test_a_button_that_is_held_gives_one_pulse_and_one_that_is_let_go_none(page_of, gate, by, size):
    page = page_of("technician", "en", size, "/barrier/exit-1").page
    button = page.get_by_role("button", name="Test: open")
    button.scroll_into_view_if_needed()
    before, pulses = len(trials_of(gate)), gate.lane.pulses

    press = partial(pressed, page, button, by)
    press(HELD_MS, taken=False)
    assert page.evaluate("document.activeElement.id") == "reason", "a reason is asked for first"
    page.fill("#reason", f"tried by {by}")
    press(SHORT_MS)
    assert page.inner_text("#answer") == "Hold the button for 2 s. Nothing was done."
    page.wait_for_timeout(HELD_MS)
    assert (len(trials_of(gate)), gate.lane.pulses) == (before, pulses)
    press(HELD_MS)
    page.wait_for_selector("#answer .good")
    gate.until(lambda: gate.lane.pulses == pulses + 1, "the pulse")
    (tested,) = trials_of(gate)[before:]
    assert tested["data"]["cause"] == f"tried by {by}"
    assert "Done." in page.inner_text("#answer")
    gate.until(lambda: view(gate).state == "idle", "the end of the test")
    press(SHORT_MS)
    assert page.inner_text("#answer") == "Hold the button for 2 s. Nothing was done.", "the answer before is over"


def test_a_page_whose_agent_is_away_says_so_and_goes_on_when_it_is_back(page_of, gate):
    visitor = page_of("technician", "en", "desktop", "/barrier/exit-1")
    gate.stop()
    visitor.page.wait_for_selector(".lost:not([hidden])")
    gate.start()
    visitor.page.wait_for_selector(".lost", state="hidden")
    visitor.errors.clear()  # requests that nobody answered
