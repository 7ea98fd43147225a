"""Passkeys in a real browser: made on the page of the second factor, and used to log in, by a virtual authenticator."""

from __future__ import annotations

import re

import pytest

from tests.support.console.consoles import KNOWN_TO_ALL, ConsoleGate, acts

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def own_gate(tmp_path):
    with ConsoleGate(tmp_path, console='second_factor = ["technician"]') as gate:
        gate.app.console.access.users.add("marat", "technician", KNOWN_TO_ALL)
        yield gate


@pytest.fixture
def page(own_gate, chromium):
    """A page of a browser with an authenticator, at the gate by its name: by an address no passkey can be made."""
    context = chromium.new_context(base_url=own_gate.url.replace("127.0.0.1", "localhost"), locale="en")
    page = context.new_page()
    said = []
    page.on("console", lambda one: said.append(f"{one.text} {one.location}") if one.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    page.authenticator = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})[
        "authenticatorId"
    ]
    page.devtools = devtools
    yield page
    assert said == []
    context.close()


def fill_log_in(page):
    page.goto("/login")
    page.fill('input[name="name"]', "marat")
    page.fill('input[name="password"]', KNOWN_TO_ALL)


def test_somebody_makes_a_passkey_and_logs_in_by_it(own_gate, page):
    fill_log_in(page)
    page.click('form[action="/login"] button[type="submit"]')
    page.wait_for_url("**/settings/account/second-factor")
    form = page.locator('form[action="/settings/account/second-factor/passkey/begin"]')
    form.locator('input[name="password"]').fill(KNOWN_TO_ALL)
    form.locator('button[type="submit"]').click()
    page.fill('input[name="label"]', "my telephone")
    page.click("[data-passkey-make]")
    page.wait_for_selector("ul.codes")
    assert len(re.findall(r"[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}", page.inner_text("ul.codes"))) == 10
    assert (
        len(page.devtools.send("WebAuthn.getCredentials", {"authenticatorId": page.authenticator})["credentials"]) == 1
    )

    page.context.clear_cookies()
    fill_log_in(page)
    page.click("[data-passkey-use]")
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto("/settings/configuration")
    assert "/settings/configuration" in page.url
    told = [act["act"] for act in acts(own_gate) if act["person"] == "marat"]
    assert told == ["session.opened", "second_factor.set", "session.opened"]

    # A key that knows of nobody here: the page says so, and a code can still be given.
    page.context.clear_cookies()
    page.devtools.send("WebAuthn.clearCredentials", {"authenticatorId": page.authenticator})
    fill_log_in(page)
    page.click("[data-passkey-use]")
    page.wait_for_selector("[data-passkey-problem]:not([hidden])")
    assert page.is_visible('input[name="code"]')
