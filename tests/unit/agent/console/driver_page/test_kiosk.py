"""The program that shows the page on a screen of this computer: a real server, real processes, a browser of paper."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agent.console.driver_page import kiosk
from agent.console.driver_page.kiosk import DEFAULT_URL, Kiosk, KioskError, show
from tests.support.mqtt.mosquitto import free_port
from tests.support.waiting import PATIENCE_S, eventually

# The compositor of paper: notes how it was called and under which process, and runs until it is ended.
COMPOSITOR = """#!/bin/sh
printf '%s\\n' "$@" >"{folder}/called.part"
env >"{folder}/environment"
mv "{folder}/called.part" "{folder}/called"
{then}
"""


class Page:
    """The agent, as far as a screen knows it. `watching`: what it says of how many screens look."""

    def __init__(self, port):
        self.watching = "1"
        self.asked = []
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                page.asked.append(self.path)
                if self.path.partition("?")[0] == "/driver":
                    self.send_response(303)
                    self.send_header("location", "/driver/out")
                    self.send_header("content-length", "0")
                    self.end_headers()
                    return
                said = page.watching.encode() if self.path.endswith("/watching") else b"<html></html>"
                self.send_response(200)
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@contextmanager
def served(port):
    page = Page(port)
    try:
        yield page
    finally:
        page.close()


@pytest.fixture(autouse=True)
def quick(mocker):
    for name in ("ASK_EVERY_S", "LOOK_EVERY_S"):
        mocker.patch.object(kiosk, name, 0.05)
    mocker.patch.object(kiosk, "BLIND_S", 0.3)


@pytest.fixture
def port():
    return free_port()


def paper(folder, port, then="exec sleep 1000", query=""):
    """A kiosk whose compositor is of paper."""
    compositor = folder / "cage"
    compositor.write_text(COMPOSITOR.format(folder=folder, then=then), encoding="utf-8")
    compositor.chmod(0o755)
    return Kiosk(f"http://127.0.0.1:{port}/driver{query}", str(folder), str(compositor), "chromium")


class Running:
    """A kiosk on a thread of the test."""

    def __init__(self, shown):
        self.stopping, self.codes = threading.Event(), []
        self._thread = threading.Thread(
            target=lambda: self.codes.append(show(shown, {"PATH": os.environ["PATH"]}, self.stopping)), daemon=True
        )
        self._thread.start()

    def ended(self):
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return self.codes

    def stop(self):
        self.stopping.set()
        return self.ended()


def test_it_waits_for_the_page_without_failing_then_shows_the_lane_that_it_leads_to(tmp_path, port):
    running = Running(paper(tmp_path, port, query="?theme=dark"))
    with served(port):
        eventually((tmp_path / "called").exists)
        called = (tmp_path / "called").read_text(encoding="utf-8").splitlines()
        assert called[:3] == ["--", "chromium", f"--user-data-dir={tmp_path}/browser"]
        assert called[-1] == f"http://127.0.0.1:{port}/driver/out?theme=dark"
        assert "--kiosk" in called
        assert f"XDG_RUNTIME_DIR={tmp_path}\n" in (tmp_path / "environment").read_text(encoding="utf-8")
        assert running.stop() == [0]


def test_one_that_is_stopped_while_it_waits_ends_at_once(tmp_path, port):
    running = Running(paper(tmp_path, port))
    assert running.stop() == [0]
    assert not (tmp_path / "called").exists()


def test_a_browser_that_ends_ends_the_program_so_that_the_service_begins_again(tmp_path, port):
    with served(port):
        assert Running(paper(tmp_path, port, "exit 3")).ended() == [1]


def test_a_browser_that_shows_nothing_while_the_agent_serves_the_page_is_ended(tmp_path, port):
    with served(port) as page:
        running = Running(paper(tmp_path, port))
        eventually(lambda: page.asked.count("/driver/out/watching") > 10)
        assert running.codes == []
        page.watching = "0"
        assert running.ended() == [1]


def test_a_browser_is_left_alone_while_the_agent_is_away(tmp_path, port):
    with served(port):
        running = Running(paper(tmp_path, port))
        eventually((tmp_path / "called").exists)
    with served(port) as page:
        eventually(lambda: page.asked.count("/driver/out/watching") > 10)
        assert running.codes == []
        assert running.stop() == [0]


def test_compositor_and_browser_end_together_also_where_they_do_not_want_to(tmp_path, port, mocker):
    mocker.patch.object(kiosk, "STOP_S", 0.3)
    child = f"trap '' TERM; sleep 1000 & echo $! >{tmp_path}/child; wait"
    with served(port):
        running = Running(paper(tmp_path, port, child))
        number = int(eventually(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text()))
        assert running.stop() == [0]
    eventually(lambda: not _runs(number))


def _runs(number):
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1:8480/driver", "http://10.0.0.9/driver", "http://127.0.0.1.evil.example/", "file:///etc/passwd"],
)
def test_only_a_page_of_this_computer_is_shown(url):
    with pytest.raises(KioskError, match="expected an address of this computer"):
        Kiosk.from_environment({"SCREEN_URL": url})


def test_what_is_not_installed_is_named_with_the_command_that_installs_it(mocker):
    mocker.patch.object(kiosk.shutil, "which", return_value=None)
    with pytest.raises(KioskError, match="cage and chromium not installed: sudo apt install cage chromium"):
        Kiosk.from_environment({})


def test_without_a_setting_the_first_page_of_this_computer_is_shown(mocker):
    mocker.patch.object(kiosk.shutil, "which", lambda command: f"/usr/bin/{command}")
    shown = Kiosk.from_environment({"RUNTIME_DIRECTORY": "/run/gate-agent-sign:/run/other", "SCREEN_URL": ""})
    assert (shown.url, shown.folder) == (DEFAULT_URL, "/run/gate-agent-sign")


def test_the_program_ends_on_the_signal_of_the_service(tmp_path, port):
    for command in ("cage", "chromium"):
        (tmp_path / command).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / command).chmod(0o755)
    environment = {"SCREEN_URL": f"http://127.0.0.1:{port}/driver", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "agent.console.driver_page.kiosk"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert "waiting for the page" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
