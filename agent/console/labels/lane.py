"""What the live pages call states, lamps, signals and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.text import Text, pgettext

if TYPE_CHECKING:
    from collections.abc import Mapping

STATES: Final[Mapping[str, Text]] = {
    "unknown": Text("The lane does not answer"),
    "init": Text("Starting"),
    "idle": Text("Ready: no vehicle"),
    "present": Text("Vehicle present, waiting for its QR code"),
    "deciding": Text("Checking permit and plate"),
    "manual": Text("An officer must decide"),
    "waiting": Text("Waiting for a device to reconnect"),
    "denied": Text("Refused, vehicle still present"),
    "opening": Text("Barrier opening"),
    "open": Text("Open: the vehicle can pass"),
    "passing": Text("Vehicle under the arm"),
    "clearing": Text("Vehicle passed, waiting for a clear way"),
    "closing": Text("Barrier closing"),
    "violation": Text("Alarm: waiting for a clear way and the arm down"),
    "held_open": Text("Held open by an order"),
    "fault": Text("Out of order"),
    "yielding": Text("The other direction is passing"),
    "out_of_service": Text("Out of service"),
}

ARMS: Final[Mapping[str, Text]] = {
    "open": Text("up"),
    "closed": Text("down"),
    "between": Text("moving, or stuck in between"),
    "unknown": Text("unknown: no reliable signal from the limit switches"),
    "not_wired": Text("unknown: no limit switch is wired"),
    "assumed_open": Text("assumed up: no limit switch is wired"),
    "assumed_closed": Text("assumed down: no limit switch is wired"),
    "assumed_between": Text("assumed to be moving: no limit switch is wired"),
}

LAMPS: Final[Mapping[str, Text]] = {
    "red": Text("red"),
    "green": Text("green"),
    "off": pgettext("lamp", "off"),
    "none": Text("none: no lamp is wired"),
    "unknown": Text("unknown: the relay board does not answer"),
}

SIGNALS: Final[Mapping[str, Text]] = {
    "presence": Text("Loop before the arm"),
    "safety": Text("Loop under the arm"),
    "photocell": Text("Photocell"),
    "opened": Text("Limit switch: open"),
    "closed": Text("Limit switch: closed"),
    "key": Text("Officer's key switch"),
    "hold": Text("Hold contact"),
}

SIGNAL_IS: Final[Mapping[str, Text]] = {
    "on": Text("on"),
    "off": Text("off"),
    "unknown": Text("unknown"),
}

DEVICES: Final[Mapping[str, Text]] = {
    "connecting": Text("connecting"),
    "up": Text("works"),
    "stale": Text("no new data"),
    "lost": Text("disconnected, reconnecting"),
    "streaming": Text("works"),
    "overloaded": Text("the computer cannot keep up"),
    "dark": Text("picture dark"),
    "covered": Text("lens covered"),
    "blurred": Text("picture not sharp"),
    "blinded": Text("blinded by light"),
    "noisy": Text("image noisy"),
    "moved": Text("camera moved"),
}

PARTS: Final[Mapping[str, Text]] = {
    "relay": Text("Relay board"),
    "inputs": Text("Input board"),
    "voice": Text("Loudspeaker"),
    "broker": Text("Broker"),
    "site broker": Text("Broker of the site"),
}

PHASES: Final[Mapping[str, Text]] = {
    "connecting": Text("Connecting"),
    "stale": Text("No new picture"),
    "frozen": Text("Picture frozen"),
    "backoff": Text("Camera disconnected, reconnecting"),
    "ended": Text("The clip has ended"),
    "lost": Text("Camera disconnected, reconnecting"),
}

FIGURES: Final[Mapping[str, Text]] = {
    "module_px": Text("Size of a code module"),
    "character_px": Text("Height of plate characters"),
    "sharpness": Text("Sharpness"),
    "glare": Text("Glare"),
    "noise": Text("Noise"),
    "brightness": Text("Brightness"),
}

UNITS: Final[Mapping[str, Text]] = {
    "module_px": Text("{value} px"),
    "character_px": Text("{value} px"),
    "sharpness": Text("{value}"),
    "glare": Text("{value} %"),
    "noise": Text("{value}"),
    "brightness": Text("{value}"),
}

GRADES: Final[Mapping[str, Text]] = {
    "good": Text("good"),
    "poor": Text("could be better"),
    "bad": Text("not good enough"),
}
