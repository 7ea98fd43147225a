"""The way in for the visitor's browser: a link with a one-time code, and a page on which vehicles are chosen.

It is a small server of the demo's own, on this computer alone. The console has no such door: the link's code makes a
session in the users' file of the demo's own folder, and the cookie counts for the console beside it, which has the same
host name.
"""

from __future__ import annotations

import hmac
import queue
import secrets
import threading
from html import escape
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from agent.clock import Clock
from agent.console.access import Access, Role, SessionRules, made_up_password
from agent.i18n import Language, translate
from drivers.text import Text
from sim.demo.choices import Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sim.demo.site import Site

GUEST: Final = "guest"
SESSION_COOKIE: Final = "gate-session"
PAGE_COOKIE: Final = "demo-visit"
HOST: Final = "127.0.0.1"
DAY_S: Final = 86_400.0
REQUEST_S: Final = 5.0
MOST_BODY: Final = 1000
_STYLE: Final = """
body { font: 18px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 40rem; padding: 2rem 1rem; color: #16202c;
  background: #f5f7fa; }
h1 { font-size: 1.5rem; } p { margin: 1rem 0; }
.now { padding: 1rem; border-radius: .75rem; background: #fff; border: 1px solid #d5dce5; }
form { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); }
button, .go { font: inherit; min-height: 3.25rem; padding: .5rem 1rem; border-radius: .75rem; border: 1px solid #b8c3d0;
  background: #fff; color: inherit; cursor: pointer; text-align: left; }
.go { display: inline-block; background: #0b5cad; border-color: #0b5cad; color: #fff; text-decoration: none; }
"""
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class GuestDoor:
    """Serves the link and the page. `step`: what happens now. `words`: what can be chosen; nothing, until it is set."""

    def __init__(self, site: Site, step: Callable[[], str]) -> None:
        self._site = site
        self._step = step
        self._code: str | None = secrets.token_urlsafe(24)
        self._visit = secrets.token_urlsafe(24)
        self._lock = threading.Lock()
        self._choices: queue.SimpleQueue[Choice] = queue.SimpleQueue()
        self.words: Mapping[Choice, str] = {}
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, name="guest door", daemon=True)

    @property
    def port(self) -> int:
        """The port on which it answers."""
        port: int = self._server.server_address[1]
        return port

    @property
    def link(self) -> str:
        """The link that logs in, once."""
        return f"http://{HOST}:{self.port}/enter?code={self._code or ''}"

    @property
    def page(self) -> str:
        """Where vehicles are chosen."""
        return f"http://{HOST}:{self.port}/"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def chosen(self) -> list[Choice]:
        """What was chosen in the browser since the last call."""
        found = []
        while not self._choices.empty():
            found.append(self._choices.get())
        return found

    # ---------------------------------------------------------------------------------------------- for the requests

    def enter(self, code: str) -> str | None:
        """The token of a new session, for the code; None for any other, and for one that was used."""
        with self._lock:
            if self._code is None or not hmac.compare_digest(code.encode(), self._code.encode()):
                return None
            self._code = None
        return self._session()

    def is_visitor(self, token: str) -> bool:
        """Whether a browser has come by the link."""
        return hmac.compare_digest(token.encode(), self._visit.encode())

    @property
    def visit(self) -> str:
        """What a browser is known by that has come by the link."""
        return self._visit

    def choose(self, value: str) -> bool:
        """Take a choice; whether it is one that can be made here."""
        if value not in self.words or value == Choice.END:
            return False
        self._choices.put(Choice(value))
        return True

    def html(self, language: Language) -> str:
        """The page."""

        def said(text: str) -> str:
            return escape(translate(text, language))

        buttons = "".join(
            f'<button name="choice" value="{choice}">{said(words)}</button>'
            for choice, words in self.words.items()
            if choice is not Choice.END
        )
        waiting = said(Text("You can choose vehicles when the prepared ones have passed."))
        console = f"http://{HOST}:{self._site.console_port}/"
        return (
            f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
            '<meta http-equiv="refresh" content="3">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{said(Text('Demo'))}</title><style>{_STYLE}</style></head><body>"
            f"<h1>{said(Text('Choose what comes to the gate'))}</h1>"
            f'<p class="now" role="status" lang="en">{escape(self._step())}</p>'
            f'<form method="post" action="/choose"><input type="hidden" name="visit" value="{self._visit}">'
            f"{buttons or f'<p>{waiting}</p>'}</form>"
            f'<p><a class="go" href="{console}" target="_blank" rel="noopener">{said(Text("Open the console"))}</a> '
            f'<a href="{escape(self._site.driver_page)}" target="_blank" rel="noopener">'
            f"{said(Text('See what the driver sees'))}</a></p></body></html>"
        )

    @property
    def console(self) -> str:
        """Where the link leads."""
        return f"http://{HOST}:{self._site.console_port}/"

    def _session(self) -> str:
        """A session of the guest, whom nobody can be by a password. Raises AccessStoreError."""
        access = Access.open(self._site.state, SessionRules(DAY_S, DAY_S), lambda: Clock().now().utc)
        try:
            if access.users.find(GUEST) is None:
                access.users.add(GUEST, Role.TECHNICIAN, made_up_password())
            return access.sessions.open(GUEST)
        finally:
            access.close()


class _Server(HTTPServer):
    """One request after the other, each bounded."""

    def __init__(self, door: GuestDoor) -> None:
        self.door = door
        super().__init__((HOST, 0), _Handler)

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away is nobody's trouble."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = REQUEST_S

    def do_GET(self) -> None:
        """The link, and the page."""
        if not self._is_for_here():
            return
        parts = urlsplit(self.path)
        if parts.path == "/enter":
            self._enter(parse_qs(parts.query).get("code", [""])[0])
        elif parts.path != "/":
            self._say(HTTPStatus.NOT_FOUND, "There is no such page.")
        elif not self.server.door.is_visitor(self._cookie()):
            self._say(HTTPStatus.FORBIDDEN, "Open the link that the demo shows in its terminal.")
        else:
            self._answer(HTTPStatus.OK, self.server.door.html(self._language()))

    def do_POST(self) -> None:
        """A choice."""
        if not self._is_for_here():
            return
        length = self.headers.get("Content-Length", "")
        size = int(length) if length.isascii() and length.isdecimal() and len(length) < len(str(MOST_BODY)) else 0
        form = parse_qs(self.rfile.read(size).decode("utf-8", "replace"))
        door = self.server.door
        known = door.is_visitor(self._cookie()) and door.is_visitor(form.get("visit", [""])[0])
        if not known or self.path != "/choose":
            self._say(HTTPStatus.FORBIDDEN, "Open the link that the demo shows in its terminal.")
        elif not door.choose(form.get("choice", [""])[0]):
            self._say(HTTPStatus.UNPROCESSABLE_ENTITY, "That cannot be chosen now.")
        else:
            self._answer(HTTPStatus.SEE_OTHER, "", Location="/")

    def _enter(self, code: str) -> None:
        door = self.server.door
        token = door.enter(code)
        if token is not None:
            self._answer(
                HTTPStatus.SEE_OTHER,
                "",
                cookies=[f"{SESSION_COOKIE}={token}", f"{PAGE_COOKIE}={door.visit}"],
                Location=door.console,
            )
        elif door.is_visitor(self._cookie()):
            self._answer(HTTPStatus.SEE_OTHER, "", Location=door.console)
        else:
            self._say(
                HTTPStatus.FORBIDDEN, "This link was used already, or is wrong. Start the demo again for another."
            )

    def _is_for_here(self) -> bool:
        """Whether the browser asked this computer by its number: a name may be a stranger's that leads here."""
        if self.headers.get("Host") == f"{HOST}:{self.server.door.port}":
            return True
        self._say(HTTPStatus.MISDIRECTED_REQUEST, "This is not the address of the demo.")
        return False

    def _cookie(self) -> str:
        try:
            found = SimpleCookie(self.headers.get("Cookie", "")).get(PAGE_COOKIE)
        except CookieError:
            return ""
        return "" if found is None else found.value

    def _language(self) -> Language:
        asked = self.headers.get("Accept-Language", "").lower()
        return next((one for one in Language if asked.startswith(one.value)), Language.EN)

    def _say(self, status: HTTPStatus, words: str) -> None:
        self._answer(status, f'<!doctype html><html lang="en"><title>Demo</title><p>{escape(words)}</p></html>')

    def _answer(self, status: HTTPStatus, body: str, *, cookies: Sequence[str] = (), **headers: str) -> None:
        raw = body.encode()
        self.send_response(status)
        for name, value in {**_HEADERS, **headers, "Content-Length": str(len(raw))}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        for one in cookies:
            self.send_header("Set-Cookie", f"{one}; Path=/; HttpOnly; SameSite=Strict")
        self.end_headers()
        self.wfile.write(raw)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: the address holds the code."""
