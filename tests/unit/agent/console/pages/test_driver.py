"""The driver page: which screens are shown it, what they are told, and that they take nothing from technicians."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
from dataclasses import replace

import httpx
import pytest

from agent.console.access import ScreenKey
from agent.console.driver_page import stream
from agent.console.web import stream_limits
from drivers.inputs import simulated as simulated_inputs
from tests.support.console.consoles import LANE, ConsoleGate
from tests.support.waiting import PATIENCE_S, eventually, scaled

LANES = (
    LANE
    + """
[lanes.out.timing]
stale_s = 5

[lanes.out.driver_page]
enabled = true
languages = ["kk", "zh", "en"]

[lanes.in]
number = 2
direction = "import"

[lanes.in.relay]
kind = "simulated"
name = "{board}-2"

[lanes.in.driver_page]
enabled = true
token_file = "{folder}/screen.token"

[lanes.yard]
number = 3
direction = "import"

[lanes.yard.relay]
kind = "simulated"
name = "{board}-3"
"""
)
FILE_TOKEN = "a-token-that-a-site-has-chosen-for-itself"  # noqa: S105 - of a test
AFAR = {"x-forwarded-for": "10.0.0.9"}
"""What a proxy on this computer adds: who comes so, comes from elsewhere."""


class ScreenGate(ConsoleGate):
    def __init__(self, folder):
        (folder / "screen.token").write_text(f"{FILE_TOKEN}\n", encoding="ascii")
        super().__init__(folder, lanes=LANES.format(board=folder.name, folder=folder))

    @property
    def application(self):
        return self.app.console._listening._application

    def key(self):
        return ScreenKey(self.path.parent / "state")

    def elsewhere(self, role=None):
        """A browser of another computer, which a proxy on this one passes on."""
        browser = self.browser(role)
        browser.headers.update(AFAR)
        return browser

    def refused(self, reason):
        return self.app.console.refusals.get(reason, 0)


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with ScreenGate(tmp_path_factory.mktemp("screens")) as gate:
        gate.token("admin")
        access = gate.app.console.access
        access.requests._burst = access.screen_requests._burst = 1e6
        eventually(lambda: all(lane.view for lane in gate.app.lanes), what="the first round of the lanes")
        yield gate


@pytest.fixture(autouse=True)
def many_tries(gate):
    gate.application.state.screens._tries._buckets.clear()


def events(response):
    """What a stream tells, message by message."""
    for line in response.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def asked_by(gate, address, path, headers=None):
    """The answer to a request that comes from an address, by whatever door."""

    async def ask():
        transport = httpx.ASGITransport(gate.application, client=(address, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://gate.local", headers=headers) as client:
            return await client.get(path, headers={"host": "127.0.0.1"})

    return asyncio.run(ask())


# --------------------------------------------------------------------------------------------------------- who may look


def test_a_screen_of_this_computer_needs_no_token_and_finds_the_first_page_by_itself(gate):
    browser = gate.browser()
    first = browser.get("/driver")
    assert (first.status_code, first.headers["location"]) == (303, "/driver/out")
    page = browser.get("/driver/out")
    assert page.status_code == 200
    assert 'data-news="/driver/out/news"' in page.text
    assert "set-cookie" not in page.headers


@pytest.mark.parametrize("path", ["/driver", "/driver/out", "/driver/out/news", "/driver/in", "/driver/none/news"])
@pytest.mark.parametrize("role", [None, "viewer", "admin"])
def test_nobody_elsewhere_is_shown_a_page_without_its_token_and_no_log_in_opens_it(gate, role, path):
    before = gate.refused("screen")
    answer = gate.elsewhere(role).get(path)
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == gate.elsewhere().get("/driver/no-such-lane").text  # nothing tells which lanes there are
    assert gate.refused("screen") == before + 2


@pytest.mark.parametrize(("address", "status"), [("10.0.0.9", 403), ("::ffff:10.0.0.9", 403), ("127.0.0.1", 200),
                                                 ("::1", 200), ("::ffff:127.0.0.1", 200)])  # fmt: skip
def test_the_address_of_the_connection_says_where_a_screen_is(gate, address, status):
    assert asked_by(gate, address, "/driver/out").status_code == status


@pytest.mark.parametrize("header", ["forwarded", "x-forwarded-for", "x-real-ip", "via"])
def test_what_a_proxy_of_this_computer_passes_on_comes_from_elsewhere(gate, header):
    assert gate.browser().get("/driver/out", headers={header: "10.0.0.9"}).status_code == 403


@pytest.mark.parametrize(("lane", "token"), [("out", None), ("in", FILE_TOKEN)], ids=["made by the gate", "of a file"])
def test_the_token_is_in_the_address_once_and_then_a_cookie_for_this_page_alone(gate, lane, token):
    token = token or gate.key().token(lane)
    browser = gate.elsewhere()
    first = browser.get(f"/driver/{lane}", params={"token": token, "theme": "dark"})
    assert (first.status_code, first.headers["location"]) == (303, f"/driver/{lane}?theme=dark&turn=0")
    told = first.headers["set-cookie"]
    assert f"; Path=/driver/{lane}; " in f"{told}; "
    assert "HttpOnly" in told
    assert token not in told
    assert browser.get(f"/driver/{lane}").status_code == 200
    other = {"out": "in", "in": "out"}[lane]
    name, _, value = told.partition(";")[0].partition("=")
    stolen = {"cookie": f"{name}={value}"}
    assert gate.elsewhere().get(f"/driver/{other}", headers=stolen).status_code == 403
    assert gate.elsewhere().get(f"/driver/{lane}", params={"token": value}).status_code == 403
    for path in ("/", "/lane", "/settings/account", f"/live/lane/{lane}/news", "/api/openapi.json"):
        answer = gate.elsewhere().get(path, headers=stolen)
        assert answer.status_code in {303, 401}, path
        assert answer.headers.get("location", "/login").startswith("/login")


def test_a_cookie_over_tls_is_kept_for_tls(gate):
    async def ask():
        transport = httpx.ASGITransport(gate.application, client=("10.0.0.9", 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="https://127.0.0.1") as client:
            return await client.get("/driver/in", params={"token": FILE_TOKEN})

    told = asyncio.run(ask()).headers["set-cookie"]
    assert told.startswith("__Secure-gate-screen=")
    assert "; Secure" in told


@pytest.mark.parametrize("token", ["", "x", FILE_TOKEN[:-1], FILE_TOKEN.upper(), FILE_TOKEN + "x", "Ж" * 43])
def test_a_wrong_token_is_refused_and_counted(gate, token):
    before = gate.refused("screen")
    assert gate.elsewhere().get("/driver/in", params={"token": token}).status_code == 403
    assert gate.refused("screen") == before + 1


def test_who_tries_tokens_has_to_wait_also_with_the_right_one_and_keeps_no_open_screen_out(gate):
    screen = gate.elsewhere()
    assert screen.get("/driver/in", params={"token": FILE_TOKEN}).status_code == 303
    before = gate.refused("screen_tries")
    guesser = gate.elsewhere()
    statuses = [guesser.get("/driver/in", params={"token": f"{n:043}"}).status_code for n in range(12)]
    assert (statuses[0], statuses[-1]) == (403, 429)
    late = guesser.get("/driver/in", params={"token": FILE_TOKEN})
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) > 0
    assert gate.refused("screen_tries") > before
    assert screen.get("/driver/in").status_code == 200


def test_a_lane_without_a_page_has_none_here_either(gate):
    for path in ("/driver/yard", "/driver/none", "/driver/yard/news"):
        assert gate.browser().get(path).status_code == 404


def test_the_key_is_for_the_agent_alone_and_a_new_one_voids_what_was_before(gate):
    path = gate.key().path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    screen, token = gate.elsewhere(), gate.key().token("out")
    assert screen.get("/driver/out", params={"token": token}).status_code == 303
    assert screen.get("/driver/out").status_code == 200
    gate.key().renew()
    assert gate.key().token("out") != token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert screen.get("/driver/out").status_code == 403
    assert gate.elsewhere().get("/driver/out", params={"token": token}).status_code == 403


def linked(path):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def replaced(make):
    def spoil(path):
        path.unlink()
        make(path)

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.chmod(0o644),
        lambda path: path.write_bytes(b"short"),
        lambda path: path.unlink(),
        linked,
        replaced(os.mkfifo),
        replaced(lambda path: path.mkdir()),
    ],
    ids=["other users can read it", "damaged", "gone", "a link", "a pipe", "a folder"],
)
def test_a_key_that_cannot_be_used_lets_nobody_in_from_elsewhere_and_everybody_from_here(gate, spoil):
    token, path = gate.key().token("out"), gate.key().path
    spoil(path)
    try:
        assert gate.elsewhere().get("/driver/out", params={"token": token}).status_code == 403
        assert gate.browser().get("/driver/out").status_code == 200
    finally:
        if path.is_dir():
            path.rmdir()
        gate.key().renew()
    assert not path.is_symlink()
    assert len(gate.key().token("out")) == 43


# --------------------------------------------------------------------------------------------------------- what is told


def test_a_page_tells_nothing_of_the_gate_but_its_own_lane_and_its_texts(gate):
    page = gate.browser().get("/driver/in").text
    for secret in ("gate-7", "driver/out", "yard", "simulated", "admin", "csrf", FILE_TOKEN):
        assert not re.search(rf"\b{secret}\b", page), secret
    assert "gate-visit" not in gate.browser().get("/driver/in").headers.get("set-cookie", "")


def test_every_message_stands_in_the_page_in_every_language_and_the_first_in_those_of_the_lane(gate):
    page = gate.browser().get("/driver/out").text
    cards = re.findall(r'<template id="message-(\w+)" data-tone="(\w+)">(.*?)</template>', page, re.DOTALL)
    assert len(cards) == 25
    for message, tone, card in cards:
        assert re.findall(r'<p lang="(\w+)">[^<]+</p>', card) == ["en", "zh", "ru", "kk"], message
        assert card.count("<svg") == 1
        assert tone in {"idle", "ask", "wait", "go", "stop"}
    main = re.search(r'<main [^>]*data-tone="wait" data-message="wait".*?</main>', page, re.DOTALL)[0]
    assert re.findall(r'<p lang="(\w+)">', main) == ["kk", "zh", "en"]
    assert not re.search(r"<style|style=|<script>|\son\w+=", page)


def test_a_page_is_told_at_once_what_changes_and_hears_something_each_second(gate):
    inputs = simulated_inputs.board(gate.path.parent.name)
    with gate.browser().stream("GET", "/driver/out/news") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        told = events(response)
        eventually(lambda: next(told)["message"] == "welcome")
        first, second = next(told), next(told)
        assert first["message"] == second["message"] == "welcome"
        assert second["at_ms"] - first["at_ms"] >= 900
        assert first["left_s"] is None
        inputs.set(1, on=True)
        eventually(lambda: (shown := next(told))["message"] == "show_code" and shown)
        shown = next(told)
        assert 0 < shown["left_s"] <= shown["of_s"] == 30.0
        assert set(shown) == {"message", "plate", "languages", "text", "left_s", "of_s", "how", "at_ms", "page"}
        inputs.set(1, on=False)
        eventually(lambda: next(told)["message"] == "welcome")


def test_a_lane_that_stands_still_has_the_driver_wait_whatever_it_said_last(gate):
    lane = gate.app.lanes[1]
    view = replace(lane.view, message="open", state="open")
    lane.loop._observe = lambda _view: None
    lane._view = view
    with gate.browser().stream("GET", "/driver/in/news") as response:
        told = events(response)
        eventually(lambda: next(told)["message"] == "wait")
        lane._view = replace(view, progress_at=1e12)
        eventually(lambda: next(told)["message"] == "drive_on")


def test_a_stream_ends_when_its_token_is_void(gate, mocker):
    mocker.patch.object(stream, "ADMITTED_EVERY_S", 0.0)
    screen = gate.elsewhere()
    screen.get("/driver/out", params={"token": gate.key().token("out")})
    with screen.stream("GET", "/driver/out/news") as response:
        told = events(response)
        assert next(told)
        gate.key().renew()
        for _ in told:
            pass
    assert screen.get("/driver/out/news").status_code == 403


def test_who_starts_a_browser_here_sees_whether_its_page_is_open(gate):
    browser = gate.browser()
    eventually(lambda: browser.get("/driver/out/watching").text == "0\n")
    with browser.stream("GET", "/driver/out/news") as response:
        told = events(response)
        assert next(told)
        assert browser.get("/driver/out/watching").text == "1\n"
    eventually(lambda: browser.get("/driver/out/watching").text == "0\n")


# ------------------------------------------------------------------------------------------------------- who is kept in


def test_screens_take_no_place_of_technicians_and_no_more_than_there_are(gate, mocker):
    mocker.patch.object(stream_limits, "SCREENS_OF_ONE", 2)
    mocker.patch.object(stream_limits, "STREAMS_OF_ONE", 1)
    before = gate.refused("screen_streams")
    with (
        gate.browser().stream("GET", "/driver/out/news") as one,
        gate.browser().stream("GET", "/driver/in/news") as two,
    ):
        told = [events(one), events(two)]
        assert all(next(each) for each in told)
        assert gate.browser().get("/driver/out/news").status_code == 503
        assert gate.refused("screen_streams") == before + 1
        with gate.browser("viewer").stream("GET", "/live/lane/out/news") as live:
            assert live.status_code == 200
    eventually(lambda: gate.browser().get("/driver/out/watching").text == "0\n")


def test_a_screen_that_asks_without_end_is_slowed_down_and_a_technician_at_its_address_is_not(gate):
    limits = gate.app.console.access.screen_requests
    limits._burst, limits._per_s = 2.0, 1e-6
    limits._buckets.clear()
    try:
        screen = gate.browser()
        paths = ("/driver/out", "/static/driver/driver.css", "/driver/out")
        assert [screen.get(path).status_code for path in paths] == [200, 200, 429]
        assert gate.browser("viewer").get("/settings/account").status_code == 200
    finally:
        limits._burst = 1e6
        limits._buckets.clear()


def test_open_screens_leave_room_for_strangers_at_their_address(tmp_path):
    with ScreenGate(tmp_path) as gate:
        gate.app.console.access.screen_requests._burst = 1e6
        browsers = [httpx.Client(base_url=gate.url, timeout=PATIENCE_S, trust_env=False) for _ in range(8)]
        streams = [browser.stream("GET", "/driver/out/news") for browser in browsers]
        told = [events(opened.__enter__()) for opened in streams]
        try:
            assert all(next(each) for each in told)
            for _ in range(3):
                with httpx.Client(base_url=gate.url, timeout=scaled(10), trust_env=False) as stranger:
                    assert stranger.get("/healthz").status_code == 200
        finally:
            for opened in streams:
                opened.__exit__(None, None, None)
            for browser in browsers:
                browser.close()
