"""The driver page in a browser: every message in every language on three screens, and what happens when the gate goes.

Pictures of all of them are kept below build/console.
"""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from agent.console.driver_page.legibility import EASY_RATIO, READABLE_RATIO, ScreenSize, reading_distance_m
from agent.core.model import DriverMessage
from agent.i18n import Language
from drivers.inputs import simulated as simulated_inputs
from tests.browser.visit import PATIENCE_MS, PICTURES, VENDOR
from tests.support.console.consoles import ConsoleGate
from tests.support.mqtt.mosquitto import free_port

TOGETHER = {
    Language.ZH: ("zh", "kk", "en"),
    Language.RU: ("ru", "kk", "en"),
    Language.KK: ("kk", "ru", "zh"),
    Language.EN: ("en", "zh", "ru"),
}
"""The languages of one page, by the first of them: each is the largest once."""

SCREENS = {
    "desktop": ScreenSize(24, 1920, 1080),
    "portrait": ScreenSize(24, 800, 1280),
    "tablet": ScreenSize(10.1, 1280, 800),
}
"""Two of 24 inches at the post, and a tablet."""

READ_FROM_M = {"desktop": 5.0, "portrait": 5.0, "tablet": 2.0}
LANE = """
[lanes.{language}]
number = {number}
direction = "export"

[lanes.{language}.relay]
kind = "simulated"
name = "{board}-{language}"

[lanes.{language}.inputs]
kind = "simulated"
name = "{board}-{language}"

[lanes.{language}.signals]
presence = 1
safety = 2

[lanes.{language}.timing]
stale_s = 5

[lanes.{language}.driver_page]
enabled = true
languages = [{together}]
"""
# A stream of the test's own, which says the same again and again, as the gate does.
TELLER = """
window.EventSource = class extends EventTarget {
  constructor() { super(); this.readyState = 1; window.source = this; }
  close() {}
};
window.tell = (news) => {
  const screen = document.getElementById("screen");
  const { languages, page } = screen.dataset;
  const nothing = { plate: "", text: {}, left_s: null, of_s: null, how: false };
  const whole = { ...nothing, languages: languages.split(" "), page, ...news };
  clearInterval(window.telling);
  const say = () => window.source.dispatchEvent(
    new MessageEvent("shown", { data: JSON.stringify({ ...whole, at_ms: performance.now() }) }));
  window.telling = setInterval(say, 500);
  say();
};
"""
# Font sizes of all lines, what is cut off, and whether anything can be scrolled.
MEASURES = """() => {
  const lines = [...document.querySelectorAll("#said p")];
  const page = document.documentElement;
  const said = document.getElementById("said");
  const picture = document.querySelector("#picture svg").getBoundingClientRect();
  return {
    px: lines.map((line) => parseFloat(getComputedStyle(line).fontSize)),
    cut: lines.some((line) => line.scrollWidth > line.clientWidth + 1)
      || lines.at(-1).offsetTop + lines.at(-1).offsetHeight - lines[0].offsetTop > said.clientHeight + 1,
    scrolls: page.scrollHeight > page.clientHeight || page.scrollWidth > page.clientWidth,
    picture: Math.min(picture.width, picture.height) / Math.min(page.clientWidth, page.clientHeight),
    inside: [...document.querySelectorAll("#picture svg, #said p, .foot > :not([hidden])")].every((one) => {
      const box = one.getBoundingClientRect();
      return box.left >= 0 && box.top >= 0 && box.right <= page.clientWidth && box.bottom <= page.clientHeight; }),
  };
}"""


class ScreenGate(ConsoleGate):
    """A gate with a lane for each language, named by it."""

    def __init__(self, folder, port):
        lanes = "".join(
            LANE.format(
                language=language, number=number, board=folder.name, together=", ".join(f'"{one}"' for one in together)
            )
            for number, (language, together) in enumerate(TOGETHER.items(), 1)
        )
        super().__init__(folder, lanes=lanes, port=port)
        self.board = folder.name

    def vehicle(self, language, *, there):
        """Have a vehicle stand before the arm of a lane, or leave it."""
        simulated_inputs.board(f"{self.board}-{language}").set(1, on=there)


@pytest.fixture(scope="module")
def screen_gate(tmp_path_factory):
    with ScreenGate(tmp_path_factory.mktemp("screen"), free_port()) as gate:
        gate.app.console.access.screen_requests._burst = 1e6
        yield gate


class Screen:
    """A screen at the post. `page` is Playwright's page. `told`: it hears the test in place of the gate."""

    def __init__(self, gate, browser, name, page, *, told=True, dark=False, still=True):
        size = SCREENS[name]
        self.errors, self.foreign = [], []
        self._url = gate.url
        self._context = browser.new_context(
            viewport={"width": size.width_px, "height": size.height_px},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if still else "no-preference",
        )
        self._context.set_default_timeout(PATIENCE_MS)
        self.page = self._context.new_page()
        self.page.on("console", lambda said: said.type in {"error", "warning"} and self.errors.append(said.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)
        if told:
            self.page.add_init_script(TELLER)
        answer = self.page.goto(f"{gate.url}/driver/{page}", wait_until="load")
        assert answer.ok, answer.status

    def _asked(self, request):
        if not request.url.startswith((self._url, "data:")):
            self.foreign.append(request.url)

    def tell(self, message, **news):
        self.page.evaluate("news => window.tell(news)", {"message": message, **news})
        expect(self.page.locator("#screen")).to_have_attribute("data-message", message)

    def barriers(self):
        """What axe-core finds serious."""
        self.page.evaluate((VENDOR / "axe.min.js").read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in {"serious", "critical"}
        ]

    def picture(self, name):
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"driver-{name}.png")

    def close(self):
        self._context.close()


@pytest.fixture
def screen_of(screen_gate, chromium):
    """Open a page: `screen_of("tablet", "zh")`. At the end it must have behaved."""

    @contextmanager
    def opened(name, page, *, dark=False, still=True):
        screen = Screen(screen_gate, chromium, name, page, dark=dark, still=still)
        try:
            yield screen
        finally:
            screen.close()
        assert not screen.foreign
        assert screen.errors == []

    return opened


def beside(message):
    """What a message has beside its sentence: a plate where a vehicle stands, a time where one counts down."""
    news = {}
    if message not in {
        DriverMessage.WELCOME,
        DriverMessage.STARTING,
        DriverMessage.LANE_CLOSED,
        DriverMessage.OUT_OF_SERVICE,
    }:
        news["plate"] = "京A12345"
    if message in {DriverMessage.SHOW_CODE, DriverMessage.HOLD_CODE_STILL, DriverMessage.DRIVE_ON}:
        news |= {"left_s": 14, "of_s": 20}
    if message is DriverMessage.HOLD_CODE_STILL:
        news["how"] = True
    return news


@pytest.mark.timeout(900)
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", SCREENS)
def test_every_message_fits_and_is_read_from_afar_on_every_screen(screen_of, name, language):
    wrong = []
    with screen_of(name, language) as screen:
        for message in DriverMessage:
            screen.tell(message, **beside(message))
            found = screen.page.evaluate(MEASURES)
            screen.picture(f"{name}-{language}-{message}")
            if found["cut"] or found["scrolls"] or not found["inside"]:
                wrong.append(f"{message}: {found}")
            first, *others = found["px"]
            far_m = reading_distance_m(first, SCREENS[name], EASY_RATIO)
            others_m = [reading_distance_m(px, SCREENS[name], READABLE_RATIO) for px in others]
            if min([far_m, *others_m]) < READ_FROM_M[name] or len(others) != 2:
                wrong.append(f"{message}: read from {far_m:.1f} m, the others from {others_m}")
            if found["picture"] < 0.2:
                wrong.append(f"{message}: the picture is {found['picture']:.2f} of the screen")
    assert not wrong


@pytest.mark.timeout(600)
@pytest.mark.parametrize("dark", [False, True], ids=["bright", "dark"])
def test_no_screen_keeps_people_out_who_see_less(screen_of, dark):
    found = []
    with screen_of("desktop", "zh", dark=dark) as screen:
        for message in ("welcome", "show_code", "wait_for_officer", "drive_on", "turn_back"):
            screen.tell(message, **beside(DriverMessage(message)))
            found += [f"{message}: {barrier}" for barrier in screen.barriers()]
            if dark:
                screen.picture(f"desktop-dark-{message}")
        said = screen.page.locator("#said")
        assert (said.get_attribute("role"), said.get_attribute("aria-live")) == ("status", "assertive")
        assert [one.get_attribute("lang") for one in said.locator("p").all()] == ["zh", "kk", "en"]
    assert not found


def test_pictures_move_and_stand_still_for_who_asks_for_less_movement(screen_of):
    moving = "() => document.getAnimations().filter((one) => one.playState === 'running').length"
    for still, count in ((True, 0), (False, 3)):
        with screen_of("tablet", "en", still=still) as screen:
            screen.tell("hold_code_still", how=True)
            assert screen.page.evaluate(moving) == count


@pytest.mark.parametrize("turn", ["90", "180", "270"])
def test_a_screen_that_hangs_on_its_side_is_filled_by_an_upright_page(screen_of, turn):
    with screen_of("desktop", f"ru?turn={turn}") as screen:
        screen.tell("hold_code_still", **beside(DriverMessage.HOLD_CODE_STILL))
        found = screen.page.evaluate(MEASURES)
        assert (found["cut"], found["scrolls"], found["inside"]) == (False, False, True)
        whole = screen.page.locator("#screen").bounding_box()
        assert whole == {"x": 0, "y": 0, "width": 1920, "height": 1080}
        assert screen.page.evaluate("document.getElementById('screen').clientWidth") == (
            1920 if turn == "180" else 1080
        )
        screen.picture(f"desktop-turned-{turn}")


def test_the_time_that_is_left_is_counted_by_the_page_and_the_plate_is_shown_as_read(screen_of):
    with screen_of("desktop", "ru") as screen:
        page = screen.page
        screen.tell("drive_on", plate="123ABC02", left_s=9.4, of_s=15, languages=["kk", "ru", "en"])
        expect(page.locator("#seconds")).to_have_text(re.compile("10|9"))
        expect(page.locator("#plate")).to_have_text("123ABC02")
        assert [one.get_attribute("lang") for one in page.locator("#said p").all()] == ["kk", "ru", "en"]
        screen.tell("welcome")
        expect(page.locator("#plate")).to_be_hidden()
        expect(page.locator("#count")).to_be_hidden()


def test_a_text_of_central_stands_in_place_of_the_sentence(screen_of):
    with screen_of("desktop", "en") as screen:
        screen.tell("from_central", text={"en": "Please go to window <4>"})
        assert screen.page.locator("#said p").all_inner_texts() == ["Please go to window <4>"]
        screen.tell("from_central", text={"kk": "4-терезеге барыңыз"})
        assert screen.page.locator("#said p[lang=kk]").all_inner_texts() == ["4-терезеге барыңыз"]


def test_a_silent_gate_has_the_driver_wait_though_it_said_drive_on(screen_of):
    with screen_of("desktop", "en") as screen:
        screen.tell("drive_on", plate="京A12345", left_s=14, of_s=15)
        screen.page.evaluate("clearInterval(window.telling)")
        expect(screen.page.locator("#screen")).to_have_attribute("data-message", "wait")
        expect(screen.page.locator("#plate")).to_be_hidden()


def test_a_message_that_was_long_on_its_way_does_not_count(screen_of):
    with screen_of("desktop", "en") as screen:
        screen.tell("welcome")
        screen.page.evaluate(
            """() => window.source.dispatchEvent(new MessageEvent("shown", { data: JSON.stringify({ message: "drive_on",
            plate: "", languages: ["en"], left_s: null, of_s: null, how: false, page: document.getElementById("screen")
            .dataset.page, at_ms: performance.now() - 3000 }) }))"""
        )
        assert screen.page.get_attribute("#screen", "data-message") == "welcome"


@pytest.mark.parametrize("hours", [-30, 5000])
def test_a_screen_whose_clock_is_set_shows_nothing_old_and_goes_on(screen_of, hours):
    with screen_of("desktop", "en") as screen:
        screen.tell("drive_on")
        screen.page.evaluate(
            "ms => { const now = Date.now; Date.now = () => now() + ms; clearInterval(window.telling); }", hours * 3.6e6
        )
        expect(screen.page.locator("#screen")).to_have_attribute("data-message", "wait")
        screen.tell("drive_on")
        expect(screen.page.locator("#screen")).to_have_attribute("data-message", "drive_on")


def test_a_vehicle_is_told_what_to_do_and_the_page_outlives_its_gate(tmp_path, chromium):
    port = free_port()
    with ScreenGate(tmp_path, port) as gate:
        screen = Screen(gate, chromium, "desktop", "en", told=False)
        told = screen.page.locator("#screen")
        expect(told).to_have_attribute("data-message", "welcome")
        gate.vehicle("en", there=True)
        expect(told).to_have_attribute("data-message", "show_code")
        expect(screen.page.locator("#count")).to_be_visible()
        gate.vehicle("en", there=False)
        expect(told).to_have_attribute("data-message", "welcome")
    expect(told).to_have_attribute("data-message", "wait")
    with ScreenGate(tmp_path, port):
        expect(told).to_have_attribute("data-message", "welcome")
        screen.close()
    assert not screen.foreign
    assert [one for one in screen.errors if "net::ERR_" not in one] == []
