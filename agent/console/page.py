"""Pages made from templates."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from agent.console.access.cookies import LANGUAGE, THEME, cookie, form_token, keep_visit
from agent.console.access.guards import CSRF_FIELD
from agent.console.access.sessions import csrf_token
from agent.console.texts import LANGUAGES, language_of
from agent.console.times import time_tag, zone
from agent.i18n import Language, translate
from agent.i18n.trace import traced
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import Request

    from agent.console.desk import Gate
    from agent.console.errors import RefusedError
    from agent.console.nav import Nav
    from agent.console.texts import Texts

THEMES: Final = ("light", "dark")


class Pages:
    """The templates with the texts and the navigation."""

    def __init__(self, texts: Texts, nav: Sequence[Nav]) -> None:
        self.texts = texts
        self.nav = tuple(sorted(nav))
        self.templates = Environment(
            loader=PackageLoader("agent.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )


def language(request: Request) -> str:
    """The language of whoever asks."""
    return language_of(cookie(request, LANGUAGE), request.headers.get("accept-language"))


def text(request: Request, key: str, **values: object) -> str:
    """A text in the language of whoever asks, and so are the values that have translations. Raises TextMissingError."""
    pages: Pages = request.app.state.pages
    said = {name: words(request, value) if isinstance(value, Text) else value for name, value in values.items()}
    return pages.texts.get(language(request), key, **said)


def words(request: Request, said: str) -> str:
    """What settings or drivers say, in the language of whoever asks."""
    return translate(said, Language(language(request)))


def detail(request: Request, said: str) -> str:
    """What the gate says in English, as in its events, in the language of whoever asks; marked where that stays English."""
    if not said or language(request) == Language.EN:
        return said
    known = traced(said)
    if isinstance(known, Text):
        return words(request, known)
    return Markup('<span lang="en">{}</span>').format(said)


def when(request: Request, moment: float | str | datetime | None) -> Markup:
    """A moment in the gate's local time, as all pages show it: Unix seconds, an event's time, or one with its zone."""
    return time_tag(moment, text(request, "base.time_unknown"))


def render(request: Request, template: str, *, status: int = HTTPStatus.OK, **context: object) -> HTMLResponse:
    """A page, or a fragment of one, from `templates/`.

    Every template has `t(key, **values)`, `words(said)` for what settings and drivers say, `detail(said)` for what the gate
    says in English, `when(moment)` and `zone()` for times, `csrf_field()`, `csrf`, `person` (None: nobody), `nav`,
    `language`, `languages`, `theme`, `gate_id`, `is_refused`, `url_for`, `request` and what is given here.
    """
    pages: Pages = request.app.state.pages
    gate: Gate = request.app.state.gate
    person = getattr(request.state, "person", None)
    token = csrf_token(form_token(request))
    theme = cookie(request, THEME)
    body = pages.templates.get_template(template).render(
        {
            "t": lambda key, **values: text(request, key, **values),
            "words": lambda said: words(request, said),
            "detail": lambda said: detail(request, said),
            "when": lambda moment: when(request, moment),
            "zone": lambda: zone(datetime.fromtimestamp(gate.now().utc, UTC)),
            "csrf": token,
            "csrf_field": lambda: Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, token),
            "person": person,
            "nav": [entry for entry in pages.nav if person is not None and person.role.covers(entry.role)],
            "language": language(request),
            "languages": LANGUAGES,
            "theme": theme if theme in THEMES else "",
            "gate_id": gate.loaded.settings.gate.id,
            "is_refused": person is not None and gate.refusal() is not None,
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
    problem = text(request, error.text, **error.values)
    return render(request, template, status=error.status, problem=problem, **context)


def local_path(onward: str) -> str:
    """The path, where it is one of this console; else that of the first page."""
    is_ours = onward.startswith("/") and not onward.startswith("//") and onward.isprintable() and "\\" not in onward
    return onward if is_ours else "/"
