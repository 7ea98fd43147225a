"""Addresses of earlier versions: each redirects to the present address of its page."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from agent.console.access import Viewer

MOVED: Final = {
    "/configuration/anchors": "/settings/anchors",
    "/configuration": "/settings/configuration",
    "/setup": "/settings/setup",
    "/aim": "/settings/aim",
    "/users": "/settings/users",
    "/account": "/settings/account",
    "/help": "/settings/help",
}
"""The page of an address, and of all below it, by what it was; the longer ones first."""

router = APIRouter()


def lead_on(request: Request, _person: Viewer) -> RedirectResponse:
    """Lead to the page's address of today, with what was asked of it."""
    path = request.url.path
    old = next(one for one in MOVED if path == one or path.startswith(f"{one}/"))
    asked = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{MOVED[old]}{path.removeprefix(old)}{asked}", HTTPStatus.PERMANENT_REDIRECT)


for _old in MOVED:
    router.add_api_route(_old, lead_on, methods=["GET"])
    router.add_api_route(_old + "/{below:path}", lead_on, methods=["GET"])
