"""The page of one's own account."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from agent.console.access import Role, Viewer
from agent.console.nav import Nav
from agent.console.page import render

router = APIRouter()
NAV = Nav(900, "/account", "account.title", Role.VIEWER)


@router.get("/account", response_class=HTMLResponse)
async def account(request: Request, _person: Viewer) -> HTMLResponse:
    """Who is logged in."""
    return render(request, "account.html")
