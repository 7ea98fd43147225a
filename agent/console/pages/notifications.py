"""The page Notifications: who is told of alarms, how each channel does, a test message; and news for open pages."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse

from agent.console.access import Role, Technician, Viewer
from agent.console.dependencies import AtGate, Gate
from agent.console.navigation import Nav, Place
from agent.console.page import render, translated
from agent.core.notices import NoticeKind
from agent.notifications import ChannelView, DeliveryError, notice_title
from drivers.text import Text

router = APIRouter()
NAV = Nav(Place.SETTINGS, 60, "/settings/notifications", Text("Notifications"), Role.TECHNICIAN)


@dataclass(frozen=True, slots=True)
class ShownChannel:
    """A channel as the page shows it. `view`: None where it is not set up."""

    name: str
    view: ChannelView | None
    kinds: tuple[NoticeKind, ...]
    quiet_hours: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """A notice as the page shows it."""

    title: Text
    utc: float
    raised: bool


@router.get("/settings/notifications", response_class=HTMLResponse)
def show(request: Request, gate: AtGate, _person: Technician) -> HTMLResponse:
    """The page."""
    return render(request, "notifications.html", **_shown(gate))


@router.post("/settings/notifications/test", response_class=HTMLResponse)
def send_test(
    request: Request, gate: AtGate, person: Technician, channel: Annotated[str, Form(max_length=32)]
) -> HTMLResponse:
    """Send a test message now, and say what became of it; a fragment. Waits for the other side, a bounded time."""
    trouble: Text | None = None
    try:
        gate.notifications.send_test(channel)
    except DeliveryError as error:
        trouble = error.detail
    gate.audit(person, "notifications.tested", detail=channel, done=trouble is None)
    return render(request, "notifications_tested.html", trouble=trouble)


@router.get("/live/notices")
def news(
    request: Request,
    gate: AtGate,
    _person: Viewer,
    run: Annotated[str, Query(max_length=64)] = "",
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> dict[str, Any]:
    """The notices after a number, for an open page. One that does not know this run of the agent gets none yet."""
    board = gate.notifications.board
    shown = board.after(after) if run == board.run else []
    return {
        "run": board.run,
        "number": board.number,
        "notices": [
            {
                "number": one.number,
                "title": translated(request, notice_title(one.notice)),
                "tone": "refused" if one.notice.raised else "passed",
            }
            for one in shown
        ],
    }


def _shown(gate: Gate) -> dict[str, Any]:
    settings = gate.loaded.settings
    views = {one.name: one for one in gate.notifications.views}
    webhook, mail = settings.webhook, settings.mail
    return {
        "channels": [
            ShownChannel("webhook", views.get("webhook"), webhook.kinds, webhook.quiet_hours),
            ShownChannel("mail", views.get("mail"), mail.kinds, mail.quiet_hours),
        ],
        "general": settings.notifications,
        "trouble": gate.notifications.trouble,
        "notices": [
            ShownNotice(notice_title(one.notice), one.notice.utc, one.notice.raised)
            for one in reversed(gate.notifications.board.after(0)[-10:])
        ],
    }
