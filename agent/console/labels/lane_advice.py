"""What the lane page says of each state besides its name: what happens, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.events import LET_PASS, REFUSE
from agent.core.lane import LaneState
from agent.core.model import Outcome, Verdict
from drivers.text import Text, pgettext

if TYPE_CHECKING:
    from collections.abc import Mapping

HAPPENS: Final[Mapping[LaneState, Text]] = {
    LaneState.INIT: Text("The gate checks that the lane is clear."),
    LaneState.IDLE: Text("Waiting for the next vehicle."),
    LaneState.PRESENT: Text("Waiting for the driver to show the QR code."),
    LaneState.DECIDING: Text("The gate checks the permit, the plate and the VIN."),
    LaneState.MANUAL: Text("The gate could not decide."),
    LaneState.WAITING: Text("The vehicle may pass, but the barrier is not available yet."),
    LaneState.DENIED: Text("The driver is asked to turn back."),
    LaneState.OPENING: Text("The vehicle may pass. Wait until the barrier is up."),
    LaneState.OPEN: Text("The barrier closes after the vehicle."),
    LaneState.PASSING: Text("The vehicle is driving through."),
    LaneState.CLEARING: Text("The barrier closes when the way is clear."),
    LaneState.CLOSING: Text("Keep the barrier clear."),
    LaneState.VIOLATION: Text("A vehicle passed or the barrier moved without permission."),
    LaneState.HELD_OPEN: Text("Vehicles can pass unchecked."),
    LaneState.FAULT: Text("The gate cannot read the inputs of this lane."),
    LaneState.YIELDING: Text("A vehicle from the other direction uses the barrier."),
    LaneState.OUT_OF_SERVICE: Text("The lane checks no vehicles."),
}
"""One sentence for each state."""

TO_DO: Final[Mapping[LaneState, Text]] = {
    LaneState.WAITING: Text("Unlock the lane on Barrier, or wait until the other barrier is closed."),
    LaneState.VIOLATION: Text("Check the barrier. The lane continues when it is empty and the barrier is down."),
    LaneState.HELD_OPEN: Text("Release the barrier on Barrier when vehicles should be checked again."),
    LaneState.FAULT: Text("Open Health and check the input board and its cable."),
    LaneState.OUT_OF_SERVICE: Text("Put the lane back in service on Barrier."),
}
"""What to do now, where somebody must do something."""

SILENT: Final = Text("The gate does not report on this lane.")
SILENT_TO_DO: Final = Text("It restarts by itself. If this message stays, open Health.")

ARM: Final[Mapping[str, Text]] = {
    "open": Text("Up"),
    "closed": Text("Down"),
    "between": Text("Moving, or stuck halfway"),
    "unknown": Text("Unknown: the limit switches do not report"),
    "not_wired": Text("Unknown: no limit switch"),
    "assumed_open": Text("Unknown: no limit switch; should be up"),
    "assumed_closed": Text("Unknown: no limit switch; should be down"),
    "assumed_between": Text("Unknown: no limit switch; should be moving"),
}
"""Where the arm is. What no limit switch says is unknown, whatever was ordered."""

LAMPS: Final[Mapping[str, Text]] = {
    "red": Text("Red"),
    "green": Text("Green"),
    "off": pgettext("lamp", "Off"),
    "none": Text("Unknown: not wired"),
    "unknown": Text("Unknown: the relay board does not report"),
}
"""What the relay board says of the lamps, not what was ordered."""

SIGNALS: Final[Mapping[str, Mapping[str, Text]]] = {
    "loop": {"on": pgettext("loop", "Vehicle"), "off": pgettext("loop", "Free"), "unknown": Text("Unknown")},
    "contact": {"on": pgettext("contact", "On"), "off": pgettext("contact", "Off"), "unknown": Text("Unknown")},
}
"""What an input says: a loop or a photocell, and a contact."""
LOOPS: Final = frozenset({"presence", "safety", "photocell"})

PRESETS: Final[Mapping[str, Mapping[str, Text]]] = {"pass": LET_PASS, "refuse": REFUSE}
"""The reasons that the console offers, by what is decided and by their codes."""

OUTCOMES: Final[Mapping[Outcome, Text]] = {
    Outcome.PASSED: Text("Passed"),
    Outcome.OVERRIDDEN: Text("Ended by an officer"),
    Outcome.PASSED_WITH_VIOLATION: Text("Passed, with an alarm"),
    Outcome.FAULT: Text("Interrupted by a fault"),
    Outcome.DENIED: Text("Refused"),
    Outcome.NOT_TAKEN: Text("Did not drive in"),
    Outcome.BACKED_OUT: Text("Drove back"),
    Outcome.ABANDONED: Text("Left before a decision"),
}
"""What became of a vehicle, in as few words as a chip has room for."""

VERDICTS: Final[Mapping[Verdict, Text]] = {
    Verdict.PASS: Text("May pass"),
    Verdict.DENY: Text("Refused"),
    Verdict.MANUAL: Text("Waits for an officer"),
    Verdict.RETRY: Text("Tries again"),
}
