"""An officer decides in a browser: beside the picture on a desktop, under the thumb on a phone."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.gate import PLATE
from tests.browser.visit import SIZES

HELD_MS = 2_600
SHORT_MS = 500


@pytest.fixture(autouse=True)
def waits(gate):
    """A vehicle waits for an officer: its permit declares no plate. It is gone at the end."""
    gate.show()
    gate.lane.leave(gate.until)
    gate.until(lambda: view(gate).state == "idle", "a quiet lane")
    comes(gate)
    yield
    gate.show()
    gate.lane.leave(gate.until)


def comes(gate):
    gate.vehicle(gate.site.permit(None), PLATE)
    gate.until(lambda: view(gate).state == "manual", "a vehicle that waits for an officer")


def view(gate):
    return gate.app.lanes[0].view


def newest(gate, kind):
    journal = gate.app.parts.journal
    return [json.loads(one.payload)["data"] for one in journal.range(1, journal.head) if one.type == kind][-1]


def held(page, button, for_ms):
    button.hover()
    page.mouse.down()
    expect(button).to_have_class(re.compile("is-held"), timeout=30_000)
    page.wait_for_timeout(for_ms)
    page.mouse.up()


def test_a_vehicle_is_let_pass_by_a_button_that_is_held_beside_the_picture(gate, page_of):
    page = page_of("technician", "en", "desktop", "/lanes/exit-1").page
    before, transaction = gate.lane.pulses, view(gate).transaction
    page.locator(".verdict [data-decide=pass]").click()
    dialog = page.locator("dialog#pass")
    expect(dialog).to_be_visible()
    picture, box = page.locator(".picture").bounding_box(), dialog.bounding_box()
    assert box["x"] > picture["x"] + picture["width"] / 2, "the picture stays in view"
    button = dialog.locator("[data-hold]")
    held(page, button, SHORT_MS)
    expect(dialog.locator("[data-answer]")).to_have_text("Hold the button for 2 s. Nothing was done.")
    assert gate.lane.pulses == before
    held(page, button, HELD_MS)
    expect(dialog).to_be_hidden()
    expect(page.locator("[data-toasts] .toast")).to_have_text("The vehicle may pass. The barrier opens.")
    gate.until(lambda: gate.lane.pulses == before + 1, "the pulse")
    granted = newest(gate, "access.granted")
    assert (granted["grant"], granted["cause_code"]) == (f"{transaction}-1", "plate_by_eye")
    gate.show()
    gate.lane.drive_through(gate.until)
    gate.until(lambda: view(gate).state == "idle", "the end of the passage")


def test_a_vehicle_is_refused_with_one_thumb(gate, page_of):
    page = page_of("technician", "en", "phone", "/lanes/exit-1").page
    height = SIZES["phone"][1]
    for what in ("refuse", "pass"):
        box = page.locator(f".thumb-bar [data-decide={what}]").bounding_box()
        assert box["y"] > 0.7 * height
        assert box["y"] + box["height"] <= height
        assert box["height"] >= 44
    page.locator(".thumb-bar [data-decide=refuse]").click()
    dialog = page.locator("dialog#refuse")
    dialog.get_by_label("Documents missing or invalid").check()
    dialog.get_by_role("button", name="Refuse").click()
    expect(page.locator("[data-part=standing] h2")).to_have_text(re.compile("Refused"))
    expect(page.locator("[data-part=standing]")).to_contain_text("Documents missing or invalid")
    closed = newest(gate, "transaction.closed")
    assert (closed["outcome"], closed["cause_code"]) == ("denied", "documents_invalid")
    expect(page.locator(".thumb-bar [data-decide=refuse]")).to_be_disabled()


def test_another_reason_needs_words(gate, page_of):
    page = page_of("technician", "en", "desktop", "/lanes/exit-1").page
    page.locator(".verdict [data-decide=refuse]").click()
    dialog = page.locator("dialog#refuse")
    dialog.get_by_label("Other reason").check()
    dialog.get_by_role("button", name="Refuse").click()
    assert view(gate).state == "manual", "nothing was sent"
    dialog.get_by_label(re.compile("In your words")).fill("the driver is drunk")
    dialog.get_by_role("button", name="Refuse").click()
    gate.until(lambda: view(gate).state == "denied", "the refusal")
    assert newest(gate, "transaction.closed")["cause"] == "the driver is drunk"


def test_a_decision_on_a_vehicle_that_has_left_is_carried_out_for_no_other(gate, page_of):
    page = page_of("technician", "en", "desktop", "/lanes/exit-1").page
    page.locator(".verdict [data-decide=pass]").click()
    dialog = page.locator("dialog#pass")
    gate.show()
    gate.lane.leave(gate.until)
    gate.until(lambda: view(gate).state == "idle", "the first vehicle gone")
    comes(gate)
    before = gate.lane.pulses
    held(page, dialog.locator("[data-hold]"), HELD_MS)
    expect(dialog.locator("[data-answer]")).to_have_text(
        "Another vehicle is there now, or none. Look at the picture. Nothing was done."
    )
    assert (view(gate).state, gate.lane.pulses) == ("manual", before)


@pytest.mark.parametrize("size", SIZES)
def test_the_dashboard_says_who_waits_and_leads_to_the_decision(gate, page_of, size):
    visitor = page_of("technician", "en", size, "/lanes")
    page = visitor.page
    card = page.locator("[data-lane=exit-1]")
    expect(card).to_have_class(re.compile("calls"))
    expect(card.locator("[data-since]")).to_have_text(re.compile(r"^\d+:\d\d$"))
    expect(page.locator(".page-head p")).to_contain_text("1 driver is waiting for an officer.")
    assert not visitor.barriers()
    assert visitor.sideways_px() <= 0
    gate.show()
    gate.lane.leave(gate.until)
    expect(card).not_to_have_class(re.compile("calls"))
    expect(card.locator("[data-ago]")).to_have_text(re.compile(r"^\d+ (?:s|min) ago$"))
    kazakh = page_of("viewer", "kk", size, "/lanes").page
    told = re.compile(r"^\d+ (?:с|мин) бұрын$")  # noqa: RUF001 - the Kazakh letter
    expect(kazakh.locator("[data-lane=exit-1] [data-ago]")).to_have_text(told)
    comes(gate)
    card.get_by_role("link", name="Decide", exact=True).click()
    page.wait_for_url("**/lanes/exit-1")
    assert not visitor.barriers()


def test_a_viewer_sees_everything_and_decides_nothing(gate, page_of):
    page = page_of("viewer", "en", "phone", "/lanes/exit-1").page
    expect(page.locator("[data-part=standing] h2")).to_have_text("An officer must decide")
    expect(page.locator("[data-decide]")).to_have_count(0)
