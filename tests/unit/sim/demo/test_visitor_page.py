"""The link that logs in as a guest of the demo, and the page on which vehicles are chosen."""

import re
import socket
from types import SimpleNamespace

import httpx
import pytest

from sim.demo.choices import WORDS, Choice
from sim.demo.visitor_page import GuestDoor
from tests.support.console.consoles import ConsoleGate
from tests.support.waiting import PATIENCE_S


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("guest")) as gate:
        yield gate


@pytest.fixture
def door(gate):
    port = int(gate.url.rpartition(":")[2])
    site = SimpleNamespace(
        state=gate.path.parent / "state", console_port=port, driver_page=f"http://127.0.0.1:{port}/driver/out"
    )
    made = GuestDoor(site, lambda: "a vehicle <comes>")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def browser():
    with httpx.Client(timeout=PATIENCE_S) as client:
        yield client


def test_the_link_logs_in_at_the_console_once(door, browser):
    link = door.link
    came = browser.get(link)
    assert came.status_code == 303
    assert came.headers["location"] == door.console
    assert all("HttpOnly; SameSite=Strict" in one for one in came.headers.get_list("set-cookie"))
    page = browser.get(door.console, follow_redirects=True)
    assert page.status_code == 200
    assert page.url.path != "/login"
    assert browser.get(link).headers["location"] == door.console  # The same browser is let through again.
    with httpx.Client(timeout=PATIENCE_S) as stranger:
        assert stranger.get(link).status_code == 403
        assert stranger.get(door.page).status_code == 403
        assert stranger.get(door.console, follow_redirects=True).url.path in {"/login", "/first"}


@pytest.mark.parametrize("code", ["", "wrong", "%00", "a" * 500])
def test_another_code_lets_nobody_in_and_costs_nothing(door, browser, code):
    assert browser.get(f"{door.page}enter?code={code}").status_code == 403
    assert browser.get(door.link).status_code == 303


def test_another_name_of_this_computer_is_refused(door, browser):
    asked = browser.get(door.link, headers={"host": f"evil.example:{door.port}"})
    assert asked.status_code == 421
    assert browser.get(door.link).status_code == 303


def test_only_this_computer_is_answered(door):
    assert door._server.server_address[0] == "127.0.0.1"


def test_what_is_chosen_in_the_browser_arrives(door, browser):
    browser.get(door.link)
    page = browser.get(door.page).text
    assert "when the prepared ones have passed" in page
    assert "a vehicle &lt;comes&gt;" in page
    visit = re.search(r'name="visit" value="([^"]+)"', page)[1]
    choose = f"{door.page}choose"
    assert browser.post(choose, data={"visit": visit, "choice": "2"}).status_code == 422
    door.words = dict(WORDS)
    page = browser.get(door.page).text
    assert "forged permit" in page
    assert "end the demo" not in page
    assert browser.post(choose, data={"visit": visit, "choice": "2"}).status_code == 303
    assert browser.post(choose, data={"visit": visit, "choice": "q"}).status_code == 422
    assert browser.post(choose, data={"visit": "wrong", "choice": "2"}).status_code == 403
    assert door.chosen() == [Choice.FORGED]
    assert door.chosen() == []
    with httpx.Client(timeout=PATIENCE_S) as stranger:
        assert stranger.post(choose, data={"visit": visit, "choice": "2"}).status_code == 403
    assert door.chosen() == []


@pytest.mark.parametrize("length", ["-5", "99999999999", "x", ""])
def test_a_body_of_an_odd_length_is_refused(door, length):
    with socket.create_connection(("127.0.0.1", door.port), timeout=PATIENCE_S) as sock:
        sock.sendall(
            f"POST /choose HTTP/1.1\r\nHost: 127.0.0.1:{door.port}\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        assert b" 403 " in sock.recv(200)
