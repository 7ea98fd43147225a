"""A technician at the console: the first start, log-in, every page, live news and pictures; and who only guesses
passwords.
"""

import contextlib
import re
import time
from collections import Counter

import httpx

NAME = "officer"
PASSWORD = "seven brown kettles sing"  # noqa: S105 - of a gate that lives for an hour
PAGES = (
    "/", "/settings/setup", "/lanes/exit-1", "/lanes/exit-2/vehicles", "/settings/aim/exit-1/front-1",
    "/barrier/exit-1", "/live/barrier/exit-2/bytes",
    "/vehicles", "/vehicles/events", "/vehicles/events/export",
    "/settings/configuration", "/settings/configuration/raw", "/settings/configuration/history", "/connection",
    "/devices", "/health", "/health/log", "/settings/account", "/settings/users",
    "/api/lanes", "/api/health", "/api/doctor",
)  # fmt: skip
PAGES_A_VISIT = 6
NEWS = ("/live/lane/exit-1/news", "/live/lane/exit-3/news", "/live/camera/exit-2/front-2/news")
PICTURES = ("/live/camera/exit-1/front-1/pictures", "/live/camera/exit-2/front-2/pictures?size=large")
AWAY_S = 5.0
_CSRF = re.compile(r'name="csrf" value="(\w+)"')


class Visitor:
    """Comes to the console again and again. `told`: what he got; `faults`: answers that no gate may give, and where.

    `code`: has a one-time code made for the first administrator. All that happens to the gate happens to him too: that
    it is away, hangs, or cannot read its users from a full disk is no fault of the console.
    """

    def __init__(self, port, code, dice):
        self.told = Counter()
        self.faults = []
        self._url = f"http://127.0.0.1:{port}"
        self._code = code
        self._dice = dice

    def visit(self):
        """Come once, for some seconds."""
        # The agent may be killed or killed again at any byte of it.
        with httpx.Client(base_url=self._url, timeout=AWAY_S, trust_env=False) as browser:
            try:
                if self._enter(browser):
                    self.told["logged in"] += 1
                    self._look_around(browser)
            except httpx.TransportError:
                self.told["found nobody, or was cut off"] += 1

    def _enter(self, browser):
        """Log in, also after having typed a wrong password; whether he is in."""
        place = self._get(browser, "/login").url.path
        if place == "/first":
            return self._make_first(browser)
        typed = self._dice.choices(((NAME, PASSWORD), (NAME, "mistyped"), ("admin", "guessed")), (70, 15, 15))[0]
        answer = self._send(browser, "/login", name=typed[0], password=typed[1])
        if answer.status_code == httpx.codes.FORBIDDEN:
            self.told["typed a wrong password"] += 1
            answer = self._send(browser, "/login", name=NAME, password=PASSWORD)
        return answer.status_code == httpx.codes.SEE_OTHER

    def _make_first(self, browser):
        code = self._code()
        answer = self._send(browser, "/first", code=code, name=NAME, password=PASSWORD, again=PASSWORD)
        return answer.status_code == httpx.codes.SEE_OTHER

    def _look_around(self, browser):
        for page in self._dice.sample(PAGES, PAGES_A_VISIT):
            if self._get(browser, page).status_code == httpx.codes.OK:
                self.told["pages"] += 1
        self.told["live news"] += self._watch(browser, self._dice.choice(NEWS), b"event: ")
        self.told["live pictures"] += self._watch(browser, self._dice.choice(PICTURES), b"\xff\xd8\xff")
        if self._dice.random() < 0.5:  # who just goes away leaves a session behind
            self._send(browser, "/settings/account", "/logout")

    def _watch(self, browser, path, mark):
        """Watch an endless answer for some seconds; how many of its parts came."""
        until = time.monotonic() + self._dice.uniform(1, 5)
        seen = 0
        with contextlib.suppress(httpx.ReadTimeout), browser.stream("GET", path) as answer:
            self._judge(answer)
            for part in answer.iter_raw():
                seen += part.count(mark)
                if time.monotonic() > until:
                    break
        return seen

    def _get(self, browser, path):
        answer = browser.get(path, follow_redirects=True)
        return self._judge(answer)

    def _send(self, browser, page, to=None, **fields):
        """Fill in the form of a page and send it, here or to where it leads."""
        token = _CSRF.search(self._get(browser, page).text)
        return self._judge(browser.post(to or page, data=fields | {"csrf": token[1] if token else ""}))

    def _judge(self, answer):
        if answer.status_code >= 500 and answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            self.faults.append(f"the console answered {answer.status_code} to {answer.url.path}")
        return answer
