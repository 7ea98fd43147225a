"""The page Configuration in a browser: a form that is refused shows which field is wrong, and why."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_a_refused_form_marks_its_field_says_why_there_and_shows_it(gate, page_of):
    visitor = page_of("technician", size="phone", path="/settings/configuration/table?path=lanes.exit-1")
    page, before = visitor.page, gate.path.read_bytes()
    field = page.locator("[id='k-lanes.exit-1.timing.read_s']")
    around = page.locator("details", has=field)
    around.evaluate_all("all => { for (const one of all) one.open = true; }")
    field.fill("soon")
    around.evaluate_all("all => { for (const one of all) one.open = false; }")
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


def test_a_setting_is_found_by_its_words_and_shown(page_of):
    page = page_of("technician", path="/settings/configuration").page
    page.get_by_label("Search all settings").fill("read_s")
    found = page.locator("#found a", has_text="lanes.exit-1.timing.read_s")
    found.click()
    expect(page.locator("[id='k-lanes.exit-1.timing.read_s']")).to_be_in_viewport()


# The cover can be gone before a test looks: the page notes it where it outlives the loading of the page again.
NOTE_COVER = """() => new MutationObserver(() => {
    const note = document.querySelector("#away [data-away=applying]");
    if (note.checkVisibility()) sessionStorage.setItem("covered", "applying");
}).observe(document.getElementById("away"), {attributes: true, subtree: true})"""


def test_a_page_that_applied_a_change_says_so_and_continues_by_itself(gate, page_of):
    before = gate.path.read_bytes()
    visitor = page_of("technician", path="/settings/configuration/table?path=lanes.exit-1")
    page, visitor.agent_goes, restarts = visitor.page, True, gate.restarts
    field = page.locator("[id='k-lanes.exit-1.timing.read_s']")
    page.locator("details", has=field).evaluate_all("all => { for (const one of all) one.open = true; }")
    field.fill("31")
    page.locator("form.configuration button[type=submit]").last.click()
    page.evaluate(NOTE_COVER)
    with gate.stopped_at_restart():
        page.locator("#proposal button", has_text="Apply").click()
        visitor.until("sessionStorage.getItem('covered') === 'applying'", "the cover that says what happens")
    gate.until(lambda: gate.restarts > restarts, "the restart")
    expect(page.locator("#away")).to_be_hidden(timeout=60_000)
    expect(field).to_have_value("31")
    visitor.errors.clear()  # requests that nobody answered
    gate.path.write_bytes(before)
    gate.restart()
