"""The language and the brightness of all pages, and which page is shown first."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from agent.console.access import Anybody, Viewer
from agent.console.access.cookies import LANGUAGE, THEME, YEAR_S, drop_cookie, set_cookie
from agent.console.page import Pages, local_path

router = APIRouter()


@router.get("/", response_class=HTMLResponse)
def first_page(request: Request, person: Viewer) -> Response:
    """The first page of the navigation."""
    pages: Pages = request.app.state.pages
    return RedirectResponse(pages.navigation.first(person.role), HTTPStatus.SEE_OTHER)


@router.post("/look", response_class=HTMLResponse)
def change(
    request: Request,
    _person: Anybody,
    language: Annotated[Literal["en", "zh", "ru", "kk"] | None, Form()] = None,
    theme: Annotated[Literal["light", "dark", "sun", "auto"] | None, Form()] = None,
    onward: Annotated[str, Form(max_length=1000)] = "/",
) -> Response:
    """Keep a choice in a cookie, and show the page again."""
    response = RedirectResponse(local_path(onward), HTTPStatus.SEE_OTHER)
    if language is not None:
        set_cookie(request, response, LANGUAGE, language, max_age_s=YEAR_S)
    if theme == "auto":
        drop_cookie(request, response, THEME)
    elif theme is not None:
        set_cookie(request, response, THEME, theme, max_age_s=YEAR_S)
    return response
