"""What the header and the rail of an open page are kept fresh with."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from agent.console.access import Viewer
from agent.console.page import render

router = APIRouter()


@router.get("/live/shell", response_class=HTMLResponse)
def shell(request: Request, _person: Viewer) -> HTMLResponse:
    """The status and the count of lanes that wait for an officer; a fragment."""
    return render(request, "shell_live.html")
