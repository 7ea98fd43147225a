"""One lane as a card of the dashboard: how it is, its vehicle or the last one, who waits and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from agent.console.labels import lane as labels
from agent.console.labels import lane_advice
from agent.console.lanes.character_comparison import compared
from agent.console.lanes.comparison import plate_kind, shown
from agent.console.lanes.lane_standing import Standing, standing, vehicle_here
from agent.console.live.vehicle_texts import vehicle_words
from agent.core.model import Outcome, Reason, Verdict
from agent.i18n.event_tone import DEVICE_TONES
from agent.i18n.reasons import REASONS
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.console.live.vehicles import Vehicle
    from agent.console.live.viewer_texts import Words
    from agent.lane import LaneView
    from agent.store.evidence import EvidenceStore

OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.PASSED: "passed",
    Outcome.OVERRIDDEN: "officer",
    Outcome.PASSED_WITH_VIOLATION: "warning",
    Outcome.FAULT: "warning",
    Outcome.DENIED: "refused",
    Outcome.NOT_TAKEN: "unknown",
    Outcome.BACKED_OUT: "unknown",
    Outcome.ABANDONED: "unknown",
}
VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.PASS: "passed",
    Verdict.DENY: "refused",
    Verdict.MANUAL: "officer",
    Verdict.RETRY: "busy",
}
_WORST: Final = ("bad", "poor", "busy")
_CHIPS: Final = {"bad": "refused", "poor": "warning", "busy": "busy"}


def lane_card(  # noqa: PLR0913, PLR0917 -- all that a card shows
    name: str,
    view: LaneView | None,
    vehicles: list[Vehicle],
    devices: Mapping[str, str],
    evidence: EvidenceStore,
    words: Words,
    at: float,
) -> dict[str, Any]:
    """The card as plain values. `vehicles`: the last of the lane, the newest first. `at`: monotonic seconds.

    `rank`: cards with a smaller one come first: who needs an officer, then what is out of order, then all others.
    """
    here = vehicle_here(view, vehicles)
    found = standing(view, here, words, at)
    last = here or (vehicles[0] if vehicles else None)
    return {
        "name": name,
        "standing": found,
        "rank": _rank(found),
        "here": here is not None,
        "waits": here is not None and here.outcome is None,
        "vehicle": None
        if last is None
        else vehicle_line(last, words, evidence, "" if here is None or view is None else view.plate),
        "device": _device(name, devices, words),
    }


def vehicle_line(vehicle: Vehicle, words: Words, evidence: EvidenceStore, plate: str = "") -> dict[str, Any]:
    """One vehicle in a line: plate, what became of it and why, its picture, when it came and how long it took.

    `plate`: as read until now, where no event says one yet.
    """
    letters = compared(shown(vehicle.plate or plate, words), shown(vehicle.declared, words))
    told = vehicle_words(vehicle, words, evidence)
    return {
        "transaction": vehicle.transaction,
        "plate": letters.read,
        "unsure": letters.unsure_read,
        "kind": plate_kind(vehicle.decided),
        "result": _result(vehicle, words),
        "tone": _tone(vehicle),
        "reason": "" if vehicle.reason in {None, Reason.OK} else words(REASONS[vehicle.reason].what),
        "notes": [one for one in (told["compared"], *told["alarms"]) if one],
        "picture": next((picture for picture in vehicle.pictures if picture in evidence), ""),
        "came": told["time"],
        "came_at": vehicle.began_at.timestamp(),
        "took": "" if vehicle.duration_s is None else words.number(vehicle.duration_s, 1),
    }


def _rank(found: Standing) -> int:
    if found.tone == "officer":
        return 0
    return 1 if found.calls or found.tone == "offline" else 2


def _tone(vehicle: Vehicle) -> str:
    if vehicle.dry_run:
        return "unknown"
    if vehicle.outcome is not None:
        return OUTCOMES[vehicle.outcome]
    return "busy" if vehicle.verdict is None else VERDICTS[vehicle.verdict]


def _result(vehicle: Vehicle, words: Words) -> str:
    if vehicle.outcome is not None:
        said = lane_advice.OUTCOMES[vehicle.outcome]
    else:
        said = Text("Here now") if vehicle.verdict is None else lane_advice.VERDICTS[vehicle.verdict]
    return words(Text("Dry run: {said}", said=said) if vehicle.dry_run else said)


def _device(lane: str, devices: Mapping[str, str], words: Words) -> dict[str, str]:
    """The worst of the lane's devices, or that all work."""
    tones = {name: DEVICE_TONES.get(state, "poor") for name, state in devices.items() if name.startswith(f"{lane}/")}
    for tone in _WORST:
        for name in sorted(tones):
            if tones[name] == tone:
                last = name.rpartition("/")[2]
                part = labels.PARTS.get(last, last)
                return {
                    "tone": _CHIPS[tone],
                    "text": words(Text("{device}: {state}", device=part, state=labels.DEVICES[devices[name]])),
                }
    if not tones:
        return {"tone": "unknown", "text": words(Text("No device reports"))}
    return {"tone": "passed", "text": words(Text("All working"))}
