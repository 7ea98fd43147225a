"""The page Design: every element of the console in every state, for who builds pages and for tests.

It is there only where the agent runs with GATE_AGENT_DEVELOPMENT=1 in its environment.
"""

import os
import re
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from agent.console.access import Viewer
from agent.console.page import render

router = APIRouter()

DEVELOPMENT: Final = "GATE_AGENT_DEVELOPMENT"
"""The variable of the environment by which the page is there."""
_SYMBOL: Final = re.compile(r'<symbol id="i-([a-z]+)"')


@router.get("/design", response_class=HTMLResponse)
def show(request: Request, _person: Viewer) -> HTMLResponse:
    """The page. Raises HTTPException (404) where the agent was not started for development."""
    if os.environ.get(DEVELOPMENT) != "1":
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return render(request, "design.html", icons=icon_names())


@cache
def icon_names() -> tuple[str, ...]:
    """The names of all icons there are, in order."""
    sprite = files("agent.console") / "static" / "vendor" / "icons.svg"
    return tuple(_SYMBOL.findall(sprite.read_text(encoding="utf-8")))
