"""Which screens may show a lane's driver page: those of this computer, and those elsewhere that have its token.

The token opens that one page and nothing else, and no log-in of the console opens it.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections import Counter
from contextlib import contextmanager
from ipaddress import ip_address
from threading import Lock
from typing import TYPE_CHECKING, Final

from agent.console.access.address_limits import AddressLimits
from agent.console.access.screen_key import ScreenKey
from agent.core.model import ReportOnce
from agent.settings import screen_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from agent.settings import DriverPage

log = logging.getLogger(__name__)

PAGES: Final = "/driver"
STATIC: Final = "/static/driver/"
"""What the page loads: asked for by screens, and so counted as theirs."""

TOKEN: Final = "token"  # noqa: S105 - the name of the parameter
COOKIE: Final = "gate-screen"
TRY_BURST: Final = 10.0
TRIES_PER_S: Final = 1 / 60
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def is_for_screens(path: str) -> bool:
    """Whether a path is a driver page, or what one loads."""
    return path == PAGES or path.startswith((f"{PAGES}/", STATIC))


def is_of_this_computer(host: str, headers: Mapping[str, str]) -> bool:
    """Whether a request comes from this computer itself. What a proxy here passes on does not: it comes from afar."""
    if any(name in headers for name in _FORWARDED):
        return False
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


class Screens:
    """The tokens of the lanes that have a page, and how many screens look at each. For all threads.

    What has to read a token waits for the disk. A token that is renewed counts from the next look on.
    """

    def __init__(self, pages: Mapping[str, DriverPage], state: Path, at: Callable[[], float]) -> None:
        """`pages`: by lane, those that are enabled. `state`: the folder of the key. `at`: monotonic seconds."""
        self.pages = dict(pages)
        self._key = ScreenKey(state)
        self._tries = AddressLimits(TRY_BURST, TRIES_PER_S, at)
        self._reported = ReportOnce()
        self._lock = Lock()
        self._watching: Counter[tuple[str, bool]] = Counter()
        if any(page.token_file is None for page in self.pages.values()):
            try:
                self._key.ensure()
            except OSError as error:
                log.error("other computers cannot open a driver page; the key of the tokens: %s", error)  # noqa: TRY400

    def wait_s(self, address: str) -> float:
        """Count one try of a token from an address; 0 where it is allowed, else the seconds until one will be."""
        return self._tries.wait_s(address)

    def knows_token(self, lane: str, token: str) -> bool:
        """Whether it is the token of the lane's page. Takes as long for a wrong one."""
        return hmac.compare_digest(_digest(token), _digest(self._token(lane) or "")) and bool(token)

    def knows_cookie(self, lane: str, cookie: str) -> bool:
        """Whether it is the cookie that the token of the lane's page was given for."""
        expected = self.cookie(lane)
        return expected is not None and hmac.compare_digest(_digest(cookie), _digest(expected))

    def cookie(self, lane: str) -> str | None:
        """What a browser keeps in place of the token: no address can be made of it. None where there is no token."""
        token = self._token(lane)
        return None if token is None else hmac.new(token.encode(), b"cookie " + lane.encode(), "sha256").hexdigest()

    @contextmanager
    def watched(self, lane: str, *, here: bool) -> Iterator[None]:
        """Count a screen for as long as it looks. `here`: one of this computer."""
        with self._lock:
            self._watching[lane, here] += 1
        try:
            yield
        finally:
            with self._lock:
                self._watching[lane, here] -= 1

    def watching(self, lane: str, *, here: bool) -> int:
        """How many screens look at a lane's page."""
        with self._lock:
            return self._watching[lane, here]

    def _token(self, lane: str) -> str | None:
        """The token of a lane; None where it has no page, or its token cannot be read."""
        page = self.pages.get(lane)
        if page is None:
            return None
        try:
            return self._key.token(lane) if page.token_file is None else screen_token(page.token_file)
        except OSError as error:
            if self._reported.is_new(str(error), lane):
                log.warning("no screen on another computer can open the driver page of lane %s: %s", lane, error)
            return None


def _digest(text: str) -> bytes:
    """Of one length, so that how long a comparison takes tells nothing of the length either."""
    return hashlib.sha256(text.encode(errors="replace")).digest()
