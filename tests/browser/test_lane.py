"""The page of a lane in a browser: what a technician sees while vehicles come, and when something goes wrong."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.gate import PLATE

STATE = "[data-part=standing] h2"
CAMERA = "[data-fill=camera-state]"


def test_a_vehicle_is_followed_from_its_code_to_its_story(gate, page_of):
    page = page_of("viewer", path="/lanes/exit-1").page
    expect(page.locator(STATE)).to_have_text(re.compile("Free|Ready"))
    gate.vehicle(gate.site.forged(PLATE))
    expect(page.locator(".overlay polygon.mark")).to_have_count(2)
    expect(page.locator(".overlay text", has_text=PLATE)).to_have_class(re.compile("good"))
    expect(page.locator("[data-fill=figures] .in", has_text="Size of a code module")).to_contain_text("good")
    expect(page.locator(STATE)).to_have_text(re.compile("Refused"))
    expect(page.locator("[data-part=inputs] .in", has_text="Loop before the arm")).to_contain_text("Vehicle")
    gate.show()
    gate.lane.leave(gate.until)
    newest = page.locator("#vehicles .veh").first
    expect(newest).to_contain_text("Refused")
    shown = newest.locator("img")
    shown.scroll_into_view_if_needed()
    gate.until(lambda: shown.evaluate("image => image.naturalWidth") > 0, "the picture of the vehicle")


def test_the_live_picture_is_drawn_in_the_browser_and_goes_on(gate, page_of):
    page = page_of("viewer", path="/lanes/exit-1").page
    image = page.locator(".picture img")
    assert image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [640, 360]
    # Colours of the picture that the browser shows: the yard by day, then by night.
    brightness = """image => {
        const canvas = document.createElement("canvas"); canvas.width = 16; canvas.height = 9;
        const drawing = canvas.getContext("2d"); drawing.drawImage(image, 0, 0, 16, 9);
        const data = drawing.getImageData(0, 0, 16, 9).data;
        return data.reduce((sum, value) => sum + value, 0) / data.length; }"""
    by_day = image.evaluate(brightness)
    gate.show(light="night")
    gate.until(lambda: image.evaluate(brightness) < 0.75 * by_day, "the night in the browser")
    gate.show()
    gate.until(lambda: image.evaluate(brightness) > 0.9 * by_day, "the day in the browser")


def test_a_camera_that_is_lost_under_an_open_page_is_told_and_comes_back(gate, page_of):
    page = page_of("viewer", path="/lanes/exit-1").page
    gate.camera.kill()
    expect(page.locator(".picture.stale .picture-note")).to_be_visible(timeout=30_000)
    expect(page.locator(CAMERA)).to_have_class(re.compile("is-refused"), timeout=30_000)
    gate.camera.start()
    gate.show()
    expect(page.locator(CAMERA)).to_have_class(re.compile("is-passed"), timeout=60_000)
    expect(page.locator(".picture.stale")).to_have_count(0)
    expect(page.locator(".picture-note")).to_be_hidden()


def test_a_page_that_is_open_while_the_agent_restarts_says_so_and_goes_on_by_itself(gate, page_of):
    visitor = page_of("viewer", path="/lanes/exit-1")
    page, visitor.agent_goes = visitor.page, True
    gate.stop()
    expect(page.locator("[data-banner=lost]")).to_be_visible()
    gate.start()
    expect(page.locator("[data-banner=lost]")).to_be_hidden(timeout=30_000)
    expect(page.locator(CAMERA)).to_have_class(re.compile("is-passed"), timeout=60_000)


def test_a_page_that_nobody_can_see_asks_for_no_picture_until_it_is_seen_again(gate, page_of):
    page = page_of("viewer", path="/lanes/exit-1").page
    image = page.locator(".picture img.seen")
    expect(image).to_have_count(1)
    see = """hidden => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event("visibilitychange")); }"""
    buffer = gate.app.parts.lanes.cameras[0]._preview_buffer
    page.evaluate(see, True)
    gate.until(lambda: not buffer._wished_until, "nobody who watches")
    page.evaluate(see, False)
    gate.until(lambda: image.evaluate("image => image.naturalWidth") == 640, "the picture that begins again")
