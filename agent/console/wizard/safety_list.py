"""The list that is tried on the finished gate and signed: what to try, and what must happen, as docs/safety.md has it.

A test holds that it has as many lines.
"""

from __future__ import annotations

from typing import Final

from drivers.text import Text

SAFETY_LINES: Final = (
    Text(
        "Unplug the relay board. Open the arm, drive onto the loop under it, and let the arm start to "
        "close: it reverses or stays up."
    ),
    Text("Unplug the relay board. Break the beam while the arm closes: it reverses or stops."),
    Text("Switch the computer off. Press STOP while the arm moves: it stops."),
    Text("Switch the computer off. Trigger the fire alarm: the barrier opens and stays open."),
    Text("Switch the power off. Raise the arm with the manual release."),
    Text("Measure the force and the reversing of the arm: they comply with EN 12453, and the test record is attached."),
    Text("Check that the port of the board has a lasting name, and that no other program has it open."),
    Text("Send a test pulse: the right relay clicks, and COM and NO are wired, not NC."),
    Text(
        "Use both loops, the beam and the limit switches one by one: each time the right name changes, in "
        "the right direction."
    ),
    Text("Send OPEN while the arm is opening: it keeps opening; it neither stops nor reverses."),
    Text("Show a valid permit: one pulse comes, the arm opens once, and the vehicle has passed."),
    Text("Show the same permit again: it is refused as already used."),
    Text("Show a permit and drive back before the loop under the arm: the permit can be used again."),
    Text("Show a permit, drive onto the loop under the arm and back: the permit needs an officer the next time."),
    Text(
        "Drive through slowly with a trailer: it counts as one passage, and the arm waits until the trailer is through."
    ),
    Text("Drive through with a second vehicle close behind: the alarm for tailgating is raised."),
    Text(
        "Unplug the relay board while a vehicle waits, and plug it in again: the arm has not moved, the lane is ready."
    ),
    Text("Unplug the input board with a vehicle under the open arm: the gate sends no close."),
    Text("Kill the agent in the middle of a pulse: the relay releases within seconds."),
    Text(
        "Pull the mains plug of the computer in the middle of a passage, and start again: nothing moves at the start."
    ),
    Text("Only if two barriers are interlocked: send OPEN to the second while the first is open. It waits."),
    Text("Lock the lane, show a permit, turn the key, restart the agent, and try again: nothing opens."),
    Text("Lock the lane and switch the hold contact on: the barrier opens and is held."),
)
