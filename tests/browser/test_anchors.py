"""Two people change a trust anchor in a browser, each with the file of his own key."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import expect

from tests.support.anchors.anchored_gate import AnchoredGate, key
from tests.support.anchors.people import OTHER_ROOT_KEY
from tests.support.gate.config_files import ROOT_KEY

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="anchors count only where they are root's")
PAGE = "/settings/anchors"


@pytest.fixture
def anchored(tmp_path):
    with AnchoredGate(tmp_path / "etc") as gate:
        yield gate


@pytest.fixture
def page_as(anchored, chromium):
    """The page as an administrator sees it; at the end it fails for a request that left the machine, or an error."""
    contexts, errors = [], []

    def opened(name):
        context = chromium.new_context()
        contexts.append(context)
        token = anchored.app.console.access.sessions.open(name)
        context.add_cookies([{"name": "gate-session", "value": token, "url": anchored.url}])
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: errors.append(request.url) if anchored.url not in request.url else None)
        page.goto(f"{anchored.url}{PAGE}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def sign(page, tmp_path, name):
    """Choose the file of a key, and wait for the signed text."""
    file = tmp_path / f"{name}.pem"
    file.write_bytes(key(name).to_pem())
    form = page.locator("form[data-sign]")
    form.locator("input[type=file]").set_input_files(str(file))
    expect(form.locator("textarea[name=signed]")).not_to_have_value("")
    assert "PRIVATE" not in form.locator("textarea[name=signed]").input_value()
    form.locator("button[type=submit]").click()


def test_two_people_sign_in_their_browsers_and_the_anchor_is_changed(anchored, page_as, tmp_path):
    page = page_as("aigul")
    page.locator("details", has=page.locator("#anchors-text")).first.evaluate("one => { one.open = true }")
    text = page.locator("#anchors-text")
    text.fill(text.input_value().replace(ROOT_KEY, OTHER_ROOT_KEY))
    page.locator("input[name=cause]").fill("a new issuer")
    page.locator("form[hx-post$=write] button").click()
    expect(page.locator("#answer")).to_contain_text("permits.root_keys")
    sign(page, tmp_path, "aigul")
    expect(page.locator("#answer .good")).to_be_visible()
    assert anchored.store.held().number == 1
    other = page_as("bolat")
    expect(other.locator("#waiting")).to_contain_text("a new issuer")
    sign(other, tmp_path, "bolat")
    expect(other.locator("#answer .good")).to_be_visible()
    assert anchored.store.held().values["permits.root_keys"] == [OTHER_ROOT_KEY]


def test_a_file_that_is_no_key_is_told_and_nothing_is_sent(page_as, tmp_path):
    page = page_as("aigul")
    page.locator("details", has=page.locator("#anchors-text")).first.evaluate("one => { one.open = true }")
    text = page.locator("#anchors-text")
    text.fill(text.input_value().replace(ROOT_KEY, OTHER_ROOT_KEY))
    page.locator("input[name=cause]").fill("a new issuer")
    page.locator("form[hx-post$=write] button").click()
    (tmp_path / "photo.jpg").write_bytes(b"no key")
    page.locator("form[data-sign] input[type=file]").set_input_files(str(tmp_path / "photo.jpg"))
    expect(page.locator("[data-failed]")).to_be_visible()
    expect(page.locator("form[data-sign] textarea[name=signed]")).to_have_value("")
