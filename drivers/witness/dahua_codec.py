"""The documents of Dahua's event manager and snapshot manager with the event TrafficJunction. Pure.

The event manager says `Code=...;action=...;index=...;data={JSON}`; the snapshot manager lines `Events[0].Name=value`,
then the pictures. Source: public code of several projects that read such cameras; none was on a wire here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from drivers.text import Text
from drivers.untrusted_text import DocumentError, word
from drivers.witness.codec import SaidPlate
from drivers.witness.strict_json import read_json_object
from drivers.witness.words import lane_number, plate_text, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drivers.witness.multipart import Part

EVENT: Final = "TrafficJunction"
HEARTBEAT_S: Final = 5
EVENTS: Final = f"/cgi-bin/eventManager.cgi?action=attach&codes=[{EVENT}]&heartbeat={HEARTBEAT_S}"
PICTURES: Final = (
    f"/cgi-bin/snapManager.cgi?action=attachFileProc&Flags[0]=Event&Events=[{EVENT}]&heartbeat={HEARTBEAT_S}"
)
ABOUT: Final = "/cgi-bin/magicBox.cgi?action=getDeviceType"
_HEARTBEAT: Final = "heartbeat"
_HAPPENS: Final = frozenset({"pulse", "start"})
_MESSAGE: Final = re.compile(
    r"Code=([A-Za-z0-9_]{1,64});action=([A-Za-z]{1,16});index=(-?[0-9]{1,6})(?:;data=(.*))?", re.DOTALL
)
_LINE: Final = re.compile(r"Events\[([0-9]{1,3})\]\.([^=\s]{1,128})=(.*)", re.DOTALL)
_MOST_LINES: Final = 2000
_MOST_EVENTS: Final = 16
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")
_PLATE: Final = "plate"


class DahuaCodec:
    """An `EventCodec`. `pictures`: ask the snapshot manager. `certain`: the number with which it is sure."""

    about: Final = ABOUT

    def __init__(self, certain: float, *, pictures: bool) -> None:
        self._certain = certain
        self._pictures = pictures

    @property
    def events(self) -> str:
        """The stream that brings pictures, or the one that brings none."""
        return PICTURES if self._pictures else EVENTS

    def identity(self, document: bytes) -> str:
        """Its model: the value of the line `type=`."""
        name, _, model = _decoded(document).strip().partition("=")
        if name != "type" or not word(model):
            raise DocumentError(Text("expected the line type= with the model"))
        return word(model.splitlines()[0])

    def plates(self, part: Part) -> tuple[SaidPlate, ...]:
        """The plates of events TrafficJunction that happen; none of a heartbeat and of other events."""
        text = _decoded(part.body).strip()
        if text.casefold() in {"", _HEARTBEAT}:
            return ()
        found = self._of_lines(text) if text.startswith("Events[") else self._of_message(text)
        return tuple(one for one in found if one.text)

    def is_whole(self, body: bytes) -> bool:
        """Whether it is a heartbeat, or a message whose JSON is closed. Of lines nobody knows which is the last."""
        text = body.rstrip()
        if text.lower() == _HEARTBEAT.encode():
            return text != body
        if not text.endswith(b"}"):
            return False
        try:
            message = _MESSAGE.fullmatch(_decoded(body).strip())
            return message is not None and bool(read_json_object(message[4] or ""))
        except DocumentError:
            return False

    def shows_vehicle(self, _part: Part) -> bool:
        """Never known: its pictures have no names."""
        return False

    def _of_message(self, text: str) -> list[SaidPlate]:
        message = _MESSAGE.fullmatch(text)
        if message is None:
            raise DocumentError(Text("expected Code=...;action=...;index=..., or a heartbeat"))
        if message[1] != EVENT or message[2].lower() not in _HAPPENS:
            return []
        return [self._plate(_flat(read_json_object(message[4] or "{}")))]

    def _of_lines(self, text: str) -> list[SaidPlate]:
        events: dict[int, dict[str, str]] = {}
        lines = text.splitlines()
        if len(lines) > _MOST_LINES:
            raise DocumentError(Text("more than {most} lines", most=_MOST_LINES))
        for line in filter(None, map(str.strip, lines)):
            said = _LINE.fullmatch(line)
            if said is None:
                raise DocumentError(Text("expected lines of the form Events[0].Name=value"))
            event = events.setdefault(int(said[1]), {})
            if event.setdefault(said[2], said[3]) != said[3]:
                raise DocumentError(Text("an event with the same name twice"))
        if len(events) > _MOST_EVENTS:
            raise DocumentError(Text("more than {most} events at once", most=_MOST_EVENTS))
        return [self._plate(event) for event in events.values() if _happens(event)]

    def _plate(self, event: Mapping[str, str]) -> SaidPlate:
        is_plate = event.get("Object.ObjectType", _PLATE).lower() == _PLATE
        text = event.get("TrafficCar.PlateNumber") or (event.get("Object.Text", "") if is_plate else "")
        # The confidence of an object that is no plate, such as the vehicle, says nothing of the plate.
        told = event.get("Object.Confidence", "") if is_plate else ""
        return SaidPlate(
            plate_text(text),
            self._confidence(told),
            lane_number(event.get("TrafficCar.Lane") or event.get("Lane", "")),
            country=word(event.get("TrafficCar.Country") or event.get("CommInfo.Country", "")),
            kind=word(event.get("TrafficCar.PlateType", "")),
            colour=word(event.get("TrafficCar.PlateColor", "")),
        )

    def _confidence(self, told: str) -> float | None:
        if not told.strip():
            return None
        if not _NUMBER.fullmatch(told.strip()):
            raise DocumentError(Text("a confidence that is not a number"))
        return share(float(told), self._certain)


def _happens(event: Mapping[str, str]) -> bool:
    code = event.get("EventBaseInfo.Code") or event.get("Code", "")
    action = event.get("EventBaseInfo.Action") or event.get("Action", "Pulse")
    return code == EVENT and action.lower() in _HAPPENS


def _flat(data: Mapping[str, object]) -> dict[str, str]:
    """The texts and numbers of the objects in it, each by its path."""
    found: dict[str, str] = {}
    for name, value in data.items():
        inner = value.items() if isinstance(value, dict) else ()
        found |= {f"{name}.{key}": _said(one) for key, one in inner}
        found[name] = _said(value)
    return {name: said for name, said in found.items() if said}


def _said(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise DocumentError(Text("a text that is not in UTF-8")) from None
