"""What Hikvision's documents say, and what is refused of them."""

from __future__ import annotations

import pytest

from drivers.emulators.hikvision import HikvisionCamera
from drivers.untrusted_text import DocumentError
from drivers.witness.codec import SaidPlate
from drivers.witness.hikvision_codec import HikvisionCodec
from drivers.witness.multipart import Part

CODEC = HikvisionCodec()
XML = {"content-type": "application/xml; charset=UTF-8"}


def alert(inner, kind="ANPR", more=""):
    body = f"<EventNotificationAlert><eventType>{kind}</eventType>{more}<ANPR>{inner}</ANPR></EventNotificationAlert>"
    return Part(XML, body.encode())


def plates(inner, **how):
    return CODEC.plates(alert(inner, **how))


@pytest.mark.parametrize(
    ("inner", "wanted"),
    [
        ("<licensePlate>A1</licensePlate>", SaidPlate("A1")),
        (
            "<licensePlate> 沪A·12345 </licensePlate><confidenceLevel>97</confidenceLevel><line>2</line>",
            SaidPlate("沪A·12345", 0.97, 2),
        ),
        ("<licensePlate>A1</licensePlate><laneNo>3</laneNo><line>1</line>", SaidPlate("A1", lane=3)),
        (
            "<licensePlate>A1</licensePlate><country>CN</country><plateType>x</plateType><plateColor>blue</plateColor>",
            SaidPlate("A1", country="CN", kind="x", colour="blue"),
        ),
        ("<licensePlate>A1</licensePlate><confidenceLevel>0</confidenceLevel>", SaidPlate("A1", 0.0)),
        ("<licensePlate>A1</licensePlate><confidenceLevel>-1</confidenceLevel>", SaidPlate("A1")),
        ("<licensePlate>A1</licensePlate><confidenceLevel>120</confidenceLevel>", SaidPlate("A1", 1.0)),
        ("<licensePlate>A1</licensePlate><line>-1</line>", SaidPlate("A1")),
        ("<licensePlate>A1</licensePlate><line>99999</line>", SaidPlate("A1")),
        (f"<licensePlate>A1</licensePlate><plateType>{'x' * 99}&#x202e;</plateType>", SaidPlate("A1", kind="x" * 64)),
    ],
)
def test_a_plate_is_what_the_alert_says(inner, wanted):
    assert plates(inner) == (wanted,)


@pytest.mark.parametrize("text", ["", "unknown", "NO PLATE", "无牌车", "  Unknown "])
def test_no_plate_is_none(text):
    assert plates(f"<licensePlate>{text}</licensePlate>") == ()


@pytest.mark.parametrize(
    ("more", "inner"),
    [
        ("", "<licensePlate>A1</licensePlate><alarmDataType>1</alarmDataType>"),
        ("<isDataRetransmission>true</isDataRetransmission>", "<licensePlate>A1</licensePlate>"),
    ],
)
def test_what_is_sent_again_is_none(more, inner):
    assert plates(inner, more=more) == ()
    assert plates(inner.replace(">1<", ">0<"), more=more.replace("true", "false")) == (SaidPlate("A1"),)


def test_another_event_and_another_kind_of_part_are_none():
    assert plates("<licensePlate>A1</licensePlate>", kind="VMD") == ()
    assert CODEC.plates(Part({"content-type": "application/json"}, b"{")) == ()


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("<licensePlate>A1</licensePlate><licensePlate>A2</licensePlate>", "twice"),
        ("<licensePlate>A1</licensePlate><confidenceLevel>high</confidenceLevel>", "not a number"),
        ("<licensePlate>A1</licensePlate><confidenceLevel>nan</confidenceLevel>", "not a number"),
        (f"<licensePlate>{'A' * 33}</licensePlate>", "more than 32 characters"),
        ("<licensePlate>A&#x1b;1</licensePlate>", "not XML"),
        ("<licensePlate>A&#x202e;1</licensePlate>", "not printable"),
        ("<licensePlate>A\n1</licensePlate>", "not printable"),
    ],
)
def test_what_cannot_be_meant_is_refused(inner, words):
    with pytest.raises(DocumentError, match=words) as refused:
        plates(inner)
    assert "A1" not in str(refused.value)


def test_its_identity_is_model_serial_number_and_firmware():
    assert CODEC.identity(HikvisionCamera().identity()) == "iDS-2CD7A46G0/P G12345678 V5.7.1"
    assert CODEC.identity(b"<DeviceInfo><model>x</model></DeviceInfo>") == "x"
    with pytest.raises(DocumentError, match="expected DeviceInfo"):
        CODEC.identity(b"<html/>")


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (b"<EventNotificationAlert></EventNotificationAlert>\r\n", True),
        (b"<p:EventNotificationAlert></p:EventNotificationAlert>", True),
        (b"<EventNotificationAlert></EventNotificationAlert", False),
        (b"<EventNotificationAlert>", False),
        (b"", False),
    ],
)
def test_an_alert_is_whole_once_its_element_is_closed(body, whole):
    assert CODEC.is_whole(body) is whole
