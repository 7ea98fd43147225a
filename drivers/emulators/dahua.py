"""A Dahua camera that reads plates, in software.

python -m drivers.emulators.dahua --port 8080

What is typed in is read, a plate a line. Lines that begin with a colon are orders: `:fault silence` (or another fault;
`:fault none`), `:unplug`, `:plug`, `:quit`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from drivers.emulators.plate_camera import PlateCamera
from drivers.emulators.plate_camera_console import main
from drivers.emulators.plate_camera_faults import CameraFault, Document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EVENTS: Final = "/cgi-bin/eventManager.cgi?action=attach&codes=[TrafficJunction]&heartbeat=5"
PICTURES: Final = "/cgi-bin/snapManager.cgi?action=attachFileProc&Flags[0]=Event&Events=[TrafficJunction]&heartbeat=5"
_PLAIN: Final = "text/plain"
_MOST: Final = 255


class DahuaCamera(PlateCamera):
    """The camera. Whether its text is JSON or lines depends on what it was asked for last."""

    events = (EVENTS, PICTURES)
    about = "/cgi-bin/magicBox.cgi?action=getDeviceType"

    @override
    def documents(self, plate: str, confidence: int, **more: object) -> Sequence[Document]:
        """One event. `more`: `lane`, `past` (it is over), and other names of TrafficCar."""
        lane, past = more.pop("lane", 1), more.pop("past", False)
        action = "Stop" if past else "Pulse"
        car = {"PlateNumber": plate, "PlateColor": "Blue", "PlateType": "Normal", "VehicleColor": "White", **more}
        data = {
            "Class": "Traffic",
            "PTS": 42949485818.5,
            "Lane": lane,
            "UTC": 946684800,
            "Object": {
                "ObjectType": "Plate",
                "Confidence": round(confidence * _MOST / 100),
                "BoundingBox": [3000, 4000, 3500, 4200],
                "Text": plate,
            },
            "TrafficCar": car,
        }
        if self._asked_for_pictures:
            return (Document(_lines(action, data).encode(), _PLAIN),)
        return (Document(_message(action, json.dumps(data, ensure_ascii=False, indent=3)).encode(), _PLAIN),)

    @override
    def pictures(self) -> Sequence[Document]:
        return super().pictures() if self._asked_for_pictures else ()

    @override
    def heartbeat(self) -> Document:
        return Document(b"Heartbeat", _PLAIN)

    @override
    def identity(self) -> bytes:
        return b"type=DHI-ITC413-PW4D\r\n"

    @override
    def wrong(self, fault: CameraFault) -> Document:
        """`bomb`: more brackets in one another than a reader has room for."""
        data = {
            CameraFault.GARBAGE: '{"TrafficCar": {"PlateNumber": }}',
            CameraFault.TWICE: '{"TrafficCar": {"PlateNumber": "A111AA01", "PlateNumber": "B222BB02"}}',
        }.get(fault, '{"a":' + "[" * 60_000)
        return Document(_message("Pulse", data).encode(), _PLAIN)

    @property
    def _asked_for_pictures(self) -> bool:
        return any(target == PICTURES for target in self.targets[-1:])


def _message(action: str, data: str) -> str:
    return f"Code=TrafficJunction;action={action};index=0;data={data}\n"


def _lines(action: str, data: Mapping[str, object]) -> str:
    said = {"EventBaseInfo.Code": "TrafficJunction", "EventBaseInfo.Action": action, "EventBaseInfo.Index": 0}
    return "".join(f"Events[0].{name}={value}\r\n" for name, value in {**said, **_flat(data)}.items())


def _flat(data: Mapping[str, object], before: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{before}{name}.")
        elif isinstance(value, list):
            found |= {f"{before}{name}[{index}]": one for index, one in enumerate(value)}
        else:
            found[before + name] = value
    return found


if __name__ == "__main__":
    raise SystemExit(main(DahuaCamera, __doc__ or ""))
