"""Every page of the place Settings has its address below /settings, and the earlier addresses lead there."""

from __future__ import annotations

import pytest

from agent.console.navigation import Place
from agent.console.pages.redirects import MOVED
from agent.console.web.routing import page_modules
from tests.support.console.consoles import ConsoleGate


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("moved")) as gate:
        yield gate.browser("admin")


def settings_pages():
    navs = (module.NAV for module in page_modules() if hasattr(module, "NAV"))
    return {nav.path for nav in navs if nav.place is Place.SETTINGS}


def test_every_page_of_settings_is_below_it():
    assert {path for path in settings_pages() if not path.startswith("/settings/")} == set()
    assert set(MOVED.values()) <= settings_pages()


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_an_earlier_address_leads_to_the_page_for_good(browser, old, new):
    for below in ("", "/one/two"):
        answer = browser.get(f"{old}{below}?q=a%26b")
        assert (answer.status_code, answer.headers["location"]) == (308, f"{new}{below}?q=a%26b")
    page = browser.get(old, follow_redirects=True)
    assert (page.status_code, page.url.path.startswith(new)) == (200, True)


@pytest.mark.parametrize("old", MOVED)
def test_what_is_below_an_earlier_address_never_leads_elsewhere(browser, old):
    for below in ("//evil.example", "/\\evil.example", "/../../evil"):
        answer = browser.get(f"{old}{below}")
        assert answer.headers.get("location", "/settings/").startswith("/settings/")


@pytest.mark.parametrize("old", MOVED)
def test_nothing_is_sent_to_an_earlier_address(browser, old):
    assert browser.post(old).status_code == 405
