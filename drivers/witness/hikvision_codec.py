"""The documents of Hikvision's ISAPI: EventNotificationAlert with the event type ANPR, and DeviceInfo. Pure.

Source: public code of several projects that read such cameras; no camera of this kind was on a wire here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from drivers.strict_xml import read_xml
from drivers.text import Text
from drivers.untrusted_text import DocumentError, word
from drivers.witness.codec import SaidPlate
from drivers.witness.words import lane_number, plate_text, share

if TYPE_CHECKING:
    from drivers.witness.multipart import Part

EVENTS: Final = "/ISAPI/Event/notification/alertStream"
ABOUT: Final = "/ISAPI/System/deviceInfo"
_ALERT: Final = "EventNotificationAlert"
_WHOLE: Final = re.compile(rb"</(?:[A-Za-z0-9]+:)?EventNotificationAlert>\s*\Z")
_OF_THE_PAST: Final = (("ANPR", "alarmDataType"), ("isDataRetransmission",))
"""Where a camera says that it sends what it read while nobody listened."""
_NO: Final = frozenset({"", "0", "false", "realtime"})
_CERTAIN: Final = 100.0
_LONGEST_END: Final = 128
_CONFIDENCE: Final = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,6})?")


class HikvisionCodec:
    """An `EventCodec`."""

    events: Final = EVENTS
    about: Final = ABOUT

    def identity(self, document: bytes) -> str:
        """Its model, serial number and firmware."""
        found = read_xml(document, ("DeviceInfo",))
        return " ".join(
            filter(None, (word(found.words(name)) for name in ("model", "serialNumber", "firmwareVersion")))
        )

    def plates(self, part: Part) -> tuple[SaidPlate, ...]:
        """The plate of an event ANPR; none of another event, and of one that is sent again."""
        if "xml" not in part.media_type:
            return ()
        alert = read_xml(part.body, (_ALERT,))
        if alert.words("eventType").upper() != "ANPR":
            return ()
        if any(alert.words(*path).casefold() not in _NO for path in _OF_THE_PAST):
            return ()
        text = plate_text(alert.words("ANPR", "licensePlate"))
        if not text:
            return ()
        return (
            SaidPlate(
                text,
                _confidence(alert.words("ANPR", "confidenceLevel")),
                lane_number(alert.words("ANPR", "laneNo") or alert.words("ANPR", "line")),
                country=word(alert.words("ANPR", "country")),
                kind=word(alert.words("ANPR", "plateType")),
                colour=word(alert.words("ANPR", "plateColor")),
            ),
        )

    def is_whole(self, body: bytes) -> bool:
        """Whether the element of the document is closed."""
        return _WHOLE.search(body[-_LONGEST_END:]) is not None

    def shows_vehicle(self, part: Part) -> bool:
        """Whether it is the detection's picture, not that of the plate."""
        return "detection" in part.file_name or "vehicle" in part.file_name


def _confidence(told: str) -> float | None:
    if not told:
        return None
    if not _CONFIDENCE.fullmatch(told):
        raise DocumentError(Text("a confidence that is not a number"))
    return share(float(told), _CERTAIN)
