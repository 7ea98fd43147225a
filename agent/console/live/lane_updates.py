"""What a page tells of a lane now, as plain values in the viewer's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from agent.console.labels import lane as labels
from agent.console.live.arm_position import TONES as ARM_TONES
from agent.console.live.arm_position import arm_of, known_inputs, stands_still
from agent.core.lane import LaneState
from agent.i18n.event_tone import DEVICE_TONES
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.console.live.viewer_texts import Words
    from agent.lane import DryRunCounts, LaneView
    from agent.settings import Lane as LaneSettings

TONES: Final[Mapping[LaneState, str]] = {
    LaneState.INIT: "off",
    LaneState.IDLE: "good",
    LaneState.PRESENT: "busy",
    LaneState.DECIDING: "busy",
    LaneState.WAITING: "busy",
    LaneState.MANUAL: "poor",
    LaneState.DENIED: "poor",
    LaneState.YIELDING: "poor",
    LaneState.OPENING: "open",
    LaneState.OPEN: "open",
    LaneState.PASSING: "open",
    LaneState.CLEARING: "open",
    LaneState.CLOSING: "open",
    LaneState.HELD_OPEN: "open",
    LaneState.VIOLATION: "bad",
    LaneState.FAULT: "bad",
    LaneState.OUT_OF_SERVICE: "off",
}
"""The colour of each state: good, busy, open, poor, bad or off."""
_COLOURS: Final = ("red", "green")


def lane_news(view: LaneView | None, settings: LaneSettings, words: Words, at: float) -> dict[str, Any]:
    """State, lamp, standing orders, and what there is to tell the driver. `at`: monotonic seconds."""
    sign = words(Text("none: this lane has no sign"))
    if view is None or stands_still(view, at):
        return {
            "state": words(Text("The lane does not answer")),
            "tone": "bad",
            "message": "",
            "sign": sign,
            "lamp": "",
            "lamp_text": "",
            "notes": [],
        }
    if view.dry_run is not None:
        return _dry_run_news(view, words)
    lamp = lit(view, settings)
    return {
        "state": words(labels.STATES[view.state]),
        "tone": TONES[LaneState(view.state)],
        "message": words.sign(view.message, view.texts),
        "sign": sign,
        "lamp": lamp if lamp in _COLOURS else "",
        "lamp_text": words(labels.LAMPS[lamp]),
        "notes": lane_notes(view, words),
    }


def lane_notes(view: LaneView, words: Words) -> list[str]:
    """What holds besides the state: that the lane moves nothing, and who locked, held or took it out of service."""
    lockout = view.lockout
    notes = [] if view.dry_run is None else _dry_run_notes(view.dry_run, words)
    notes += [words(Text("Locked by {who}", who=lockout.locked_by))] if lockout.locked_by else []
    notes += (
        [words(Text("Taken out of service by {who}", who=lockout.out_of_service_by))]
        if lockout.out_of_service_by
        else []
    )
    return notes + ([words(Text("Held open by {who}", who=view.held_by))] if view.held_by else [])


def _dry_run_notes(counts: DryRunCounts, words: Words) -> list[str]:
    """First of all that nothing moves, then how the decisions agree with what happens."""
    return [
        words(Text("DRY RUN: nothing moves, and the driver gets no messages")),
        words(
            Text(
                "Since the start: {agreed} vehicles did what the gate decided, {disagreed} did not, "
                "{unknown} cannot be compared",
                agreed=counts.agreed,
                disagreed=counts.disagreed,
                unknown=counts.unknown,
            )
        ),
    ]


def _dry_run_news(view: LaneView, words: Words) -> dict[str, Any]:
    """What a lane tells that moves nothing."""
    return {
        "state": words(Text("Dry run: {state}", state=labels.STATES[view.state])),
        "tone": "off",
        "message": "",
        "sign": words(Text("nothing: the lane is in dry run")),
        "lamp": "",
        "lamp_text": words(Text("dark: the lane is in dry run")),
        "notes": lane_notes(view, words),
    }


def lit(view: LaneView, settings: LaneSettings) -> str:
    """Which lamp is lit: red, green or off; none where no lamp is wired, unknown while the relay board is away."""
    channels = {colour: getattr(settings.barrier, f"{colour}_channel") for colour in _COLOURS}
    if set(channels.values()) == {None}:
        return "none"
    if not view.relay_up:
        return "unknown"
    return view.lamp if channels.get(view.lamp) is not None else "off"


def barrier_news(view: LaneView | None, settings: LaneSettings, words: Words, at: float) -> dict[str, Any]:
    """Where the arm is, by its limit switches where it has any. `at`: monotonic seconds."""
    arm = arm_of(view, settings, at)
    return {"arm": words(labels.ARMS[arm]), "tone": ARM_TONES[arm], "position": arm.value}


def inputs_news(view: LaneView | None, settings: LaneSettings, words: Words, at: float) -> dict[str, Any]:
    """Every wired input with its value, and how old they are. `at`: monotonic seconds."""
    if settings.signals is None or view is None:
        return {
            "signals": [],
            "age": words(Text("This lane has no inputs: passages are assumed")) if settings.signals is None else "",
            "tone": "off",
        }
    age_s = max(0.0, at - view.input_state.signals.at)
    stale = age_s > settings.timing.stale_s
    known = known_inputs(view, settings, at)
    return {
        "signals": [_signal(name, getattr(known, name), words) for name in settings.signals.wired],
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
            "state": words(labels.DEVICES[states[name]]),
            "tone": DEVICE_TONES.get(states[name], "poor"),
        }
        for name in named
    ]


def _signal(name: str, value: bool | None, words: Words) -> dict[str, Any]:
    state = {True: "on", False: "off", None: "unknown"}[value]
    return {"name": words(labels.SIGNALS[name]), "state": state, "text": words(labels.SIGNAL_IS[state])}


def _age(age_s: float, words: Words, *, stale: bool) -> str:
    if not stale:
        return words(Text("Read just now"))
    if age_s == float("inf"):
        return words(Text("Not read yet"))
    return words(Text("Last read {seconds} s ago", seconds=words.number(age_s, 0)))


def _device_name(name: str, words: Words) -> str:
    """A relay board and the inputs of a lane have names for people; cameras and scanners those of the configuration."""
    last = name.rpartition("/")[2]
    return words(labels.PARTS[last]) if last in labels.PARTS else last
