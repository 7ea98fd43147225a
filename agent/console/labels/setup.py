"""What the page Set-up calls its steps, and what is to be done for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRESS: Final[Mapping[str, Text]] = {
    "done": Text("done"),
    "left": Text("to do"),
    "wrong": Text("needs attention"),
    "choice": Text("optional"),
}

STEPS: Final[Mapping[str, Text]] = {
    "gate": Text("Name of the gate"),
    "permits": Text("Whose permits are accepted"),
    "broker": Text("Reporting to central"),
    "clock": Text("Clock"),
    "relay": Text("Relay board that moves the barrier"),
    "inputs": Text("Loops and contacts"),
    "camera": Text("Camera"),
    "zone": Text("Where a plate counts"),
    "vehicle": Text("First vehicle"),
}

ADVICE: Final[Mapping[tuple[str, str], Text]] = {
    ("gate", "left"): Text(
        "The gate still has the example name. Enter the name and the site number that central uses."
    ),
    ("permits", "left"): Text("The root key is the example key, so no permit is accepted. Enter your issuer's key."),
    ("permits", "wrong"): Text(
        "The gate accepts only practice permits, which are valid for one day. Enter your issuer's key before then."
    ),
    ("broker", "choice"): Text("No broker is configured: events wait in this gate's journal."),
    ("broker", "left"): Text("Connected, but no event has been acknowledged yet. Is the consumer at central running?"),
    ("broker", "wrong"): Text("The broker cannot be reached. Open the page for details."),
    ("clock", "choice"): Text("No time server has set the clock. As configured, the gate still decides."),
    ("clock", "wrong"): Text(
        "No time server has set the clock, so an officer decides on every permit. Set up a time server for this "
        "computer."
    ),
    ("relay", "left"): Text(
        "This board is simulated: nothing moves. Plug in the real board, check that it is found, and add it to the "
        "configuration."
    ),
    ("relay", "wrong"): Text("No answer. Check its cable and power, and whether its port is found."),
    ("inputs", "choice"): Text("None wired: passages cannot be detected; events are marked “assumed”."),
    ("inputs", "left"): Text(
        "These inputs are simulated and detect no vehicle. Add the board with the inputs to the configuration."
    ),
    ("inputs", "wrong"): Text("The board of the inputs does not answer. Check its cable and power."),
    ("camera", "left"): Text("This is a simulated camera. Enter the address of the real camera in the configuration."),
    ("camera", "wrong"): Text("The picture is not good enough. Open the page for details."),
    ("zone", "choice"): Text(
        "Plates count in the whole picture. Draw a zone around the vehicle at the barrier to ignore other plates."
    ),
    ("vehicle", "left"): Text("No vehicle has passed yet. Drive up, show a permit, and watch each step here."),
}
"""By the code of a step and how far it is."""
