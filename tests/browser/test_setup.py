"""A technician with a phone at the barrier: from the first code to the first vehicle, all in the browser.

Board and loops are emulated at the level of bytes, the camera sends RTSP. How long each step took is logged.
"""

from __future__ import annotations

import logging
import time

import pytest
from playwright.sync_api import expect

from tests.browser.setup_gate import new_gate
from tests.browser.visit import SIZES, Visitor
from tests.support.console.consoles import KNOWN_TO_ALL
from tests.support.est.est_site import EstSite

log = logging.getLogger(__name__)
PLATE = "京A12345"
PATIENCE_MS = 120_000


@pytest.fixture
def box(tmp_path):
    with new_gate(tmp_path) as gate:
        yield gate


@pytest.fixture
def phones(box, chromium):
    """Take one more phone."""
    taken = []

    def take():
        visitor = Visitor(box, chromium, None, "en", SIZES["phone"])
        taken.append(visitor)
        visitor.agent_goes = True
        visitor.page.set_default_timeout(PATIENCE_MS)
        return visitor

    yield take
    for visitor in taken:
        visitor.close()


@pytest.fixture
def phone(phones):
    return phones()


class Technician:
    """Somebody who taps. `taps`: how often; `steps`: what took how long."""

    def __init__(self, gate, page):
        self.gate, self.page = gate, page
        self.taps, self.steps = 0, {}
        self._began_at = time.monotonic()

    def tap(self, words, within="#content"):
        self.taps += 1
        self.page.locator(within).get_by_role("button", name=words, exact=True).first.click()

    def write(self, field, text):
        self.page.locator(field).fill(text)

    def apply(self):
        """Apply what is proposed, and wait until the gate runs with it."""
        restarts = self.gate.restarts
        expect(self.page.get_by_text("Check what changes").first).to_be_visible(timeout=PATIENCE_MS)
        self.tap("Apply")
        self.gate.until(lambda: self.gate.restarts > restarts, "the gate with its new configuration")
        expect(self.page.locator("#seen")).to_be_visible(timeout=PATIENCE_MS)

    def go(self, step):
        self.page.goto(f"{self.gate.url}/settings/setup/exit-1/{step}", wait_until="domcontentloaded")

    def state(self, words):
        expect(self.page.locator(".setup-state .chip")).to_contain_text(words, timeout=PATIENCE_MS)

    def done(self, step):
        now = time.monotonic()
        self.steps[step] = round(now - self._began_at, 1)
        self._began_at = now


def test_from_the_first_code_to_the_first_vehicle(box, phone):
    page = phone.page
    him = Technician(box, page)
    first_administrator(box, him)
    him.done("first code")
    name_the_gate(him)
    him.done("gate")
    connect_the_board(box, him)
    him.done("board")
    find_the_inputs(box, him)
    him.done("inputs")
    connect_the_camera(box, him)
    him.done("camera")
    permit = make_a_practice_permit(box, him)
    him.done("practice permit")
    him.go("vehicle")
    him.state("to do")
    box.vehicle(permit, PLATE)
    box.until(lambda: box.lane.pulses > 0, "the pulse")
    box.show()
    box.lane.drive_through(box.until)
    him.state("done")
    expect(page.locator("#steps .step[aria-current=step]")).to_have_class("step done", timeout=PATIENCE_MS)
    him.done("first vehicle")
    log.info("%s taps; seconds: %s; in all %.0f s", him.taps, him.steps, sum(him.steps.values()))
    assert phone.sideways_px() == 0


def first_administrator(box, him):
    him.page.goto(f"{box.url}/", wait_until="domcontentloaded")
    him.page.goto(f"{box.url}/first", wait_until="domcontentloaded")
    him.write("[name=code]", box.code())
    him.write("[name=name]", "olga")
    him.write("[name=password]", KNOWN_TO_ALL)
    him.write("[name=again]", KNOWN_TO_ALL)
    him.taps += 1
    him.page.locator("form[action='/first'] [type=submit]").click()
    him.page.wait_for_url("**/settings/setup")


def name_the_gate(him):
    him.go("gate")
    him.state("to do")
    him.write("[name=gate]", "khorgos 7")
    him.write("[name=site]", "17")
    him.tap("Save and continue")
    expect(him.page.locator("[name=gate]")).to_have_attribute("aria-invalid", "true")
    him.write("[name=gate]", "khorgos-7")
    him.tap("Save and continue")
    him.apply()
    him.page.wait_for_url("**/settings/setup/exit-1/network")


def connect_the_board(box, him):
    him.go("board")
    him.page.get_by_text("Another board: enter its kind and port").click()
    him.page.locator("[name=kind]").select_option("modbus_rtu")
    him.write("[name=port]", box.board_port)
    him.tap("Use this board")
    him.apply()
    expect(him.page.get_by_text("The board answers.")).to_be_visible(timeout=PATIENCE_MS)


def find_the_inputs(box, him):
    him.go("inputs")
    for number, words in ((1, "Loop in front of the barrier"), (2, "Loop under the barrier")):
        expect(him.page.locator(".ports")).to_be_visible()
        box.use(number, on=True)
        expect(him.page.get_by_text(f"Found: input {number}")).to_be_visible(timeout=PATIENCE_MS)
        expect(him.page.locator("#seen")).to_contain_text(words)
        him.tap(f"Use input {number}")
        box.use(number, on=False)
    him.tap("Skip: no photocell")
    for number, other in ((3, 4), (4, 3)):  # the arm goes up, and comes down
        expect(him.page.locator(".ports")).to_be_visible()
        box.use(other, on=False)
        box.use(number, on=True)
        expect(him.page.get_by_text(f"Found: input {number}")).to_be_visible(timeout=PATIENCE_MS)
        him.tap(f"Use input {number}")
    him.tap("Skip: no key switch")
    him.tap("Skip: no such contact")
    him.tap("Save these inputs")
    him.apply()
    him.state("done")


def connect_the_camera(box, him):
    him.go("cameras")
    him.write("[name=url]", "n")
    him.tap("Use this camera")
    expect(him.page.locator("[name=url]")).to_have_attribute("aria-invalid", "true")
    him.write("[name=url]", box.camera.url)
    him.tap("Use this camera")
    him.apply()
    him.state("done")
    him.go("cameras")
    expect(him.page.locator(".picture img.seen")).to_be_visible()
    expect(him.page.locator(".picture-note")).to_be_hidden()


def make_a_practice_permit(box, him):
    him.go("practice")
    him.write("[name=plate]", PLATE)
    him.tap("Make a practice permit")
    him.apply()
    expect(him.page.locator(".setup-code svg")).to_be_visible()
    folder = box.path.parent / "state/practice"
    return next(folder.glob("permit-*.txt")).read_text(encoding="ascii").strip()


def test_what_is_typed_outlives_a_lost_network_and_a_restart(box, phone):
    page = phone.page
    phone.become("admin", "en")
    page.goto(f"{box.url}/settings/setup/exit-1/gate", wait_until="domcontentloaded")
    page.locator("[name=gate]").fill("khorgos-7")
    phone.online(False)
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_text("No answer from the gate")).to_be_visible()
    phone.online(True)
    box.restart()
    page.reload(wait_until="domcontentloaded")
    expect(page.locator("[name=gate]")).to_have_value("khorgos-7")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_text("Check what changes")).to_be_visible()


def test_what_is_applied_without_a_network_changes_nothing_and_is_applied_once_there_is_one(box, phone):
    page, before = phone.page, box.path.read_bytes()
    phone.become("admin", "en")
    him = Technician(box, page)
    him.go("gate")
    him.write("[name=gate]", "khorgos-7")
    him.tap("Save and continue")
    expect(page.get_by_text("Check what changes").first).to_be_visible()
    phone.online(False)
    him.tap("Apply")
    expect(page.get_by_text("No answer from the gate")).to_be_visible()
    assert box.path.read_bytes() == before
    phone.online(True)
    him.apply()
    assert b"khorgos-7" in box.path.read_bytes()


def test_of_two_people_in_one_step_the_second_is_told_who_was_first_and_saves_again(box, phones):
    one, other = phones(), phones()
    for visitor in (one, other):
        visitor.become("admin", "en")
        Technician(box, visitor.page).go("gate")
    second = Technician(box, other.page)
    second.write("[name=site]", "18")
    first = Technician(box, one.page)
    first.write("[name=gate]", "khorgos-7")
    first.tap("Save and continue")
    first.apply()
    second.tap("Save and continue")
    expect(other.page.get_by_text("some-admin changed the configuration in the meantime")).to_be_visible()
    expect(other.page.locator("[name=site]")).to_have_value("18")
    assert b"site = 18" not in box.path.read_bytes()
    second.write("[name=gate]", "khorgos-7")
    second.tap("Save and continue")
    second.apply()
    written = box.path.read_text(encoding="utf-8")
    assert ('id = "khorgos-7"' in written, "site = 18" in written) == (True, True)


def test_the_gate_is_enrolled_by_phone_though_its_network_is_lost_meanwhile(box, phone, tmp_path):
    site = EstSite(tmp_path / "est", 'brokers = ["mqtts://localhost:1"]')
    page = phone.page
    phone.become("admin", "en")
    him = Technician(box, page)
    with site.serving():
        him.go("central")
        him.write("#server", site.url)
        him.write("#token", site.token("gate-1"))
        him.tap("Check the server")
        him.taps += 1
        page.locator("[name=fingerprint]").check()
        him.tap("Get the certificate")
        page.get_by_text("is getting the certificate").or_(page.get_by_text("The gate has its")).first.wait_for()
        phone.online(False)
        box.until((box.path.parent / "est-ca.pem").exists, "the certificate")
        phone.online(True)
        page.reload(wait_until="domcontentloaded")
        him.tap("Use this certificate")
        him.apply()
    assert "gate.pem" in box.path.read_text(encoding="utf-8")
    assert phone.sideways_px() == 0
    log.info("%s taps", him.taps)


def test_a_step_that_is_done_meanwhile_cannot_be_skipped_any_more_on_an_open_page(box, phones):
    one, other = phones(), phones()
    for visitor in (one, other):
        visitor.become("admin", "en")
        Technician(box, visitor.page).go("safety")
    fold = one.page.locator("#leaving details")
    fold.locator("summary").click()
    with one.page.expect_response(lambda answer: "/live/" in answer.url):
        pass
    expect(fold).to_have_attribute("open", "")
    for line in other.page.locator("[name=line]").all():
        line.check()
    other.page.locator("[name=name]").fill("Ivan Petrov")
    Technician(box, other.page).tap("Sign")
    Technician(box, one.page).state("done")
    expect(fold).to_have_count(0)
