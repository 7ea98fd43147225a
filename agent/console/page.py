"""Pages made from templates."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from agent.console import labels
from agent.console.access.cookies import LANGUAGE, THEME, cookie, form_token, keep_visit
from agent.console.access.guards import CSRF_FIELD
from agent.console.access.sessions import csrf_token
from agent.console.languages import language_of
from agent.console.times import time_tag, zone
from agent.i18n import Language, translate
from agent.i18n.templates import functions
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import Request

    from agent.console.dependencies import Gate
    from agent.console.errors import RefusedError
    from agent.console.navigation import Nav

THEMES: Final = ("light", "dark")


class Pages:
    """The templates and the navigation."""

    def __init__(self, nav: Sequence[Nav]) -> None:
        self.nav = tuple(sorted(nav))
        self.templates = Environment(
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
    `detail(said)` for what the gate says in English, `when(moment)` and `zone()` for times, `csrf_field()`, `csrf`,
    `person` (None: nobody), `nav`, `language`, `languages`, `theme`, `gate_id`, `is_refused`, `is_lost`, `url_for`,
    `request` and what is given here.
    """
    pages: Pages = request.app.state.pages
    gate: Gate = request.app.state.gate
    person = getattr(request.state, "person", None)
    token = csrf_token(form_token(request))
    theme = cookie(request, THEME)
    body = pages.templates.get_template(template).render(
        {
            **functions(language(request)),
            "labels": labels,
            "detail": lambda said: detail(request, said),
            "when": lambda moment: when(request, moment),
            "zone": lambda: zone(datetime.fromtimestamp(gate.now().utc, UTC)),
            "csrf": token,
            "csrf_field": lambda: Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, token),
            "person": person,
            "nav": [entry for entry in pages.nav if person is not None and person.role.covers(entry.role)],
            "language": language(request),
            "languages": {one.value: one.own_name for one in Language},
            "theme": theme if theme in THEMES else "",
            "gate_id": gate.loaded.settings.gate.id,
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
