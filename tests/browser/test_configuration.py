"""The page Configuration in a browser: a form that is refused shows which field is wrong, and why."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_a_refused_form_marks_its_field_says_why_there_and_shows_it(gate, page_of):
    visitor = page_of("technician", size="phone", path="/configuration/table?path=lanes.exit-1")
    page, before = visitor.page, gate.path.read_bytes()
    field = page.locator("[id='k-lanes.exit-1.timing.read_s']")
    timing = page.locator("details", has=field).first
    timing.evaluate("details => { details.open = true }")
    field.fill("soon")
    timing.evaluate("details => { details.open = false }")
    page.locator("form.configuration button[type=submit]").last.click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_be_in_viewport()
    said = page.locator(f"[id='{field.get_attribute('aria-errormessage')}']")
    expect(said).to_have_text(re.compile("expected a number from 1 to 600"))
    expect(page.locator("#proposal")).not_to_contain_text("gate.toml")
    link = page.locator("#proposal a", has_text="lanes.exit-1.timing.read_s")
    link.click()
    expect(field).to_be_in_viewport()
    field.fill("12")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    expect(said).to_have_count(0)
    assert gate.path.read_bytes() == before
    visitor.errors = [error for error in visitor.errors if "422" not in error]  # the browser reports each refusal
