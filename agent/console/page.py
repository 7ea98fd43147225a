"""Pages made from templates."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from agent.console import labels
from agent.console.access.cookies import LANGUAGE, THEME, cookie, form_token, keep_visit
from agent.console.access.guards import CSRF_FIELD
from agent.console.access.sessions import csrf_token
from agent.console.gate_status import gate_status
from agent.console.languages import language_of
from agent.console.navigation import Navigation
from agent.console.times import clock_tag, time_tag, zone
from agent.i18n import Language, translate
from agent.i18n.templates import functions
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import Request

    from agent.console.dependencies import Gate
    from agent.console.errors import RefusedError
    from agent.console.navigation import Nav

INSTALLED: Final = version("gate-agent")
"""The version of the code that runs: an update changes what is on the disk, and not this."""
THEMES: Final = ("light", "dark", "sun")
"""Sun: for a phone at the barrier at noon. Without one a page follows the device."""


class Pages:
    """The templates and the navigation."""

    def __init__(self, nav: Iterable[Nav]) -> None:
        self.navigation = Navigation(nav)
        self.templates = _templates()


@cache
def _templates() -> Environment:
    """One for all consoles of a process: a template is compiled once, which takes as long as some pages."""
    return Environment(
        loader=PackageLoader("agent.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def language(request: Request) -> Language:
    """The reader's language."""
    return language_of(cookie(request, LANGUAGE), request.headers.get("accept-language"))


def translated(request: Request, text: str) -> str:
    """A text in the reader's language, and so are those of its values that are texts."""
    return translate(text, language(request))


def detail(request: Request, said: str) -> str:
    """What the gate says in English, as in its events, in the reader's language.

    It is marked where it stays English.
    """
    if not said or language(request) is Language.EN:
        return said
    if isinstance(said, Text):
        return translated(request, said)
    return Markup('<span lang="en">{}</span>').format(said)


def when(request: Request, moment: float | str | datetime | None) -> Markup:
    """A moment in the gate's local time, as all pages show it: Unix seconds, an event's time, or one with its zone."""
    return time_tag(moment, translated(request, Text("unknown time")))


def render(request: Request, template: str, *, status: int = HTTPStatus.OK, **context: object) -> HTMLResponse:
    """A page, or a fragment of one, from `templates/`.

    Every template has the texts in the reader's language (agent.i18n.templates), `labels` for what has a code,
    `detail(said)` for what the gate says in English, `when(moment)`, `gate_clock()` and `zone()` for times,
    `csrf_field()`, `csrf`, `person` (None: nobody), `places`, `gate_status()`, `language`, `languages`, `theme`,
    `next_theme`, `gate_id`, `gate_site`, `version`, `is_refused`, `is_lost`, `url_for`, `request` and what is
    given here.
    """
    pages: Pages = request.app.state.pages
    gate: Gate = request.app.state.gate
    person = getattr(request.state, "person", None)
    token = csrf_token(form_token(request))
    theme = cookie(request, THEME)
    theme = theme if theme in THEMES else ""
    now = datetime.fromtimestamp(gate.now().utc, UTC)
    body = pages.templates.get_template(template).render(
        {
            **functions(language(request)),
            "labels": labels,
            "detail": lambda said: detail(request, said),
            "when": lambda moment: when(request, moment),
            "gate_clock": lambda: clock_tag(now),
            "zone": lambda: zone(now),
            "csrf": token,
            "csrf_field": lambda: Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, token),
            "person": person,
            "places": () if person is None else pages.navigation.shown(person.role, request.url.path),
            "gate_status": lambda: gate_status(gate),
            "language": language(request),
            "languages": {one.value: one.own_name for one in Language},
            "theme": theme,
            "next_theme": THEMES[(THEMES.index(theme) + 1) % len(THEMES)] if theme else THEMES[-1],
            "gate_id": gate.loaded.settings.gate.id,
            "gate_site": gate.loaded.settings.gate.site,
            "version": INSTALLED,
            "is_refused": person is not None and gate.refusal() is not None,
            "is_lost": person is not None and not gate.trust.state.whole,
            "url_for": request.url_for,
            "request": request,
            "problem": "",
            **context,
        }
    )
    response = HTMLResponse(body, status_code=status)
    keep_visit(request, response)
    return response


def refusal(request: Request, template: str, error: RefusedError, **context: object) -> HTMLResponse:
    """The page again, with what is wrong: templates show `problem` where it is given."""
    return render(request, template, status=error.status, problem=translated(request, error.text), **context)


def local_path(onward: str) -> str:
    """The path, where it is one of this console; else that of the first page."""
    is_ours = onward.startswith("/") and not onward.startswith("//") and onward.isprintable() and "\\" not in onward
    return onward if is_ours else "/"
