"""What each step shows beside its questions: what is plugged in, what was seen, what is in use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import segno
from markupsafe import Markup

from agent.console import hardware_scan
from agent.console.hold_to_confirm import HOLD_S
from agent.console.wizard.safety_list import SAFETY_LINES
from agent.console.wizard.step_visit import StepVisit, guarded
from agent.core.model import SIGNAL_NAMES
from agent.i18n.event_text import DEVICE_STATES
from agent.settings.configuration_loading import usable_kinds
from agent.setup import STAGES, StepCode, observed, outputs_of, used
from drivers.api import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CODE_PX: Final = 5


def parts_of(visit: StepVisit) -> dict[str, Any]:
    """What the template of the step is given."""
    return _OWN.get(visit.code, _nothing)(visit)


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
        "enrolment": enrolment_part(visit),
    }


def enrolment_part(visit: StepVisit, **found: Any) -> dict[str, Any]:
    """What the card of the enrolment shows. `found`: what came of its form."""
    settings = visit.gate.loaded.settings
    progress = visit.wizard.enrolment.progress
    server = progress.url or ("" if settings.enrolment.url is None else str(settings.enrolment.url))
    stages = list(STAGES)
    begun = 0 if progress.stage is None else stages.index(progress.stage)
    return {
        "progress": progress,
        "stages": [(words, number < begun, number == begun) for number, words in enumerate(STAGES.values())],
        "gate": settings.gate.id,
        "server": server,
        "offer": None,
        "errors": {},
        "trouble": None,
        "advice": None,
        "has_certificate": settings.mqtt.certificate_file is not None,
        "is_locked": visit.gate.loaded.anchors is not None,
        "can_repeat": visit.wizard.enrolment.offer(progress.offer, visit.person.name) is not None,
        **found,
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
