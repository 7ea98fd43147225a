"""The console of a gate that takes a new configuration: same port, same sessions, the new rules,
nothing left behind.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from agent.console.access.access import Access
from agent.console.access.roles import Role
from agent.console.access.sessions import SessionRules
from tests.support.console.consoles import HEAD, KNOWN_TO_ALL, LANE
from tests.support.gate.config_files import ROOT_KEY
from tests.support.gate.installed import AgentProcess
from tests.support.mqtt.mosquitto import free_port
from tests.support.waiting import PATIENCE_S, scaled

COMMAND = Path(sys.executable).with_name("gate-agent")
SPARE_THREADS = 2
"""The event loop has one to three threads of its own, as the first three things that it gives them meet or not."""


class ReloadedGate:
    """An agent in a process of its own. `starts`: how often its console has opened its doors."""

    def __init__(self, folder, port):
        self.url = f"http://127.0.0.1:{port}"
        self.state = folder / "state"
        self.path = folder / "gate.toml"
        text = HEAD.format(
            state=self.state, key=ROOT_KEY, permits="", enabled="true", port=port, console="idle_minutes = 30"
        )
        self.path.write_text(text + LANE.format(board="reloaded"), encoding="utf-8")
        self.agent = AgentProcess(SimpleNamespace(command=COMMAND, scratch=folder), self.path)

    @property
    def starts(self):
        return self.agent.log.count(f"the console listens at {self.url}")

    def reload(self):
        before = self.starts
        os.kill(self.agent.pid, signal.SIGHUP)
        self.agent.until(lambda: self.starts > before, "the console to open again", PATIENCE_S)

    def held(self):
        return [len(list(Path("/proc", str(self.agent.pid), what).iterdir())) for what in ("fd", "task")]


@pytest.fixture
def gate(tmp_path):
    gate = ReloadedGate(tmp_path, free_port())
    with gate.agent:
        gate.agent.until(lambda: gate.starts == 1, "the console to open", PATIENCE_S)
        yield gate


def test_an_open_browser_outlives_new_configurations_and_nothing_is_left_behind(gate):
    access = Access.open(gate.state, SessionRules(1800, 43_200), lambda: 1.8e9)
    access.users.add("aigul", Role.ADMIN, KNOWN_TO_ALL)
    token = access.sessions.open("aigul")
    access.close()
    with httpx.Client(base_url=gate.url, timeout=scaled(30), trust_env=False) as browser:
        browser.cookies.set("gate-session", token)
        assert browser.get("/settings/account").status_code == 200
        gate.reload()
        assert browser.get("/settings/account").status_code == 200
        before = gate.held()
        for _ in range(SPARE_THREADS + 1):
            with browser.stream("GET", "/live/lane/out/news") as news:
                assert news.status_code == 200
                gate.reload()
        assert browser.get("/settings/account").status_code == 200
    most = [before[0], before[1] + SPARE_THREADS]
    gate.agent.until(lambda: all(now <= then for now, then in zip(gate.held(), most, strict=True)), f"{most} at most")
    gate.path.write_text(gate.path.read_text().replace("enabled = true", "enabled = false"), encoding="utf-8")
    os.kill(gate.agent.pid, signal.SIGHUP)
    gate.agent.until(lambda: refuses(gate.url), "the console to be off", PATIENCE_S)
    gate.agent.stop()


def refuses(url):
    try:
        httpx.get(f"{url}/healthz", timeout=PATIENCE_S, trust_env=False)
    except httpx.ConnectError:
        return True
    except httpx.HTTPError:
        return False
    return False


def test_a_file_that_is_broken_at_a_reload_is_told_on_the_lanes_page_until_it_is_right_again(gate):
    access = Access.open(gate.state, SessionRules(1800, 43_200), lambda: 1.8e9)
    access.users.add("aigul", Role.ADMIN, KNOWN_TO_ALL)
    token = access.sessions.open("aigul")
    access.close()
    told, good = "The configuration on disk is invalid", gate.path.read_text(encoding="utf-8")
    with httpx.Client(base_url=gate.url, timeout=PATIENCE_S, trust_env=False) as browser:
        browser.cookies.set("gate-session", token)
        assert banner(browser) == ""
        gate.path.write_text(good.replace("[gate]", "[gate"), encoding="utf-8")
        os.kill(gate.agent.pid, signal.SIGHUP)
        gate.agent.until(lambda: told in banner(browser), "the banner", PATIENCE_S)
        assert 'href="/settings/configuration"' in banner(browser)
        gate.path.write_text(good, encoding="utf-8")
        gate.reload()
        assert banner(browser) == ""
    gate.agent.stop()


def banner(browser):
    """What stands above the content of the page Lane."""
    page = browser.get("/lanes/out").text
    found = re.search(
        r'<div\s+class="notice is-refused refused"(?![^>]*\shidden)[^>]*>(.*?)</div></div>', page, re.DOTALL
    )
    return " ".join(found[1].split()) if found else ""
