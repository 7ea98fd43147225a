"""What Dahua's documents say, and what is refused of them."""

from __future__ import annotations

import json

import pytest

from drivers.untrusted_text import DocumentError
from drivers.witness.codec import SaidPlate
from drivers.witness.dahua_codec import ABOUT, EVENTS, PICTURES, DahuaCodec
from drivers.witness.multipart import Part

CODEC = DahuaCodec(255, pictures=False)


def plates(text, codec=CODEC):
    return codec.plates(Part({"content-type": "text/plain"}, text.encode()))


def event(data, code="TrafficJunction", action="Pulse"):
    said = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, indent=3)
    return f"Code={code};action={action};index=0;data={said}\n"


CAR = {"TrafficCar": {"PlateNumber": "沪A12345"}}


def test_it_asks_for_pictures_where_they_are_wanted():
    assert (CODEC.events, DahuaCodec(255, pictures=True).events, CODEC.about) == (EVENTS, PICTURES, ABOUT)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (CAR, SaidPlate("沪A12345")),
        ({**CAR, "Object": {"ObjectType": "Plate", "Confidence": 51}}, SaidPlate("沪A12345", 0.2)),
        ({**CAR, "Object": {"Confidence": 255.0}}, SaidPlate("沪A12345", 1.0)),
        ({**CAR, "Object": {"Confidence": 999}}, SaidPlate("沪A12345", 1.0)),
        ({**CAR, "Object": {"Confidence": -1}}, SaidPlate("沪A12345")),
        # The confidence of a vehicle says nothing of its plate.
        ({**CAR, "Object": {"ObjectType": "Vehicle", "Text": "Toyota", "Confidence": 255}}, SaidPlate("沪A12345")),
        ({**CAR, "Object": {"Confidence": True}}, SaidPlate("沪A12345")),
        ({**CAR, "Lane": 2, "UTC": 1.5, "Rest": [1, {"a": None}]}, SaidPlate("沪A12345", lane=2)),
        (
            {
                "TrafficCar": {
                    "PlateNumber": "A1",
                    "PlateColor": "Blue",
                    "PlateType": "Normal",
                    "Country": "KAZ",
                    "Lane": 1,
                }
            },
            SaidPlate("A1", None, 1, "KAZ", "Normal", "Blue"),
        ),
        (
            {"Object": {"ObjectType": "Plate", "Text": "A1"}, "CommInfo": {"Country": "CHN"}},
            SaidPlate("A1", country="CHN"),
        ),
    ],
)
def test_a_plate_is_what_the_event_says(data, wanted):
    assert plates(event(data)) == (wanted,)


@pytest.mark.parametrize(
    "text",
    [
        "Heartbeat",
        "heartbeat\r\n",
        "",
        event(CAR, code="VideoMotion"),
        event(CAR, action="Stop"),
        "Code=VideoMotion;action=Start;index=2",
        "Code=TrafficJunction;action=Pulse;index=0",
        event({}),
        event({"TrafficCar": {"PlateNumber": "Unknown"}}),
        event({"TrafficCar": {"PlateNumber": 12345}, "Object": {"ObjectType": "Vehicle", "Text": "Toyota"}}),
        event({"TrafficCar": "A1"}),
        event({"Object": {"ObjectType": "Vehicle", "Text": "A1"}}),
    ],
)
def test_what_is_no_plate_is_none(text):
    assert [plate for plate in plates(text) if plate.text != "12345"] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "expected Code="),
        ("<html></html>", "expected Code="),
        (event("{"), "not JSON"),
        (event("[]"), "not an object"),
        (event('{"TrafficCar":{"PlateNumber":"A1","PlateNumber":"A2"}}'), "twice"),
        (event({"TrafficCar": {"PlateNumber": "A" * 33}}), "more than 32 characters"),
        (event({"TrafficCar": {"PlateNumber": "A\x1b1"}}), "not printable"),
        (event({**CAR, "Object": {"Confidence": "high"}}), "not a number"),
        (event({**CAR, "Object": {"Confidence": 10**400}}), "not a number"),
        ("Events[0].Code=TrafficJunction\nnonsense", "lines of the form"),
        ("Events[0].A=1\nEvents[0].A=2", "the same name twice"),
        ("\n".join(f"Events[{number}].A=1" for number in range(17)), "more than 16 events"),
        ("Events[0].A=1\n" * 2001, "more than 2000 lines"),
    ],
)
def test_what_cannot_be_meant_is_refused(text, words):
    with pytest.raises(DocumentError, match=words):
        plates(text)


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(DocumentError, match="UTF-8"):
        CODEC.plates(Part({}, event(CAR).encode("gb18030")))


def test_the_lines_of_the_snapshot_manager_say_the_same():
    text = (
        "Events[0].EventBaseInfo.Code=TrafficJunction\r\nEvents[0].EventBaseInfo.Action=Pulse\r\n"
        "Events[0].Lane=2\r\nEvents[0].Object.ObjectType=Plate\r\nEvents[0].Object.Confidence=255\r\n"
        "Events[0].TrafficCar.PlateNumber=Z A=1\r\n\r\n"
        "Events[1].Code=VideoMotion\r\nEvents[1].TrafficCar.PlateNumber=OTHER1\r\n"
        "Events[2].Code=TrafficJunction\r\nEvents[2].TrafficCar.PlateNumber=B2\r\n"
        "Events[3].EventBaseInfo.Code=TrafficJunction\r\nEvents[3].EventBaseInfo.Action=Stop\r\n"
        "Events[3].TrafficCar.PlateNumber=PAST1\r\n"
    )
    assert plates(text) == (SaidPlate("Z A=1", 1.0, 2), SaidPlate("B2"))


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (b"Heartbeat\r\n", True),
        (b"Heartbeat", False),
        (b'Code=TrafficJunction;action=Pulse;index=0;data={"a":{}}', True),
        (b'Code=TrafficJunction;action=Pulse;index=0;data={\n "a" : {\n }', False),
        (b"Code=TrafficJunction;action=Pulse;index=0;data={}", False),
        (b"Events[0].A={}", False),
        (b"}" * 1000, False),
        (b"", False),
    ],
)
def test_a_message_is_whole_once_its_json_is_closed(body, whole):
    assert CODEC.is_whole(body) is whole


@pytest.mark.parametrize(("document", "model"), [(b"type=ITC237\r\n", "ITC237"), (b"type=a\x1bb", "ab")])
def test_its_identity_is_its_model(document, model):
    assert CODEC.identity(document) == model


@pytest.mark.parametrize("document", [b"", b"Error\r\nBad Request!", b"type=", b"\xff", b"<html/>"])
def test_another_answer_is_no_identity(document):
    with pytest.raises(DocumentError):
        CODEC.identity(document)
