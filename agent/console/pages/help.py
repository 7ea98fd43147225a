"""Help: the product's pages, searched and read without a network."""

from functools import cache
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, HTMLResponse
from starlette.responses import Response

from agent.console.access import Role, Viewer
from agent.console.errors import RefusedError
from agent.console.help import HelpLibrary, PageUnknownError
from agent.console.navigation import Nav, Place
from agent.console.page import render
from drivers.text import Text

router = APIRouter()
NAV = Nav(Place.SETTINGS, 90, "/settings/help", Text("Help"), Role.VIEWER)

FIRST = "index"


@cache
def library() -> HelpLibrary:
    """The pages of this installation, listed once."""
    return HelpLibrary.installed()


@router.get("/settings/help", response_class=HTMLResponse)
def start(request: Request, _person: Viewer, q: Annotated[str, Query(max_length=200)] = "") -> HTMLResponse:
    """The first page with a field to search in, or what a search has found."""
    pages = library()
    if q.strip():
        return render(request, "help_search.html", query=q.strip(), found=pages.search(q))
    return render(request, "help.html", shown=None if pages.is_empty else pages.page(FIRST), is_first=True, query="")


@router.get("/settings/help/{name:path}", response_class=HTMLResponse)
def show(request: Request, _person: Viewer, name: str) -> Response:
    """A page, or a picture of one."""
    pages = library()
    try:
        if name.rpartition("/")[2].count("."):
            path, media_type = pages.picture(name)
            return FileResponse(path, media_type=media_type)
        shown = pages.page(name)
    except (PageUnknownError, OSError):
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("The help has no such page.")) from None
    return render(request, "help.html", shown=shown, is_first=name == FIRST, query="")
