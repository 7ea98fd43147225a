"""A gate and a browser for all tests of pages: `page_of(role, language, size)` opens a page as somebody sees it."""

from __future__ import annotations

from pathlib import Path
from shutil import which

import pytest

from tests.browser.gate import BrowserGate
from tests.browser.visit import SIZES, Visitor
from tests.support.mqtt.mosquitto import needs_mosquitto

CHROMIUM = which("chromium")
PICTURES = Path("build/console")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """What none of the tests here can do without; they are run by `make test-browser`."""
    here = f"{Path(__file__).parent.relative_to(config.rootpath).as_posix()}/"
    for item in items:
        if item.nodeid.startswith(here):
            item.add_marker(pytest.mark.long)
            item.add_marker(needs_mosquitto)
            item.add_marker(pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"))


@pytest.fixture(scope="session")
def gate(tmp_path_factory):
    """The one gate of all tests here."""
    with BrowserGate(tmp_path_factory.mktemp("gate")) as gate:
        yield gate


@pytest.fixture(scope="session")
def chromium():
    """Debian's browser without a window."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - large, and every run collects these tests

    # Where no user can be dropped to, the browser's own sandbox does not start; it sees pages of this machine alone.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page_of(gate, chromium):
    """Open a page as somebody of a role sees it: `page_of("viewer", "kk", "phone", "/lane")` gives a Visitor.

    At the end of the test it fails for what a page must never do: an error in the browser's console, a request that
    leaves the machine.
    """
    visitors = []

    def visit(role="admin", language="en", size="desktop", path=None, *, dark=False, theme=None):
        visitor = Visitor(gate, chromium, role, language, SIZES[size], dark=dark, theme=theme)
        visitors.append(visitor)
        if path is not None:
            visitor.go(path)
        return visitor

    yield visit
    for visitor in visitors:
        visitor.close()
    for visitor in visitors:
        visitor.assert_behaved()
