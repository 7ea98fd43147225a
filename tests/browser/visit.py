"""Somebody who looks at pages of the console, and what is wrong with a page that he sees."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from playwright.sync_api import Error

from tests.support.waiting import eventually

VENDOR = Path(__file__).with_name("vendor")
PICTURES = Path("build/console")
SIZES = {"desktop": (1280, 800), "phone": (360, 740)}
NARROWEST = (320, 640)
PATIENCE_MS = 60_000
# A place that was to be filled in. A missing text is an error of the server.
_FORGOTTEN = re.compile(r"\{\{|\}\}|\{[a-z_]+\}")
# Where a page is live: its news and its picture have not come yet.
_STILL_COMING = "[data-banner=connecting]:not([hidden]), .picture:not([data-pictures='']) img:not(.seen)"
_COUNTS = {"moderate", "serious", "critical"}
_CUT = """() => [...document.querySelectorAll("header *, nav *, main *")]
    .filter((one) => one.clientWidth > 2 && one.innerText && getComputedStyle(one).overflowX === "hidden"
        && one.scrollWidth > one.clientWidth + 1)
    .map((one) => `${one.className}: ${one.innerText.slice(0, 60)}`)"""


@cache
def _axe():
    return (VENDOR / "axe.min.js").read_text(encoding="utf-8")


class Visitor:
    """One window of the browser with somebody logged in. `page` is Playwright's page.

    `agent_goes`: the agent stops in this test, and the browser may tell of connections that broke.
    """

    def __init__(self, gate, browser, role, language, size, *, dark=False, theme=None):
        self.gate = gate
        self.errors = []
        self.agent_goes = False
        self.foreign = []
        self._theme = theme
        self._context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            has_touch=size[0] < 600,
            color_scheme="dark" if dark else "light",
            locale="en-GB",
        )
        self._context.set_default_timeout(PATIENCE_MS)
        self.become(role, language)
        self.page = self._context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.errors.append(f"{self.page.url}: {error}"))
        self.page.on("request", self._asked)

    def become(self, role, language):
        """Be somebody of this role, in this language; None: nobody."""
        self._context.clear_cookies()
        cookies = {"gate-language": language}
        if self._theme is not None:
            cookies["gate-theme"] = self._theme
        if role is not None:
            cookies["gate-session"] = self.gate.token(role)
        self._context.add_cookies([{"name": n, "value": v, "url": self.gate.url} for n, v in cookies.items()])

    def online(self, there):
        """Have the device a network, or none."""
        self._context.set_offline(not there)

    def resize(self, size):
        """Take the window of another device."""
        self.page.set_viewport_size({"width": SIZES[size][0], "height": SIZES[size][1]})

    def go(self, path):
        """Open a page and wait until it is built; live pictures never end."""
        answer = self.page.goto(self.gate.url + path, wait_until="domcontentloaded")
        assert answer.ok, f"{path}: {answer.status}"
        self.page.locator(_STILL_COMING).first.wait_for(state="detached")
        return self.page

    def until(self, script, what):
        """Wait until JavaScript says that this is true, also while the page is loaded again.

        The page's policy forbids all but the first look of Playwright's own `wait_for_function`.
        """

        def is_true():
            try:
                return self.page.evaluate(script)
            except Error as error:
                if "navigation" not in error.message:
                    raise
                return False

        eventually(is_true, what=what)

    def text(self):
        """All that can be read on the page."""
        return self.page.inner_text("body")

    def forgotten(self):
        """What looks like a text that is missing or unfinished."""
        return sorted(set(_FORGOTTEN.findall(self.text())))

    def sideways_px(self):
        """How far the page can be moved sideways; 0 where all of it fits."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def cut(self):
        """Texts of which a part cannot be seen, because their place is too small: class and beginning of each."""
        return self.page.evaluate(_CUT)

    def barriers(self):
        """What axe-core finds for people who see, hear or move less: rule, and the first place of each.

        All but what it calls minor.
        """
        # Evaluated, not linked: the policy of the page allows no foreign script, and stays in force.
        self.page.evaluate(_axe())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in _COUNTS]

    def picture(self, name):
        """Keep what the page looks like as build/console/<name>.png."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}.png"
        self.page.screenshot(path=path, full_page=True)
        return path

    def close(self):
        self._context.close()

    def assert_behaved(self):
        assert not self.foreign, f"requests that leave the machine: {self.foreign}"
        errors = [error for error in self.errors if not (self.agent_goes and "net::ERR_" in error)]
        assert not errors, f"errors in the browser's console: {errors}"

    def _heard(self, message):
        if message.type in {"error", "warning"}:
            self.errors.append(f"{self.page.url}: {message.text}")

    def _asked(self, request):
        local = (self.gate.url, "data:", "blob:")
        if not request.url.startswith(local):
            self.foreign.append(request.url)
