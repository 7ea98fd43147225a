"""What a lane senses and shows: arm, inputs and lamp, each unknown where nothing reports it, and how fresh it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.console.labels import lane as labels
from agent.console.labels import lane_advice
from agent.console.live.arm_position import Arm, arm_of, known_inputs
from agent.console.live.lane_updates import inputs_news
from drivers.text import Text

if TYPE_CHECKING:
    from agent.console.live.viewer_texts import Words
    from agent.lane import LaneView
    from agent.settings import Lane as LaneSettings

_SEEN = frozenset({Arm.OPEN, Arm.CLOSED, Arm.BETWEEN})
_COLOURS = ("red", "green")


def lane_inputs(
    view: LaneView | None, settings: LaneSettings, energised: tuple[bool, ...] | None, words: Words, at: float
) -> dict[str, Any]:
    """`rows`: name, words and state: on, off, dunno (unknown), or plain for what is neither. `at`: monotonic seconds.

    `energised`: the relays of the lane's board, as the board said; None: it says nothing.
    """
    arm, lamp = arm_of(view, settings, at), lamp_of(settings, energised)
    seen = "plain" if arm in _SEEN else "dunno"
    fresh = inputs_news(view, settings, words, at)
    return {
        "rows": [
            {"name": words(Text("Barrier")), "words": words(lane_advice.ARM[arm]), "state": seen},
            *_signals(view, settings, words, at),
            {
                "name": words(Text("Lamp")),
                "words": words(lane_advice.LAMPS[lamp]),
                "state": {"off": "off", "none": "dunno", "unknown": "dunno"}.get(lamp, "plain"),
            },
        ],
        "age": fresh["age"],
        "stale": fresh["tone"] == "bad",
    }


def lamp_of(settings: LaneSettings, energised: tuple[bool, ...] | None) -> str:
    """Which lamp the relay board says is lit: red, green or off; none where no lamp is wired.

    Unknown where the board says nothing, or says both.
    """
    channels = {colour: getattr(settings.barrier, f"{colour}_channel") for colour in _COLOURS}
    wired = {colour: channel for colour, channel in channels.items() if channel is not None}
    if not wired:
        return "none"
    if energised is None or any(channel > len(energised) for channel in wired.values()):
        return "unknown"
    lit = [colour for colour, channel in wired.items() if energised[channel - 1]]
    return "unknown" if len(lit) > 1 else lit[0] if lit else "off"


def _signals(view: LaneView | None, settings: LaneSettings, words: Words, at: float) -> list[dict[str, Any]]:
    if settings.signals is None:
        return []
    known = None if view is None else known_inputs(view, settings, at)
    rows = []
    for name in settings.signals.wired:
        state = {True: "on", False: "off", None: "unknown"}[None if known is None else getattr(known, name)]
        said = lane_advice.SIGNALS["loop" if name in lane_advice.LOOPS else "contact"][state]
        rows.append(
            {
                "name": words(labels.SIGNALS[name]),
                "words": words(said),
                "state": "dunno" if state == "unknown" else state,
            }
        )
    return rows
