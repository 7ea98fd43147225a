"""The pictures by name, in the order in which they are taken, and how each comes about."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from agent.clock import Clock
from agent.lane import put_scene
from tools.handbook_pictures.browser import LANE, TALL_PX
from tools.handbook_pictures.recorder import Recorder
from tools.handbook_pictures.running_demo import DemoFailedError
from tools.handbook_pictures.traffic import add_traffic

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tools.handbook_pictures.album import Album
    from tools.handbook_pictures.browser import Browser

SCREENS: Final = ("welcome", "show_code", "checking", "wait_for_officer", "drive_on", "code_not_valid")
"""States of the driver page, three in a row."""

SCREEN_PX: Final = (640, 360)
PHONE_PX: Final = 760
DEMO_S: Final = 300.0
LONGEST_FRAME_S: Final = 1.2
LOOK_MS: Final = 100
HOLD_MS: Final = 2_500
AFTER_S: Final = 2.0
PLACE_S: Final = 6.0
PLATE: Final = "新B52K18"
CODE: Final = "GP1:" + "6BF+70790T9WJWG.FKY*4GO0.O1CV2 O5 N2FBBRW1*70HS8WY04AC*WIFN0AHCD8KD97TK0F90KECTHGWJC0FD" * 3


def driver_page(browser: Browser, album: Album) -> None:
    """What drivers see, taken while the prepared vehicles come."""
    screen, shots = browser.screen, dict[str, bytes]()
    screen.goto(f"{browser.console}/driver/{LANE}", wait_until="load")
    ends_at = time.monotonic() + DEMO_S
    while set(SCREENS) - set(shots) and time.monotonic() < ends_at:
        browser.demo.assert_runs()
        shown = screen.locator("#screen")
        message = shown.get_attribute("data-message") or ""
        if message not in shots:
            screen.wait_for_timeout(LOOK_MS)
            shot = screen.screenshot()
            if shown.get_attribute("data-message") == message:
                shots[message] = shot
        screen.wait_for_timeout(LOOK_MS)
    if missing := set(SCREENS) - set(shots):
        message = f"the driver page did not show {', '.join(sorted(missing))}; it showed {', '.join(sorted(shots))}"
        raise DemoFailedError(message)
    screen.goto("about:blank")  # live pages compute, also where no one looks
    album.keep_sheet("driver-page", [shots[one] for one in SCREENS], SCREEN_PX, columns=3)


def vehicles(browser: Browser, album: Album) -> None:
    """The list of vehicles, after all of the prepared ones."""
    browser.see_all_vehicles()
    browser.go(browser.desk, "/vehicles")
    album.keep("console-vehicles", browser.look(browser.desk, TALL_PX))


def story(browser: Browser, album: Album) -> None:
    """The story of a vehicle whose plate is not the declared one."""
    browser.see_all_vehicles()
    browser.go(browser.desk, "/vehicles?q=52K19")
    browser.desk.locator("main a[href^='/vehicles/2']").first.click()
    browser.desk.wait_for_url("**/vehicles/2*")
    browser.desk.wait_for_load_state("load")
    album.keep("console-story", browser.look(browser.desk, TALL_PX))


def numbers(browser: Browser, album: Album) -> None:
    """A day in numbers."""
    browser.see_all_vehicles()
    add_traffic(browser.demo.state, Clock().now().utc)
    browser.go(browser.desk, "/numbers")
    album.keep("console-numbers", browser.look(browser.desk, TALL_PX))


def health(browser: Browser, album: Album) -> None:
    """What needs attention, while the relay board is unplugged."""
    browser.choose("pull the relay")
    browser.go(browser.desk, "/health")
    browser.desk.get_by_role("button", name="Check again").click()
    browser.desk.get_by_text("The relay board does not answer").first.wait_for()
    browser.desk.wait_for_timeout(AFTER_S * 1000)
    album.keep("console-health", browser.desk.screenshot())
    browser.choose("plug the relay in")


def setup(browser: Browser, album: Album) -> None:
    """Steps of the set-up on a phone."""
    browser.see_all_vehicles()
    shots = []
    for path in ("/settings/setup", f"/settings/setup/{LANE}/board", f"/settings/setup/{LANE}/inputs"):
        browser.go(browser.phone, path)
        shots.append(browser.phone.screenshot())
    album.keep_row("console-setup", shots, PHONE_PX)


def barrier(browser: Browser, album: Album) -> None:
    """The page from which a barrier is moved."""
    browser.see_all_vehicles()
    browser.go(browser.desk, f"/barrier/{LANE}")
    album.keep("console-barrier", browser.desk.screenshot())


def aim(browser: Browser, album: Album) -> None:
    """The page Aim, while code and plate are in view: a vehicle that stands before the camera, but on no loop."""
    browser.see_all_vehicles()
    page, scene = browser.desk, browser.demo.scene_file
    browser.go(page, f"/settings/aim/{LANE}/front")
    ends_at = time.monotonic() + PLACE_S
    while time.monotonic() < ends_at:  # the demo puts its own scene back whenever its sign changes
        put_scene(scene, {"vehicle": {"plate": PLATE}, "code": {"text": CODE}})
        page.wait_for_timeout(LOOK_MS)
    page.locator(".picture svg", has_text=PLATE).wait_for()
    album.keep("console-aim", page.screenshot())
    put_scene(scene, {})


def decide(browser: Browser, album: Album) -> None:
    """A lane in which an officer must decide: the lanes, the lane, the question, and the same on a phone."""
    browser.go(browser.desk, f"/lanes/{LANE}")
    browser.go(browser.phone, f"/lanes/{LANE}")
    browser.choose("no plate")
    browser.desk.locator("[data-part=standing] h2", has_text="An officer must decide").wait_for()
    browser.desk.wait_for_timeout(AFTER_S * 1000)
    album.keep("console-lane", browser.desk.screenshot())
    shots = [browser.phone.screenshot()]
    browser.phone.locator(".thumb-bar [data-decide=pass]").click()
    browser.phone.wait_for_timeout(AFTER_S * 1000)
    shots.append(browser.phone.screenshot())
    browser.phone.goto("about:blank")
    album.keep_row("console-decide", shots, PHONE_PX)
    browser.go(browser.desk, "/lanes")
    album.keep("console-lanes", browser.look(browser.desk, TALL_PX))
    browser.go(browser.desk, f"/lanes/{LANE}")
    _refuse(browser.desk)


def recording(browser: Browser, album: Album) -> None:
    """The lane while vehicles come: one passes, one is refused, and for one an officer decides."""
    page = browser.desk
    browser.go(page, f"/lanes/{LANE}")
    page.bring_to_front()
    standing = page.locator("[data-part=standing] h2")
    with Recorder(page) as recorder:
        for words in ("valid permit", "forged permit"):
            browser.choose(words)
            standing.filter(has_not_text="Ready").wait_for()
            standing.filter(has_text="Ready").wait_for()
        browser.choose("no plate")
        standing.filter(has_text="An officer must decide").wait_for()
        page.wait_for_timeout(AFTER_S * 1000)
        page.locator(".verdict [data-decide=pass]").click()
        page.wait_for_timeout(AFTER_S * 1000)
        page.locator("dialog#pass [data-hold]").hover()
        page.mouse.down()
        page.wait_for_timeout(HOLD_MS)
        page.mouse.up()
        standing.filter(has_text="Ready").wait_for()
    album.keep_recording("demo", recorder.frames, LONGEST_FRAME_S)


def _refuse(page: Page) -> None:
    """Refuse the vehicle that waits, with the first reason."""
    page.locator(".verdict [data-decide=refuse]").click()
    page.locator("dialog#refuse [type=submit]").click()
    page.locator("[data-part=standing] h2", has_text="Ready").wait_for()


SCENES: Final[dict[str, Callable[[Browser, Album], None]]] = {
    one.__name__: one for one in (driver_page, vehicles, story, setup, barrier, aim, decide, recording, numbers, health)
}
