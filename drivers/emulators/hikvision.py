"""A Hikvision camera that reads plates, in software.

python -m drivers.emulators.hikvision --port 8080

What is typed in is read, a plate a line. Lines that begin with a colon are orders: `:fault silence` (or another fault;
`:fault none`), `:unplug`, `:plug`, `:quit`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from typing_extensions import override

from drivers.emulators.plate_camera import JPEG, PlateCamera
from drivers.emulators.plate_camera_console import main
from drivers.emulators.plate_camera_faults import CameraFault, Document

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME_SPACE: Final = ' xmlns="http://www.isapi.org/ver20/XMLSchema"'
_XML: Final = 'application/xml; charset="UTF-8"'
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


class HikvisionCamera(PlateCamera):
    """The camera. `name_space`: whether its firmware names the name space of its documents."""

    events = ("/ISAPI/Event/notification/alertStream",)
    about = "/ISAPI/System/deviceInfo"
    content_type = "multipart/mixed"
    name_space = True

    @override
    def documents(self, plate: str, confidence: int, **more: object) -> Sequence[Document]:
        """One alert. `more`: `lane`, `past` (it is sent again), and other elements of ANPR."""
        lane, past = more.pop("lane", 1), more.pop("past", False)
        anpr = {
            "country": 7,
            "licensePlate": plate,
            "line": lane,
            "direction": "forward",
            "confidenceLevel": confidence,
            "plateType": "92TypeCivil",
            "plateColor": "blue",
            "vehicleType": "vehicle",
            "alarmDataType": int(bool(past)),
            **more,
        }
        inner = "".join(f"<{name}>{escape(str(value))}</{name}>\n" for name, value in anpr.items())
        return (self._alert("ANPR", f"<ANPR>\n{inner}</ANPR>\n"),)

    @override
    def pictures(self) -> Sequence[Document]:
        return (
            Document(JPEG, "image/jpeg", "licensePlatePicture.jpg"),
            Document(JPEG + b"of the vehicle", "image/jpeg", "detectionPicture.jpg"),
        )

    @override
    def heartbeat(self) -> Document:
        return self._alert("videoloss", "", "inactive")

    @override
    def identity(self) -> bytes:
        said = "<model>iDS-2CD7A46G0/P</model><serialNumber>G12345678</serialNumber>"
        said += "<firmwareVersion>V5.7.1</firmwareVersion>"
        return f'{_HEAD}<DeviceInfo version="2.0"{self._space}>{said}</DeviceInfo>\n'.encode()

    @override
    def wrong(self, fault: CameraFault) -> Document:
        """`bomb`: ten entities, each ten of the one before: a thousand million laughs."""
        if fault is CameraFault.GARBAGE:
            return Document(b"<EventNotificationAlert><eventType>ANPR</EventNotificationAlert>", _XML)
        if fault is CameraFault.TWICE:
            plates = "<licensePlate>A111AA01</licensePlate><licensePlate>B222BB02</licensePlate>"
            return self._alert("ANPR", f"<ANPR>{plates}</ANPR>")
        entities = ['<!ENTITY l0 "ha">']
        for number in range(1, 10):
            laughs = f"&l{number - 1};" * 10
            entities.append(f'<!ENTITY l{number} "{laughs}">')
        body = f"<!DOCTYPE a [{''.join(entities)}]><EventNotificationAlert>&l9;</EventNotificationAlert>"
        return Document((_HEAD + body).encode(), _XML)

    @property
    def _space(self) -> str:
        return NAME_SPACE if self.name_space else ""

    def _alert(self, kind: str, more: str, state: str = "active") -> Document:
        body = (
            f'{_HEAD}<EventNotificationAlert version="2.0"{self._space}>\n<ipAddress>192.168.1.64</ipAddress>\n'
            f"<portNo>80</portNo>\n<channelID>1</channelID>\n<dateTime>2000-01-01T00:00:00+08:00</dateTime>\n"
            f"<eventType>{kind}</eventType>\n<eventState>{state}</eventState>\n{more}</EventNotificationAlert>\n"
        )
        return Document(body.encode(), _XML)


if __name__ == "__main__":
    raise SystemExit(main(HikvisionCamera, __doc__ or ""))
