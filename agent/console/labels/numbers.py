"""What the page Numbers calls devices, and what each of its numbers counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.text import Text, pgettext

if TYPE_CHECKING:
    from collections.abc import Mapping

FAMILIES: Final[Mapping[str, Text]] = {
    "camera": Text("Camera"),
    "scanner": pgettext("device", "Scanner"),
    "relay": Text("Relay board"),
    "inputs": Text("Input board"),
    "sign": pgettext("device", "Sign"),
    "voice": Text("Loudspeaker"),
    "broker": Text("Broker"),
}

SHIFT: Final[Mapping[Text, Text]] = {
    Text("Vehicles"): Text(
        "Every vehicle whose stop at a lane has ended, in the hour of its arrival. A vehicle that is refused and tries "
        "again counts twice. Test pulses and lanes in dry run do not count."
    ),
    Text("Waiting"): Text(
        "The time from arrival until the vehicle may go or is refused. Vehicles that left before are not in it, nor is "
        "the queue before the loop."
    ),
    Text("Deciding"): Text(
        "The time from the first code that the gate sees until its answer, also where the answer is to call an "
        "officer. Vehicles without a code are not in it."
    ),
    Text("Went to an officer"): Text(
        "Vehicles for which the gate called an officer, or which an officer let pass without being called."
    ),
    Text("Officer took"): Text(
        "The time from the call until the officer lets the vehicle pass or refuses it. Vehicles that left by "
        "themselves are not in it."
    ),
    Text("Refused"): Text(
        "Vehicles that were turned away, by the gate or by an officer. Vehicles that left without an answer are not "
        "in it."
    ),
}

TECHNICAL: Final[Mapping[Text, Text]] = {
    Text("Codes read"): Text(
        "Among vehicles that the gate judged: how many codes were read without asking for them again, and how many in "
        "the end. Vehicles that pass by their plate alone do not count."
    ),
    Text("Plates read"): Text(
        "Among vehicles whose plate had to be compared: how many plates were read without asking again, and how many "
        "in the end. A plate that differs from the permit counts as read."
    ),
    Text("Read by a camera"): Text(
        "Vehicles of the lane whose code or plate this camera read. With two cameras both can count, so the shares do "
        "not add up to 100 %."
    ),
    Text("Asked again"): Text(
        "Vehicles that were asked to show something again, by reason. A vehicle counts once for each reason."
    ),
    Text("Uptime"): Text(
        "The share of time in which a device was connected, while the gate ran. A camera with a bad picture counts as "
        "connected."
    ),
}
