"""A browser in which a visitor of the demo looks at the gate's pages, and chooses what comes."""

from __future__ import annotations

from shutil import which
from typing import TYPE_CHECKING, Final, Self

from playwright.sync_api import sync_playwright

from tools.handbook_pictures.running_demo import DemoFailedError

if TYPE_CHECKING:
    from types import TracebackType

    from playwright.sync_api import BrowserContext, Page

    from tools.handbook_pictures.running_demo import RunningDemo

LANE: Final = "exit-1"
DESKTOP_PX: Final = (1280, 800)
TALL_PX: Final = 1250
PHONE_PX: Final = (390, 844)
SCREEN_PX: Final = (1920, 1080)
PATIENCE_MS: Final = 60_000
SETTLED_MS: Final = 1_200
_STILL_COMING: Final = "[data-banner=connecting]:not([hidden]), .picture img:not(.seen)"


class Browser:
    """Chromium with the demo's visitor logged in: `desk` is a window of a desktop, `phone` one of a phone."""

    def __init__(self, demo: RunningDemo) -> None:
        self.demo = demo

    def __enter__(self) -> Self:
        """Open the link of the demo. Raises DemoFailedError where there is no chromium."""
        chromium = which("chromium")
        if chromium is None:
            message = "chromium is not installed: sudo apt install chromium fonts-noto-cjk"
            raise DemoFailedError(message)
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        self._context = self._window(DESKTOP_PX)
        self.desk = self._context.new_page()
        self.desk.goto(self.demo.link, wait_until="domcontentloaded")
        self.console = self.desk.url.split("/lanes")[0].rstrip("/")
        self.phone = self._window(PHONE_PX, is_phone=True).new_page()
        self.screen = self._window(SCREEN_PX).new_page()
        self._door = self._context.new_page()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._browser.close()
        self._playwright.stop()

    def go(self, page: Page, path: str) -> None:
        """Open a page of the console, and wait until its live parts are there."""
        page.goto(self.console + path, wait_until="domcontentloaded")
        page.locator(_STILL_COMING).first.wait_for(state="detached")
        page.wait_for_timeout(SETTLED_MS)

    def look(self, page: Page, height_px: int) -> bytes:
        """A screenshot of a page in a window of this height."""
        size = page.viewport_size or {"width": DESKTOP_PX[0], "height": DESKTOP_PX[1]}
        page.set_viewport_size({"width": size["width"], "height": height_px})
        page.wait_for_timeout(SETTLED_MS)
        shot = page.screenshot()
        page.set_viewport_size(size)
        return shot

    def see_all_vehicles(self) -> None:
        """Wait until the prepared vehicles have passed. Raises DemoFailedError where the demo ends before."""
        door, choices = self.demo.link.split("/enter")[0], self._door.locator("button[name=choice]").first
        self.demo.assert_runs()
        if not self._door.url.startswith(door):
            self._door.goto(door, wait_until="domcontentloaded")
        while not choices.is_visible():  # the page loads itself again
            self.demo.assert_runs()
            self._door.wait_for_timeout(SETTLED_MS)

    def choose(self, words: str) -> None:
        """Choose what comes next, by the words of its button."""
        self.see_all_vehicles()
        self._door.get_by_role("button", name=words, exact=True).click()

    def _window(self, size: tuple[int, int], *, is_phone: bool = False) -> BrowserContext:
        first = getattr(self, "_context", None)
        context = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            has_touch=is_phone,
            device_scale_factor=2 if is_phone else 1,
            locale="en-GB",
            color_scheme="light",
            storage_state=None if first is None else first.storage_state(),
        )
        context.set_default_timeout(PATIENCE_MS)
        return context
