"""The driver page of a lane: a full screen at the post that tells the driver what to do. No menu leads to it."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from agent.console.access import Screen, ScreenVisit  # noqa: TC001 - FastAPI reads the annotations
from agent.console.access.cookies import YEAR_S
from agent.console.access.guards import KNOW, screen_cookie, screen_cookie_name
from agent.console.access.screens import PAGES
from agent.console.dependencies import AtGate, Gate  # noqa: TC001
from agent.console.driver_page.document import document, version
from agent.console.driver_page.shown import Shown, shown
from agent.console.driver_page.stream import screen_news
from agent.console.errors import RefusedError
from agent.console.live.dependencies import AtLive  # noqa: TC001
from agent.console.live.streams import NEWS_TYPE
from agent.i18n import Language
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from agent.console.access.screens import Screens

router = APIRouter()

Theme = Literal["auto", "bright", "dark"]
Turn = Literal["0", "90", "180", "270"]
"""Degrees, clockwise, by which the screen is turned."""


@router.get(PAGES, response_class=RedirectResponse)
async def first_page(request: Request, _screen: Screen) -> RedirectResponse:
    """The page of the first lane that has one: for the screen of a gate with one lane, which needs no setting."""
    screens: Screens = request.app.state.screens
    if not screens.pages:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("No lane of this gate has a driver page."))
    return RedirectResponse(f"{PAGES}/{next(iter(screens.pages))}", HTTPStatus.SEE_OTHER)


@router.get(PAGES + "/{lane}", response_class=HTMLResponse)
async def driver_page(
    request: Request, gate: AtGate, visit: Screen, lane: str, theme: Theme = "auto", turn: Turn = "0"
) -> Response:
    """The page of a lane. A screen that comes by its token gets a cookie for this page alone, and comes again."""
    screens: Screens = request.app.state.screens
    languages = _languages(gate, screens, lane)
    if not visit.by_token:
        return HTMLResponse(document(lane, languages, theme, turn))
    cookie = await run_in_threadpool(screens.cookie, lane)
    if cookie is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("This lane has no driver page."))
    response = RedirectResponse(f"{PAGES}/{lane}?theme={theme}&turn={turn}", HTTPStatus.SEE_OTHER)
    response.set_cookie(
        screen_cookie_name(request),
        cookie,
        max_age=YEAR_S,
        path=f"{PAGES}/{lane}",
        secure=request.url.scheme == "https",
        httponly=True,
        # Not "strict": the address is often opened from a message or a scanned code, and the page changes nothing.
        samesite="lax",
    )
    return response


@router.get(PAGES + "/{lane}/news")
async def driver_news(request: Request, gate: AtGate, live: AtLive, visit: Screen, lane: str) -> Response:
    """What the page shows, as it changes, and once a second in any case."""
    screens: Screens = request.app.state.screens
    languages = _languages(gate, screens, lane)
    if visit.by_token:
        raise RefusedError(HTTPStatus.FORBIDDEN, Text("Open the page first. This address alone gives no stream."))
    if KNOW in request.scope:
        request.scope[KNOW]()  # it is no stranger: it takes no place of those who would log in
    cookie = screen_cookie(request)

    async def admitted() -> bool:
        return visit.here or await run_in_threadpool(screens.knows_cookie, lane, cookie)

    news = screen_news(partial(_shown, gate, lane, languages), version(languages), admitted, live.stopping)
    return StreamingResponse(_watched(screens, visit, news), media_type=NEWS_TYPE, headers={"x-accel-buffering": "no"})


@router.get(PAGES + "/{lane}/watching", response_class=PlainTextResponse)
async def watching(request: Request, gate: AtGate, visit: Screen, lane: str) -> str:
    """How many screens show the page now: who starts a browser on this computer sees whether it still works."""
    screens: Screens = request.app.state.screens
    _languages(gate, screens, lane)
    return f"{screens.watching(lane, here=visit.here)}\n"


def _languages(gate: Gate, screens: Screens, lane: str) -> tuple[Language, ...]:
    """The languages of the lane's page. Raises RefusedError where it has none."""
    if lane not in screens.pages or lane not in gate.lanes:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("This lane has no driver page."))
    return tuple(map(Language, screens.pages[lane].languages))


def _shown(gate: Gate, lane: str, languages: tuple[Language, ...]) -> Shown:
    timing = gate.loaded.settings.lanes[lane].timing
    return shown(gate.lanes[lane].view, timing, languages, gate.now().at)


async def _watched(
    screens: Screens, visit: ScreenVisit, news: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    with screens.watched(visit.lane, here=visit.here):
        async for part in news:
            yield part
