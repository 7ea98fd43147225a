"""What a page tells of a lane now, as plain values in the viewer's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from agent.core.lane_state import State
from agent.signals import NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.console.live.words import Words
    from agent.core.lane_state import Watch
    from agent.lane_loop import LaneView
    from agent.settings import Lane as LaneSettings

TONES: Final[Mapping[State, str]] = {
    State.INIT: "off",
    State.IDLE: "good",
    State.PRESENT: "busy",
    State.DECIDING: "busy",
    State.WAITING: "busy",
    State.MANUAL: "poor",
    State.DENIED: "poor",
    State.YIELDING: "poor",
    State.OPENING: "open",
    State.OPEN: "open",
    State.PASSING: "open",
    State.CLEARING: "open",
    State.CLOSING: "open",
    State.HELD_OPEN: "open",
    State.VIOLATION: "bad",
    State.FAULT: "bad",
    State.OUT_OF_SERVICE: "off",
}
"""The colour of each state: good, busy, open, poor, bad or off."""
DEVICE_TONES: Final[Mapping[str, str]] = {
    "up": "good",
    "streaming": "good",
    "connecting": "busy",
    "lost": "bad",
    "stale": "bad",
}
"""Of each state of a device; all others are those of a camera that sees badly or cannot keep up."""
STILL_S: Final = 2.0
"""A loop that has not gone round for so long stands still; the watchdog will have the gate restarted."""


def lane_news(view: LaneView | None, words: Words, at: float) -> dict[str, Any]:
    """State, sign, lamp and standing orders. `at`: monotonic seconds."""
    if view is None or at - view.progress_at > STILL_S:
        return {"state": words("live.state.unknown"), "tone": "bad", "sign": "", "lamp": "", "notes": []}
    orders = view.orders
    notes = [words("live.locked_by", who=orders.locked_by)] if orders.locked_by else []
    notes += [words("live.out_of_service_by", who=orders.out_of_service_by)] if orders.out_of_service_by else []
    notes += [words("live.held_by", who=view.held_by)] if view.held_by else []
    return {
        "state": words(f"live.state.{view.state}"),
        "tone": TONES[State(view.state)],
        "sign": words.sign(view.message),
        "lamp": view.lamp,
        "lamp_text": words(f"live.lamp.{view.lamp}") if view.lamp else "",
        "notes": notes,
    }


def barrier_news(view: LaneView | None, settings: LaneSettings, words: Words) -> dict[str, Any]:
    """Where the arm is, by its limit contacts where it has any."""
    signals = settings.signals
    arm = "not_wired"
    if view is not None and signals is not None and (signals.opened or signals.closed) is not None:
        arm = _arm(view.watch, has_opened=signals.opened is not None, has_closed=signals.closed is not None)
    tone = {"open": "open", "closed": "good", "between": "busy"}.get(arm, "off")
    return {"arm": words(f"live.arm.{arm}"), "tone": tone, "position": arm}


def inputs_news(view: LaneView | None, settings: LaneSettings, words: Words, at: float) -> dict[str, Any]:
    """Every wired input with its value, and how old they are. `at`: monotonic seconds."""
    if settings.signals is None or view is None:
        return {"signals": [], "age": words("live.no_inputs") if settings.signals is None else "", "tone": "off"}
    age_s = max(0.0, at - view.watch.at)
    stale = age_s > settings.timing.stale_s
    wired = [name for name in NAMES if getattr(settings.signals, name) is not None]
    return {
        "signals": [_signal(name, None if stale else getattr(view.watch, name), words) for name in wired],
        "age": _age(age_s, words, stale=stale),
        "tone": "bad" if stale else "good",
    }


def devices_news(states: Mapping[str, str], lane: str, words: Words) -> list[dict[str, Any]]:
    """The lane's devices and the gate's own, each with its state."""
    named = sorted(
        (name for name in states if name.startswith(f"{lane}/") or "/" not in name), key=lambda name: "/" not in name
    )
    return [
        {
            "name": _device_name(name, words),
            "state": words(f"live.device.{states[name]}"),
            "tone": DEVICE_TONES.get(states[name], "poor"),
        }
        for name in named
    ]


def _arm(watch: Watch, *, has_opened: bool, has_closed: bool) -> str:
    if watch.opened and watch.closed:
        return "unknown"
    if watch.opened:
        return "open"
    if watch.closed:
        return "closed"
    known = (watch.opened is not None or not has_opened) and (watch.closed is not None or not has_closed)
    return "between" if known else "unknown"


def _signal(name: str, value: bool | None, words: Words) -> dict[str, Any]:
    state = {True: "on", False: "off", None: "unknown"}[value]
    return {"name": words(f"live.signal.{name}"), "state": state, "text": words(f"live.signal_is.{state}")}


def _age(age_s: float, words: Words, *, stale: bool) -> str:
    if not stale:
        return words("live.inputs_fresh")
    if age_s == float("inf"):
        return words("live.inputs_never")
    return words("live.inputs_stale", seconds=words.number(age_s, 0))


def _device_name(name: str, words: Words) -> str:
    """A relay board and the inputs of a lane have names for people; cameras and scanners those of the configuration."""
    last = name.rpartition("/")[2]
    return (
        words(f"live.part.{last.replace(' ', '_')}") if last in {"relay", "inputs", "broker", "site broker"} else last
    )
