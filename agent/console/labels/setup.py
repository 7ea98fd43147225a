"""What the page Set-up calls its steps, and what is to be done for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRESS: Final[Mapping[str, Text]] = {
    "done": Text("done"),
    "left": Text("left to do"),
    "wrong": Text("does not work"),
    "choice": Text("as you choose"),
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
        "The gate still has the name of the example. Give it the name and the site number by which central knows it."
    ),
    ("permits", "left"): Text(
        "The root key is that of the example, so no permit is accepted. Put in the key of your issuer."
    ),
    ("permits", "wrong"): Text(
        "The gate accepts only papers to practise with. They end after a day: put in the key of your issuer before."
    ),
    ("broker", "choice"): Text("No broker is set: events wait in the journal of this gate."),
    ("broker", "left"): Text("Connected, but no event has been acknowledged yet. Is the consumer at central running?"),
    ("broker", "wrong"): Text("The broker cannot be reached. See there what is wrong."),
    ("clock", "choice"): Text("No time server has set the clock. The gate decides all the same, as it is configured."),
    ("clock", "wrong"): Text(
        "No time server has set the clock, so every permit goes to an officer. Give this computer a time server."
    ),
    ("relay", "left"): Text(
        "It is simulated: nothing moves. Plug in the board, see what is found, and put it into the configuration."
    ),
    ("relay", "wrong"): Text("It does not answer. Look at its cable and power; see there whether its port is found."),
    ("inputs", "choice"): Text("None are wired: passages are assumed, and every event says so."),
    ("inputs", "left"): Text(
        "They are simulated: no vehicle is felt. Put the board with the inputs into the configuration."
    ),
    ("inputs", "wrong"): Text("Their board does not answer. Look at its cable and power."),
    ("camera", "left"): Text("It is drawn by the computer. Put the address of the real camera into the configuration."),
    ("camera", "wrong"): Text("It gives no good picture. See there what is wrong."),
    ("zone", "choice"): Text(
        "Plates count in the whole picture. Draw the place of the vehicle at the barrier, so that others do not count."
    ),
    ("vehicle", "left"): Text("No vehicle has passed yet. Drive up, show a permit, and see each step here."),
}
"""By the code of a step and how far it is."""
