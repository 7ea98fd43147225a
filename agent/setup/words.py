"""What the steps are called, what each asks for, and what follows where one is left out: the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.setup.progress import StepCode, StepProgress
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRESS: Final[Mapping[StepProgress, Text]] = {
    StepProgress.DONE: Text("done"),
    StepProgress.LEFT: Text("to do"),
    StepProgress.WRONG: Text("needs attention"),
    StepProgress.CHOICE: Text("optional"),
    StepProgress.SKIPPED: Text("skipped"),
}

TITLES: Final[Mapping[StepCode, Text]] = {
    StepCode.GATE: Text("Gate and lane"),
    StepCode.NETWORK: Text("Network address"),
    StepCode.TIME: Text("Time"),
    StepCode.BOARD: Text("Relay board"),
    StepCode.INPUTS: Text("Inputs"),
    StepCode.OUTPUTS: Text("Lamps, sign, voice"),
    StepCode.CAMERAS: Text("Cameras"),
    StepCode.AIM: Text("Aim and zone"),
    StepCode.TRUST: Text("Permits and trust"),
    StepCode.CENTRAL: Text("Central system"),
    StepCode.PRACTICE: Text("Practice permit"),
    StepCode.VEHICLE: Text("First vehicle"),
    StepCode.SAFETY: Text("Safety check"),
}

INTROS: Final[Mapping[StepCode, Text]] = {
    StepCode.GATE: Text("Enter the name and the site number that the central system uses for this gate."),
    StepCode.NETWORK: Text("Choose the addresses of this computer at which phones and laptops open this page."),
    StepCode.TIME: Text(
        "Permits are valid for a limited time, so the gate needs a clock that is set by a time server."
    ),
    StepCode.BOARD: Text("Find the board that controls the barrier, and test it once."),
    StepCode.INPUTS: Text("Use each loop and contact once. The gate finds the input that changes."),
    StepCode.OUTPUTS: Text(
        "Connect the lamp, sign or voice for the driver, and check that it shows what this page says."
    ),
    StepCode.CAMERAS: Text("Connect the camera that looks at the driver's side of the barrier."),
    StepCode.AIM: Text("Turn the camera until codes and plates are large and sharp, then draw the zone."),
    StepCode.TRUST: Text("The root key of the issuer decides whose permits are accepted."),
    StepCode.CENTRAL: Text("Connect the gate to the broker of the central system, so that events arrive there."),
    StepCode.PRACTICE: Text("A practice permit lets your own car through for one day, until the issuer's key is here."),
    StepCode.VEHICLE: Text("Drive up and show the permit. The gate reads it, decides, and opens the barrier."),
    StepCode.SAFETY: Text("Try each line on the finished gate, with a second person who watches the arm. Then sign."),
}

CONSEQUENCES: Final[Mapping[StepCode, Text]] = {
    StepCode.NETWORK: Text("Without this, only this computer itself can open the console."),
    StepCode.TIME: Text("Without a reliable clock, an officer decides on every vehicle."),
    StepCode.BOARD: Text("Without a board, nothing real moves."),
    StepCode.INPUTS: Text("Without inputs, passages cannot be detected; events are marked “assumed”."),
    StepCode.OUTPUTS: Text("Without a lamp, sign or voice, the driver gets no messages."),
    StepCode.CAMERAS: Text("Without a camera, the gate reads neither codes nor plates."),
    StepCode.AIM: Text("Without a zone, plates count in the whole picture, also those of other vehicles."),
    StepCode.TRUST: Text("Without the issuer's key, no real permit is accepted."),
    StepCode.CENTRAL: Text("Without a broker, events wait in the journal of this gate."),
    StepCode.PRACTICE: Text("Without a practice permit, the first vehicle needs a permit of the issuer."),
    StepCode.VEHICLE: Text("Without a first vehicle, no one knows whether the lane works."),
    StepCode.SAFETY: Text("Without a signed safety check, the gate must not go into service."),
}
"""What follows where a step is left out. The gate needs a name: that step cannot be skipped."""

ADVICE: Final[Mapping[tuple[StepCode, str], Text]] = {
    (StepCode.GATE, "left"): Text("The gate still has the name of the example."),
    (StepCode.NETWORK, "left"): Text("No one has opened this page from another device yet."),
    (StepCode.TIME, "wrong"): Text("No time server has set the clock, so an officer decides on every vehicle."),
    (StepCode.TIME, "choice"): Text("No time server has set the clock. This gate is configured to decide anyway."),
    (StepCode.BOARD, "left"): Text("The board is simulated: nothing moves."),
    (StepCode.BOARD, "untried"): Text("The board answers. No one has seen it move the barrier yet."),
    (StepCode.BOARD, "wrong"): Text("The board does not answer. Check its cable and power."),
    (StepCode.INPUTS, "left"): Text("The inputs are simulated: no vehicle is detected."),
    (StepCode.INPUTS, "unseen"): Text("Some inputs have not been seen to change yet. Use each of them once."),
    (StepCode.INPUTS, "wrong"): Text("The board with the inputs does not answer. Check its cable and power."),
    (StepCode.INPUTS, "choice"): Text("No inputs: passages cannot be detected; events are marked “assumed”."),
    (StepCode.OUTPUTS, "left"): Text("No one has confirmed yet what lamps, sign or voice show."),
    (StepCode.OUTPUTS, "choice"): Text("No lamp, sign or voice is connected."),
    (StepCode.CAMERAS, "left"): Text("The camera is simulated."),
    (StepCode.CAMERAS, "wrong"): Text("A camera delivers no good picture. Check its address, cable and power."),
    (StepCode.AIM, "choice"): Text("No zone: plates count in the whole picture."),
    (StepCode.TRUST, "left"): Text("The root key is that of the example, so no permit is accepted."),
    (StepCode.TRUST, "practice"): Text("The gate accepts only its practice permit. Enter the key of the issuer."),
    (StepCode.CENTRAL, "choice"): Text("No broker is configured: events wait in the journal of this gate."),
    (StepCode.CENTRAL, "left"): Text("Connected, but central has acknowledged nothing. Is its consumer running?"),
    (StepCode.CENTRAL, "wrong"): Text("The broker cannot be reached."),
    (StepCode.PRACTICE, "choice"): Text("There is no practice permit."),
    (StepCode.PRACTICE, "over"): Text("The practice permit has expired. Make another one."),
    (StepCode.VEHICLE, "left"): Text("No vehicle has passed yet."),
    (StepCode.SAFETY, "left"): Text("No one has signed the safety check."),
}
"""By the step and what is left of it: its detail where it has one, else its progress."""

SIGNALS: Final[Mapping[str, Text]] = {
    "presence": Text("Loop in front of the barrier"),
    "safety": Text("Loop under the barrier"),
    "photocell": Text("Photocell"),
    "opened": Text("Limit switch: open"),
    "closed": Text("Limit switch: closed"),
    "key": Text("Key switch of the officer"),
    "hold": Text("Contact that holds the barrier open, such as a fire alarm"),
}

USES: Final[Mapping[str, Text]] = {
    "presence": Text("Drive onto the loop in front of the barrier and stop there."),
    "safety": Text("Drive onto the loop under the barrier, with the arm held open manually or by the controller."),
    "photocell": Text("Break the light beam across the lane, and keep it broken."),
    "opened": Text("Start with the arm halfway. Then move it to the open position."),
    "closed": Text("Start with the arm halfway. Then move it to the closed position."),
    "key": Text("Turn the key switch, and keep it turned."),
    "hold": Text("Switch the contact on, and keep it on."),
}
"""What somebody does at the barrier so that an input is found."""

ABSENT: Final[Mapping[str, Text]] = {
    "presence": Text("Skip: no loop here"),
    "safety": Text("Skip: no loop here"),
    "photocell": Text("Skip: no photocell"),
    "opened": Text("Skip: no limit switch"),
    "closed": Text("Skip: no limit switch"),
    "key": Text("Skip: no key switch"),
    "hold": Text("Skip: no such contact"),
}
