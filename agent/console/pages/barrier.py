"""The page Barrier: what a lane senses and drives, live; its orders, and test pulses.

The most dangerous page: it moves a real barrier. Whatever is asked for goes through the lane's own loop and rules,
which record it before anything moves; the page adds who, why, and that a button must be held.
"""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from agent.console.access import Person, Role, Technician, Viewer
from agent.console.board_trace import TraceLine, port_of, trace
from agent.console.dependencies import AtGate, Gate
from agent.console.errors import RefusedError
from agent.console.hold_to_confirm import HOLD_S, Holds, NotHeldError
from agent.console.labels.lane import STATES
from agent.console.live.arm_position import known_inputs, stands_still
from agent.console.live.lane_updates import barrier_news, lit
from agent.console.live.viewer_texts import Words
from agent.console.navigation import Nav, Place
from agent.console.order_answers import answer_text, holder
from agent.console.page import render, translated
from agent.core.lane import CommandKind
from agent.lane import LaneService, LaneView
from agent.settings import Lane
from drivers.text import Text, joined

router = APIRouter()
NAV = Nav(Place.BARRIER, 10, "/barrier", Text("Barrier"), Role.VIEWER)

ORDER_S: Final = 5.0
LONGEST_REASON: Final = 200
SHORTEST_REASON: Final = 3
ROLES: Final = ("open", "close", "hold", "red", "green")
_HOLDS: Final = Holds()


class Act(StrEnum):
    """What can be asked for here. Those that move the barrier need a button that is held."""

    TEST_OPEN = "test_open"
    TEST_CLOSE = "test_close"
    OPEN = "open"
    HOLD = "hold"
    RELEASE = "release"
    CLOSE = "close"
    LOCK = "lock"
    UNLOCK = "unlock"
    OUT_OF_SERVICE = "out_of_service"
    IN_SERVICE = "in_service"

    @property
    def moves(self) -> bool:
        """Whether the barrier may move by it."""
        return self not in _STANDING


_STANDING: Final = frozenset({Act.LOCK, Act.UNLOCK, Act.OUT_OF_SERVICE, Act.IN_SERVICE})


@dataclass(frozen=True, slots=True)
class Input:
    """One wired input: its signal, its number on the board, and what it says; None: unknown."""

    signal: str
    number: int
    on: bool | None


@dataclass(frozen=True, slots=True)
class Relay:
    """One wired channel: what it is for, its number, and whether it is energised; None: not known."""

    role: str
    channel: int
    energised: bool | None


@router.get("/barrier", response_class=RedirectResponse)
def first_lane(gate: AtGate, _person: Viewer) -> RedirectResponse:
    """The page of the first lane."""
    return RedirectResponse(f"/barrier/{next(iter(gate.lanes))}", HTTPStatus.SEE_OTHER)


@router.get("/barrier/{lane}", response_class=HTMLResponse)
def barrier(request: Request, gate: AtGate, person: Viewer, lane: str) -> HTMLResponse:
    """The page of a lane."""
    unit = _unit(gate, lane)
    acts = [act for act in Act if act is not Act.TEST_CLOSE or _settings(gate, lane).close_mode == "agent"]
    return render(
        request,
        "barrier.html",
        lane=lane,
        lanes=list(gate.lanes),
        tests=[act for act in acts if act.value.startswith("test")],
        orders=[act for act in acts if not act.value.startswith("test")],
        may_order=person.role.covers(Role.TECHNICIAN),
        hold_ms=round(HOLD_S * 1000),
        longest=LONGEST_REASON,
        shortest=SHORTEST_REASON,
        **_live(request, gate, unit),
        **_bytes(gate, lane),
    )


@router.get("/live/barrier/{lane}", response_class=HTMLResponse)
def live(request: Request, gate: AtGate, _person: Viewer, lane: str) -> HTMLResponse:
    """What the lane senses and drives now; a fragment that the page asks for again and again."""
    return render(request, "barrier_live.html", **_live(request, gate, _unit(gate, lane)))


@router.get("/live/barrier/{lane}/bytes", response_class=HTMLResponse)
def wire(request: Request, gate: AtGate, _person: Viewer, lane: str) -> HTMLResponse:
    """The last bytes on the lines of the lane's boards; a fragment."""
    _unit(gate, lane)
    return render(request, "barrier_bytes.html", **_bytes(gate, lane))


@router.post("/barrier/{lane}/press")
def press(gate: AtGate, person: Technician, lane: str, act: Annotated[Act, Form()]) -> dict[str, str]:
    """A button is pressed: what confirms it once it was held long enough."""
    _unit(gate, lane)
    return {"token": _HOLDS.press(person.name, f"{lane} {act}", gate.now().at)}


@router.post("/barrier/{lane}/order", response_class=HTMLResponse)
def order(
    request: Request,
    gate: AtGate,
    person: Technician,
    *,
    lane: str,
    act: Annotated[Act, Form()],
    reason: Annotated[str, Form(max_length=LONGEST_REASON)],
    token: Annotated[str, Form(max_length=64)] = "",
) -> HTMLResponse:
    """Ask a lane for something, with a reason; what becomes of it. Waits for the lane, some seconds at most."""
    unit = _unit(gate, lane)
    why = _reason(reason)
    if act.moves and not _HOLDS.confirm(token, person.name, f"{lane} {act}", gate.now().at):
        _audit(
            gate, person, act, lane, Text("{why}: {said}", why=why, said=Text("the button was not held")), done=False
        )
        raise NotHeldError
    answer = unit.order(CommandKind(act.value), person.name, why, ORDER_S)
    _audit(gate, person, act, lane, joined([why, answer.detail], ": "), done=answer.result.value == "done")
    return render(
        request,
        "barrier_answer.html",
        act=act,
        result=answer.result.value,
        words=translated(request, answer_text(answer.detail)),
    )


def _audit(gate: Gate, person: Person, act: Act, lane: str, detail: str, *, done: bool) -> None:
    gate.audit(person, f"barrier.{act}", lane=lane, detail=detail, done=done)


def _unit(gate: Gate, lane: str) -> LaneService:
    unit = gate.lanes.get(lane)
    if unit is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no such page."))
    return unit


def _settings(gate: Gate, lane: str) -> Lane:
    return gate.loaded.settings.lanes[lane]


def _reason(given: str) -> str:
    """The reason on one line. Raises RefusedError for one that says nothing."""
    reason = " ".join("".join(one if one.isprintable() else " " for one in given).split())
    if len(reason) < SHORTEST_REASON:
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            Text("Give a reason of at least {least} letters. Nothing was done.", least=SHORTEST_REASON),
        )
    return reason


# ------------------------------------------------------------------------------------------------------- what is shown


def _live(request: Request, gate: Gate, unit: LaneService) -> dict[str, Any]:
    view, settings = unit.view, _settings(gate, unit.name)
    board = unit.barrier
    now = gate.now().at
    inputs = [] if view is None else _inputs(view, settings, now)
    obstacle = "" if view is None or not view.pulse_obstacle else translated(request, answer_text(view.pulse_obstacle))
    return {
        "view": view,
        "state": "" if view is None else translated(request, STATES[view.state]),
        "lamp": "unknown" if view is None or stands_still(view, now) else lit(view, settings),
        "arm": barrier_news(view, settings, Words(request), now),
        "held_by": "" if view is None else translated(request, holder(view.held_by)),
        "round_age_s": None if view is None else now - view.progress_at,
        "sample_age_s": None if view is None else now - view.input_state.signals.at,
        "known_age_s": None if view is None else now - view.input_state.known_at,
        "stale_s": settings.timing.stale_s,
        "inputs": inputs,
        "obstacle": obstacle,
        "cannot": {act.value: translated(request, why) for act, why in _cannot(view).items()} | _tests(obstacle),
        "relay_state": board.state.value,
        "relay_detail": board.detail,
        "relays": _relays(settings, board.energised),
    }


def _cannot(view: LaneView | None) -> dict[Act, Text]:
    """What would change nothing now, and why. A help for who presses: the lane itself judges every order."""
    if view is None:
        return dict.fromkeys(Act, Text("The lane has not started yet."))
    locked, out = bool(view.lockout.locked_by), bool(view.lockout.out_of_service_by)
    found = {
        Act.RELEASE: None if view.held_by else Text("The barrier is not held open."),
        Act.LOCK: Text("The lane is locked already.") if locked else None,
        Act.UNLOCK: None if locked else Text("The lane is not locked."),
        Act.OUT_OF_SERVICE: Text("The lane is out of service already.") if out else None,
        Act.IN_SERVICE: None if out else Text("The lane is in service."),
    }
    return {act: why for act, why in found.items() if why is not None}


def _tests(obstacle: str) -> dict[str, str]:
    """What forbids test pulses now."""
    return {Act.TEST_OPEN.value: obstacle, Act.TEST_CLOSE.value: obstacle} if obstacle else {}


def _inputs(view: LaneView, settings: Lane, at: float) -> list[Input]:
    if settings.signals is None:
        return []
    known = known_inputs(view, settings, at)
    return [Input(name, number, getattr(known, name)) for name, number in settings.signals.wired.items()]


def _relays(settings: Lane, energised: tuple[bool, ...] | None) -> list[Relay]:
    wired = [(role, getattr(settings.barrier, f"{role}_channel")) for role in ROLES]
    return [
        Relay(role, channel, energised[channel - 1] if energised is not None and channel <= len(energised) else None)
        for role, channel in wired
        if channel is not None
    ]


def _bytes(gate: Gate, lane: str) -> dict[str, Any]:
    """The exchanges by the port that they went over; a board with relays and inputs is one."""
    settings, now = _settings(gate, lane), gate.now().at
    lines: dict[str, list[TraceLine]] = {}
    for device in (settings.relay, settings.inputs):
        port = "" if device is None else port_of(device.table)
        if device is not None and port and port not in lines:
            lines[port] = trace(port, device.kind, now)
    return {"lines": lines}
