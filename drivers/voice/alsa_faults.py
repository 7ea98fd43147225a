"""What the words of ALSA's player `aplay` mean: away or busy, or wrong as it is configured. Pure functions on text."""

from __future__ import annotations

import re
from typing import Final

from drivers.api import DeviceError, DeviceMisconfiguredError, DeviceUnavailableError
from drivers.text import Text

_CARD: Final = re.compile(r"Hardware PCM card \d+ '([^'\n]*)' device (\d+)")
_WRONG_RATE: Final = "rate is not accurate"
BEGUN: Final = "Its setup is"
"""What `aplay -v` says when the device is open and has taken the format."""
_KIND: Final = re.compile(rf"^(.+)\n{BEGUN}", re.MULTILINE)

_AWAY = Text(
    "there is no sound device {device}: it is unplugged, or it has another name; the command aplay -L shows the names"
)
_BUSY = Text(
    "the sound device {device} is in use by another program: stop that program, or use a device that "
    "mixes, such as default"
)
_FORBIDDEN = Text("the sound device {device} may not be opened: its user must be in the group audio")
_UNKNOWN = Text("ALSA knows no sound device {device}; the command aplay -L shows the names")
_FORMAT = Text(
    "the sound device {device} does not accept the format of the recordings; use plughw: instead of hw: "
    "in its name, which converts"
)
_WORDS: Final[tuple[tuple[re.Pattern[str], type[DeviceError], Text], ...]] = (
    (re.compile(r"Permission denied|Operation not permitted"), DeviceMisconfiguredError, _FORBIDDEN),
    (re.compile(r"Device or resource busy"), DeviceUnavailableError, _BUSY),
    (re.compile(r"cannot find card|Cannot get card index|No such device"), DeviceUnavailableError, _AWAY),
    (re.compile(r"Unknown PCM"), DeviceMisconfiguredError, _UNKNOWN),
    (
        re.compile(rf"{_WRONG_RATE}|non available|Broken configuration|Unable to install hw params|Invalid argument"),
        DeviceMisconfiguredError,
        _FORMAT,
    ),
)
"""In the order in which they count: ALSA tells the cause first, and then what it could not do because of it."""


def fault_of(said: str, device: str) -> DeviceError:
    """The error behind the words with which aplay failed on this device, in English (LC_ALL=C)."""
    for pattern, kind, message in _WORDS:
        if pattern.search(said):
            return kind(message.filled(device=device))
    words = said.strip().splitlines()
    return DeviceUnavailableError(
        Text("the sound device {device} failed: {words}", device=device, words=words[-1])
        if words
        else Text("the sound device {device} failed without a message", device=device)
    )


def is_distorted(said: str) -> bool:
    """Whether aplay plays at another speed than was asked for; it only warns of that."""
    return _WRONG_RATE in said


def identity_of(said: str) -> str:
    """What the device is, by the words of `aplay -v`: the sound card's name, or what kind of device stands for it."""
    if found := _CARD.search(said):
        return Text("{card}, output {number}", card=found[1], number=found[2])
    kind = _KIND.search(said)
    return kind[1] if kind else "?"
