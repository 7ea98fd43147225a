"""The program of gate-agent-sign.service: shows the driver page on a screen of this computer, for ever.

It waits until the agent serves the page, starts Chromium in cage (a Wayland compositor for one program), and ends when
the browser has ended, or shows the page no more though the agent serves it: the service then begins again.
"""

from __future__ import annotations

import http.client
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

log = logging.getLogger("gate-agent-sign")

DEFAULT_URL: Final = "http://127.0.0.1:8480/driver"
ASK_EVERY_S: Final = 1.0
LOOK_EVERY_S: Final = 10.0
BLIND_S: Final = 60.0
"""So long a browser may not show the page that the agent serves: to load, and to connect again after a restart."""

ANSWER_S: Final = 5.0
STOP_S: Final = 5.0
COMPOSITOR: Final = "cage"
BROWSER: Final = "chromium"
FLAGS: Final = (
    "--kiosk",
    "--ozone-platform=wayland",
    "--no-first-run",
    "--no-default-browser-check",
    "--noerrdialogs",
    "--disable-session-crashed-bubble",
    "--disable-pinch",
    "--overscroll-history-navigation=0",
    "--disk-cache-size=1",
    "--password-store=basic",
    # The page needs nothing of this: what does not run cannot be attacked, and asks for nothing.
    "--js-flags=--jitless",
    "--disable-extensions",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-domain-reliability",
    "--disable-features=Translate,MediaRouter,OptimizationHints,AutofillServerCommunication",
    "--no-pings",
    "--no-proxy-server",
    # Beside the filter of the service: the browser finds no other computer by a name.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE [::1], EXCLUDE localhost",
)


class KioskError(Exception):
    """The screen cannot be shown; the message says how to fix it."""


@dataclass(frozen=True, slots=True)
class Kiosk:
    """What is shown, and by which commands. `folder`: where the browser keeps what it must, gone at the next start."""

    url: str
    folder: str
    compositor: str = COMPOSITOR
    browser: str = BROWSER

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Kiosk:
        """As the service has it. Raises KioskError: a command is missing, or the address is none of this computer."""
        url = environment.get("SCREEN_URL") or DEFAULT_URL
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise KioskError(
                f"SCREEN_URL: expected an address of this computer, such as {DEFAULT_URL}; got {url}. Screens of other "
                "computers open the address that `gate-agent console screen` shows"
            )
        missing = [command for command in (COMPOSITOR, BROWSER) if shutil.which(command) is None]
        if missing:
            raise KioskError(f"{' and '.join(missing)} not installed: sudo apt install {' '.join(missing)}")
        return cls(url, environment.get("RUNTIME_DIRECTORY", "/tmp").partition(":")[0])  # noqa: S108

    def command(self, url: str) -> Sequence[str]:
        """What is started for an address."""
        return (self.compositor, "--", self.browser, f"--user-data-dir={self.folder}/browser", *FLAGS, url)

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """What the compositor and the browser find: folders of their own, in memory."""
        return {
            **inherited,
            "HOME": self.folder,
            "XDG_RUNTIME_DIR": self.folder,
            "XDG_CONFIG_HOME": f"{self.folder}/config",
            "XDG_CACHE_HOME": f"{self.folder}/cache",
        }


def asked(url: str) -> tuple[str, str]:
    """The address that answers in the end, and its answer. Raises OSError, http.client.HTTPException."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=ANSWER_S) as answer:  # the address was looked at: of this computer, by HTTP
        return answer.geturl(), answer.read(1 << 20).decode(errors="replace")


def until_served(url: str, stopping: threading.Event) -> str | None:
    """Wait until the page is there; its own address. None where it is to stop."""
    told = ""
    while not stopping.is_set():
        try:
            return asked(url)[0]
        except (OSError, http.client.HTTPException) as error:
            if str(error) != told:
                log.info("waiting for the page %s: %s", url, error)
            told = str(error)
        stopping.wait(ASK_EVERY_S)
    return None


def is_blind(page: str) -> bool | None:
    """Whether no browser of this computer shows the page; None where the agent does not say."""
    parts = urlsplit(page)
    try:
        return asked(urlunsplit((parts.scheme, parts.netloc, f"{parts.path}/watching", "", "")))[1].strip() == "0"
    except (OSError, http.client.HTTPException):
        return None


def watch(browser: subprocess.Popen[bytes], page: str, stopping: threading.Event) -> str:
    """Wait until the browser has to go; why."""
    blind_since: float | None = None
    while not stopping.wait(LOOK_EVERY_S):
        code = browser.poll()
        if code is not None:
            return f"the browser has ended with {code}"
        now = time.monotonic()
        # While the agent is away the page itself tells the driver to wait.
        blind_since = (blind_since or now) if is_blind(page) else None
        if blind_since is not None and now - blind_since >= BLIND_S:
            return f"the browser has not shown the page for {now - blind_since:.0f} s though the agent serves it"
    return ""


def show(kiosk: Kiosk, inherited: Mapping[str, str], stopping: threading.Event) -> int:
    """Show the page until the browser has to go or it is to stop; the exit status."""
    page = until_served(kiosk.url, stopping)
    if page is None:
        return 0
    log.info("showing %s", page)
    query = urlsplit(kiosk.url).query
    opened = f"{page}?{query}" if query and "?" not in page else page
    environment = kiosk.environment(inherited)
    # A group of its own: compositor and browser end together.
    browser = subprocess.Popen(kiosk.command(opened), env=environment, start_new_session=True)  # noqa: S603
    try:
        why = watch(browser, page, stopping)
    finally:
        _end(browser)
    if why:
        log.warning("%s; restarting it", why)
    return 1 if why else 0


def _end(browser: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(browser.pid, number)
            browser.wait(STOP_S)
        except ProcessLookupError:
            browser.wait(STOP_S)
        except subprocess.TimeoutExpired:
            continue


def main() -> int:
    """Show the page; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        return show(Kiosk.from_environment(os.environ), os.environ, stopping)
    except KioskError as error:
        log.error("%s", error)  # noqa: TRY400 - no bug
        return 1


if __name__ == "__main__":
    sys.exit(main())
