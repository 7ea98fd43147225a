"""The parts of a lane's page that change: state, comparison, what the driver sees, inputs, devices; as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.console.lanes.comparison import as_plain, comparison, shown
from agent.console.lanes.driver_view import driver_view
from agent.console.lanes.lane_inputs import lane_inputs
from agent.console.lanes.lane_standing import standing, vehicle_here
from agent.console.live.lane_updates import devices_news
from agent.console.page import render

if TYPE_CHECKING:
    from agent.console.dependencies import Gate
    from agent.console.lanes.html_fragments import Parts
    from agent.console.live.dependencies import Live
    from agent.console.live.viewer_texts import Words

_LOOKED_AT = 4
"""How many of the last vehicles of a lane are looked at: the one that is there is among them."""


def lane_parts(
    gate: Gate, live: Live, lane: str, parts: Parts, words: Words, *, may_decide: bool
) -> dict[str, dict[str, Any]]:
    """Each part by the name of its event: its `html`; of the state also what an officer may decide, and on whom."""
    now, unit, settings = gate.now(), gate.lanes[lane], gate.loaded.settings.lanes[lane]
    view, devices = unit.view, gate.devices.states
    here = vehicle_here(view, live.vehicles.last(lane, _LOOKED_AT))
    read = "" if view is None else view.plate
    found = standing(view, here, words, now.at)
    rows = as_plain(comparison(here, read, words, now.utc))
    decides = found.decides if may_decide and found.transaction else ()
    driver = driver_view(lane, view, settings, devices, words, now.at)
    inputs = lane_inputs(view, settings, unit.barrier.energised, words, now.at)
    came_at = None if here is None or here.outcome is not None else here.began_at.timestamp()
    gate_devices, ask = devices_news(devices, lane, words), parts.request
    told = {
        "standing": parts.html(
            "standing",
            (found, decides, came_at),
            lambda: render(ask, "lane_standing.html", found=found, decides=decides, came_at=came_at),
        ),
        "compare": parts.html("compare", rows, lambda: render(ask, "lane_compare.html", rows=rows)),
        "driver": parts.html("driver", driver, lambda: render(ask, "lane_driver.html", driver=driver)),
        "inputs": parts.html("inputs", inputs, lambda: render(ask, "lane_inputs.html", inputs=inputs)),
        "devices": parts.html("devices", gate_devices, lambda: render(ask, "lane_devices.html", devices=gate_devices)),
    }
    made: dict[str, dict[str, Any]] = {f"part:{name}": {"html": html} for name, html in told.items()}
    plate = "" if here is None else shown(here.plate or read or here.declared, words)
    made["part:standing"] |= {"decides": list(decides), "transaction": found.transaction, "plate": plate}
    return made
