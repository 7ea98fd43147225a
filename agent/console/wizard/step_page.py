"""One step as a page: what it asks, what is seen of it now, and where it leads."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import segno
from fastapi import Depends, Query
from markupsafe import Markup

from agent.console import hardware_scan
from agent.console.access import Role, Technician
from agent.console.configuration_requests import document_of, seen_token
from agent.console.errors import RefusedError
from agent.console.hold_to_confirm import HOLD_S
from agent.console.page import render
from agent.console.wizard.forms import fields, value_at
from agent.console.wizard.presence import Here
from agent.console.wizard.safety_list import SAFETY_LINES
from agent.console.wizard.wizard import AtVehicles, AtWizard, LastVehicles, Wizard  # noqa: TC001
from agent.core.model import SIGNAL_NAMES
from agent.i18n.event_text import DEVICE_STATES
from agent.settings.drivers import editor_of, usable_kinds
from agent.setup import (
    ABSENT,
    ADVICE,
    CONSEQUENCES,
    INTROS,
    PROGRESS,
    SIGNALS,
    TITLES,
    USES,
    SetupRecordError,
    StepCode,
    StepProgress,
    after,
    before,
    observed,
    outputs_of,
    used,
)
from drivers.api import DeviceError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import Request
    from fastapi.responses import HTMLResponse

    from agent.console.access import Person
    from agent.console.dependencies import Gate
    from agent.console.wizard.step_proposal import StepProposal, StepRefusedError
    from agent.settings import ConfigEditor, Document, Lane

_Made = TypeVar("_Made")

ADMINS: Final = frozenset({StepCode.GATE, StepCode.NETWORK, StepCode.TRUST, StepCode.CENTRAL, StepCode.PRACTICE})
"""The steps that change what an administrator alone changes."""
_CODE_PX: Final = 5


@dataclass(frozen=True, slots=True)
class StepVisit:
    """Somebody at one step. `signal`: whose input is looked for."""

    gate: Gate
    vehicles: LastVehicles
    wizard: Wizard
    editor: ConfigEditor
    person: Person
    lane: str
    code: StepCode
    signal: str = ""

    @property
    def settings(self) -> Lane:
        """The lane as it runs."""
        return self.gate.loaded.settings.lanes[self.lane]


def _visit(
    *,
    vehicles: AtVehicles,
    wizard: AtWizard,
    person: Technician,
    lane: str,
    step: StepCode,
    signal: Annotated[str, Query(max_length=40)] = "",
) -> StepVisit:
    gate = wizard.gate
    if lane not in gate.lanes:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no such page."))
    return StepVisit(gate, vehicles, wizard, editor_of(gate.configuration), person, lane, step, signal)


AtVisit = Annotated[StepVisit, Depends(_visit)]
"""The parameter by which a route of a step gets who is there: a technician at least."""


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What came of a form. `sent`: what was typed; `errors`: by field; `refused`: why all of it cannot be."""

    sent: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Text] = field(default_factory=dict)
    refused: StepRefusedError | None = None
    proposal: StepProposal | None = None


NOTHING_SENT: Final = StepOutcome()


def guarded(made: Callable[[], _Made]) -> _Made:
    """What is made, or in words that the file of the set-up cannot be used. Raises RefusedError."""
    try:
        return made()
    except SetupRecordError as error:
        raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, error.args[0]) from None


def step_page(request: Request, visit: StepVisit) -> HTMLResponse:
    """The whole page of a step."""
    visit.settings  # noqa: B018 - sees that there is such a lane
    guarded(lambda: visit.wizard.see_visit(visit.person.address))
    return render(request, "setup_step.html", **_context(visit, NOTHING_SENT))


def step_body(request: Request, visit: StepVisit, outcome: StepOutcome) -> HTMLResponse:
    """The step again, with what came of its form: a fragment."""
    bad = bool(outcome.errors) or outcome.refused is not None
    status = HTTPStatus.UNPROCESSABLE_ENTITY if bad else HTTPStatus.OK
    return render(request, "setup_body.html", status=status, **_context(visit, outcome))


def live_part(request: Request, visit: StepVisit) -> HTMLResponse:
    """What is seen of a step now: a fragment."""
    visit.settings  # noqa: B018
    return render(request, "setup_live.html", **_context(visit, NOTHING_SENT))


def _context(visit: StepVisit, outcome: StepOutcome) -> dict[str, Any]:
    wizard, gate, lane = visit.wizard, visit.gate, visit.lane
    guarded(lambda: wizard.see_inputs(lane))
    found = guarded(lambda: wizard.steps(lane, visit.vehicles))
    now = gate.now().at
    wizard.presence.come(Here(visit.person.name, lane, visit.code, now))
    document = document_of(visit.editor)
    may = visit.code not in ADMINS or visit.person.role.covers(Role.ADMIN)
    return {
        "lane": lane,
        "steps": found,
        "step": next(one for one in found if one.code is visit.code),
        "number": list(StepCode).index(visit.code) + 1,
        "words": WORDS,
        "before": before(visit.code),
        "after": after(visit.code),
        "others": wizard.presence.others(visit.person.name, now),
        "may": may,
        "is_locked": gate.loaded.anchors is not None and visit.code in {StepCode.TRUST, StepCode.PRACTICE},
        "questions": _fields(visit, document, outcome),
        "outcome": outcome,
        "seen": seen_token(visit.editor),
        "settings": visit.settings,
        "here": f"/setup/{lane}/{visit.code}",
        **_OWN.get(visit.code, _nothing)(visit),
    }


def _fields(visit: StepVisit, document: Document, outcome: StepOutcome) -> list[dict[str, Any]]:
    made = []
    for one in fields(visit.code, visit.lane):
        value = value_at(document, one.path)
        if value is None and not one.optional:
            value = _default(visit, one.path)
        listed = [str(item) for item in value] if isinstance(value, list | tuple) else None
        shown = "" if value is None else ", ".join(listed) if listed is not None else str(value)
        made.append(
            {
                "of": one,
                "value": outcome.sent.get(one.name, shown),
                "values": listed or [],
                "error": outcome.errors.get(one.name),
            }
        )
    return made


def _default(visit: StepVisit, path: tuple[str | int, ...]) -> Any:
    """What counts where the files say nothing."""
    found: Any = visit.gate.loaded.settings
    for part in path:
        found = found[part] if isinstance(found, dict) else getattr(found, str(part))
    return found


# ------------------------------------------------------------------------------------------------ what each step shows


def _nothing(_visit: StepVisit) -> dict[str, Any]:
    return {}


def _network(visit: StepVisit) -> dict[str, Any]:
    there = dict.fromkeys(
        ["127.0.0.1", *visit.wizard.addresses(), *map(str, visit.gate.loaded.settings.console.listen)]
    )
    return {"addresses": list(there), "console_port": visit.gate.loaded.settings.console.port}


def _time(visit: StepVisit) -> dict[str, Any]:
    return {"clock_state": visit.gate.clock.trust(), "require": visit.gate.loaded.settings.clock.require_synchronised}


def _board(visit: StepVisit) -> dict[str, Any]:
    lanes = visit.gate.loaded.settings.lanes
    unit = visit.gate.lanes[visit.lane]
    view = unit.view
    return {
        "ports": hardware_scan.serial_ports(lanes, hardware_scan.ROOT),
        "relay_state": unit.barrier.state.value,
        "relay_detail": unit.barrier.detail,
        "obstacle": "" if view is None else view.pulse_obstacle,
        "was_tried": visit.wizard.was_tried(visit.lane),
        "hold_ms": round(HOLD_S * 1000),
        "kinds": [(kind, kind) for kind in sorted(usable_kinds()["relay"])],
    }


def _inputs(visit: StepVisit) -> dict[str, Any]:
    wizard, lane = visit.wizard, visit.lane
    learned = guarded(lambda: wizard.learned(lane))
    is_finding = guarded(lambda: wizard.is_finding(lane))
    open_signals = [name for name in SIGNAL_NAMES if name not in learned]
    signal = visit.signal if visit.signal in SIGNAL_NAMES else next(iter(open_signals), "")
    table = guarded(lambda: wizard.board_inputs(lane))
    seen = guarded(wizard.record.notes)
    wired = visit.settings.signals.wired if visit.settings.signals is not None else {}
    made: dict[str, Any] = {
        "learned": learned,
        "is_finding": is_finding,
        "signal": signal,
        "signals": SIGNAL_NAMES,
        "wired": wired,
        "seen_signals": {name for name in wired if observed(lane, StepCode.INPUTS, name) in seen},
        "table": table,
        "traces": (),
        "found": [],
        "board_words": "",
        "board_trouble": "",
        "now": visit.gate.now().at,
    }
    if table is None or not signal or not is_finding:
        return made
    try:
        made["board_words"], made["traces"] = wizard.board.look(lane, table)
    except DeviceError as error:
        return made | {"board_trouble": error}
    except (KeyError, ValueError):  # the relays' keys do not say all that the inputs need
        return made | {"table": None}
    taken = {one.number for one in learned.values() if one is not None}
    return made | {"found": used(made["traces"], visit.gate.now().at, taken), "taken": taken}


def _outputs(visit: StepVisit) -> dict[str, Any]:
    unit, seen = visit.gate.lanes[visit.lane], guarded(visit.wizard.record.notes)
    view = unit.view
    lamp = "" if view is None else view.lamp
    given = unit.driver_outputs
    return {
        "outputs": [
            {
                "name": name,
                "seen": observed(visit.lane, StepCode.OUTPUTS, name) in seen,
                "lit": name in {"red", "green"} and lamp == name,
                "is_lamp": name in {"red", "green"},
                "record": given.get(name),
            }
            for name in outputs_of(visit.settings)
        ]
    }


def _cameras(visit: StepVisit) -> dict[str, Any]:
    lanes = visit.gate.loaded.settings.lanes
    states = visit.gate.devices.states
    return {
        "cameras": [(one, states.get(f"{visit.lane}/{one.id}", "")) for one in visit.settings.cameras],
        "state_names": DEVICE_STATES,
        "videos": hardware_scan.video_devices(lanes, hardware_scan.ROOT),
    }


def _practice(visit: StepVisit) -> dict[str, Any]:
    text = visit.wizard.practice_text()
    code = None
    if text:
        drawn = segno.make(text, error="m", boost_error=False, micro=False)
        drawing = drawn.svg_inline(scale=_CODE_PX, border=4, light="white", omitsize=True)
        code = Markup(drawing)  # noqa: S704 - drawn here
    return {"code": code, "ends": visit.wizard.practice_ends(), "text": text}


def _vehicle(visit: StepVisit) -> dict[str, Any]:
    view = visit.gate.lanes[visit.lane].view
    return {
        "last": next(iter(visit.vehicles[visit.lane]), None),
        "lane_state": "" if view is None else view.state,
        "is_simulated": visit.lane in visit.gate.simulated_runs,
        "text": visit.wizard.practice_text(),
    }


def _safety(visit: StepVisit) -> dict[str, Any]:
    note = guarded(visit.wizard.record.notes).get(observed(visit.lane, StepCode.SAFETY))
    return {"lines": SAFETY_LINES, "note": note}


def _trust(visit: StepVisit) -> dict[str, Any]:
    found = visit.gate.loaded.settings.permits.trust_list
    return {"trust_file": "" if found is None else Path(found).name}


def _central(visit: StepVisit) -> dict[str, Any]:
    mqtt = visit.gate.loaded.settings.mqtt
    files = {"ca": mqtt.ca_file, "certificate": mqtt.certificate_file, "key": mqtt.key_file}
    return {
        "files_named": {name: "" if file is None else Path(file).name for name, file in files.items()},
        "broker_state": visit.gate.devices.states.get("broker", ""),
        "state_names": DEVICE_STATES,
    }


_OWN: Final[Mapping[StepCode, Callable[[StepVisit], dict[str, Any]]]] = {
    StepCode.NETWORK: _network,
    StepCode.TIME: _time,
    StepCode.BOARD: _board,
    StepCode.INPUTS: _inputs,
    StepCode.OUTPUTS: _outputs,
    StepCode.CAMERAS: _cameras,
    StepCode.TRUST: _trust,
    StepCode.CENTRAL: _central,
    StepCode.PRACTICE: _practice,
    StepCode.VEHICLE: _vehicle,
    StepCode.SAFETY: _safety,
}
WORDS: Final[Mapping[str, Any]] = {
    "titles": TITLES,
    "intros": INTROS,
    "consequences": CONSEQUENCES,
    "progress": PROGRESS,
    "advice": ADVICE,
    "signals": SIGNALS,
    "uses": USES,
    "absent": ABSENT,
    "left": StepProgress.LEFT,
}
