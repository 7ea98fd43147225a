"""The page Aim in a browser: the zone is drawn with mouse, finger and keys and saved; the meters follow the picture."""

from __future__ import annotations

import re
import tomllib

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from agent.console.access import Role
from agent.console.aim_target import PLATE
from agent.vision.worker.plate.reader import PlateReader
from agent.vision.worker.qr.stream_reader import Cascade

WHOLE_FILE = ("lanes", "exit-1", "cameras", 0, "zone")


def zone_of(gate):
    table = tomllib.loads(gate.path.read_text(encoding="utf-8"))
    for part in WHOLE_FILE:
        table = table[part]
    return table


def drag(page, knob, by):
    """Move a knob by a part of the picture."""
    knob.evaluate("node => node.scrollIntoView({block: 'center'})")  # from under the header, as a person would
    box = page.locator(".overlay").bounding_box()
    at = knob.bounding_box()
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0] * box["width"] / 2, y + by[1] * box["height"] / 2)
    page.mouse.move(x + by[0] * box["width"], y + by[1] * box["height"])
    page.mouse.up()


def test_a_zone_is_changed_with_the_mouse_undone_and_saved_into_the_configuration(gate, page_of):
    visitor = page_of("technician", path="/settings/aim/exit-1/front")
    page, before, visitor.agent_goes = visitor.page, zone_of(gate), True
    handles = page.locator(".overlay .handle")
    expect(handles).to_have_count(4)
    expect(page.locator("[data-act=save]")).to_be_disabled()
    drag(page, handles.nth(0), (0.1, 0.1))
    expect(page.locator("[data-fill=zone-state]")).to_have_text("Not saved yet")
    page.locator("[data-act=undo]").click()
    expect(page.locator("[data-act=save]")).to_be_disabled()
    drag(page, handles.nth(0), (0.1, 0.1))
    drag(page, page.locator(".overlay .adder").nth(0), (0.0, -0.1))
    expect(handles).to_have_count(5)
    visitor.picture("aim-en-desktop-editing")
    restarts = gate.restarts
    page.locator("[data-act=save]").click()
    expect(page.locator("[data-saved]")).to_be_visible()
    gate.until(lambda: gate.restarts > restarts, "the gate with the new zone")
    after = zone_of(gate)
    assert len(after) == 5
    assert after[0] == pytest.approx([before[0][0] + 0.1, before[0][1] + 0.1], abs=0.01)
    expect(page.locator("[data-act=back]")).to_be_visible(timeout=30_000)
    page.locator("[data-act=back]").click()
    page.locator("[data-act=save]").click()
    gate.until(lambda: zone_of(gate) == before, "the previous zone")
    gate.until(lambda: gate.restarts > restarts + 1, "the gate with the previous zone")


def test_a_zone_whose_sides_cross_cannot_be_saved(gate, page_of):
    page = page_of("technician", path="/settings/aim/exit-1/front").page
    drag(page, page.locator(".overlay .handle").nth(0), (0.85, 0.2))
    expect(page.locator("[data-fill=zone-state]")).to_contain_text("Two sides of the zone cross")
    expect(page.locator(".overlay .zone")).to_have_class("zone wrong")
    expect(page.locator("[data-act=save]")).to_be_disabled()


def test_a_zone_is_changed_with_the_keys_and_with_a_finger(gate, page_of):
    page = page_of("technician", size="phone", path="/settings/aim/exit-1/front").page
    handle = page.locator(".overlay .handle").nth(1)
    handle.focus()
    before = handle.bounding_box()["x"]
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    assert handle.bounding_box()["x"] < before
    page.keyboard.press("Delete")
    expect(page.locator(".overlay .handle")).to_have_count(3)
    page.locator("[data-act=clear]").tap()
    expect(page.locator("[data-fill=zone-state]")).to_contain_text("The whole picture counts")
    page.locator("[data-act=draw]").tap()
    expect(page.locator(".overlay .handle")).to_have_count(4)


def test_the_meters_tell_focus_and_its_best_and_what_is_wrong_with_the_picture(gate, page_of):
    page = page_of("technician", path="/settings/aim/exit-1/front").page
    expect(page.locator("[data-fill=focus-share]")).to_have_text(re.compile(r"\d+ % of the best"))
    expect(page.locator("[data-fill=measures] .figure")).to_have_count(4)
    expect(page.locator("[data-fill=no-sizes]")).to_be_visible()
    expect(page.locator("[data-fill=exposure]")).to_have_text(re.compile("cannot be set from here"))
    for button in page.locator("#exposure button").all():
        expect(button).to_be_disabled()


def test_the_exposure_of_a_camera_that_allows_it_is_tried_live(gate, page_of):
    page = page_of("technician", path="/settings/aim/entry-2/hand").page
    page.locator("#exposure button", has_text="1/4").click()
    expect(page.locator("[data-fill=exposure]")).to_have_text(re.compile("1/4"))
    page.locator("#exposure button", has_text="automatic").click()
    expect(page.locator("[data-fill=exposure]")).to_have_text("Now: automatic")


def test_a_viewer_may_not_aim(gate, page_of):
    visitor = page_of("viewer")
    answer = visitor.page.goto(gate.url + "/settings/aim/exit-1/front", wait_until="domcontentloaded")
    assert answer.status == 403
    assert Role.TECHNICIAN.value in visitor.text()
    visitor.errors.clear()


def test_the_printed_target_is_read_as_the_plate_and_the_code_that_it_shows(page_of, tmp_path):
    page = page_of("technician", path="/settings/aim/target").page
    halves = []
    for number, half in enumerate(page.locator(".plate-part svg").all()):
        half.screenshot(path=tmp_path / f"{number}.png")
        halves.append(cv2.imread(str(tmp_path / f"{number}.png")))
    height = min(half.shape[0] for half in halves)
    plate = np.hstack([half[:height] for half in halves])
    yard = np.full((720, 1280, 3), 110, np.uint8)
    yard[500:564, 540:740] = cv2.resize(plate, (200, 64), interpolation=cv2.INTER_AREA)
    (read,) = PlateReader().read(yard, thorough=True)
    assert read.text == PLATE
    assert read.confidence > 0.9
    page.locator(".paper svg").first.screenshot(path=tmp_path / "code.png")
    (code,) = Cascade().read_codes(cv2.imread(str(tmp_path / "code.png")), 0.0, hint=True, budget_ms=500)
    assert code.payload.startswith(b"GATE AGENT TARGET")
