"""Dahua cameras that read plates: the contract and the faults, of the event manager and of the snapshot manager."""

from __future__ import annotations

from typing import ClassVar

import pytest

from drivers.contracts.witness import PLATE, WitnessContract, connect, read, shown
from drivers.contracts.witness_faults import WitnessFaults
from drivers.emulators.dahua import EVENTS, PICTURES, DahuaCamera
from drivers.emulators.plate_camera_faults import CameraFault, Document


class TestDahua(WitnessContract):
    kind = "dahua"
    camera_class = DahuaCamera
    model = "DHI-ITC413-PW4D"

    def without_confidence(self, camera):
        return Document(
            b'Code=TrafficJunction;action=Pulse;index=0;data={"TrafficCar":{"PlateNumber":"A111AA01"}}', "text/plain"
        )

    def test_it_asks_for_pictures_only_where_they_are_wanted(self, camera):
        for pictures, target in ((False, EVENTS), (True, PICTURES)):
            with self.made(camera, pictures=pictures) as witness:
                connect(camera, witness)
                assert shown(camera, witness).text == PLATE
                assert camera.targets[-1] == target

    def test_the_number_of_a_sure_camera_is_a_setting(self, camera):
        with self.made(camera, certain=100) as witness:
            connect(camera, witness)
            assert shown(camera, witness, confidence=20).confidence == pytest.approx(0.51)
            assert shown(camera, witness, confidence=90).confidence == 1.0

    def test_the_event_of_a_camera_that_tells_no_length_does_not_wait_for_the_heartbeat_after_it(self, camera):
        with self.made(camera) as witness:
            connect(camera, witness)
            part = b"--boundary\nContent-Type: text/plain\nContent-Length:0\n\n"
            said = camera.documents(PLATE, 98)[0].body.replace(b"\n   ", b"\r\n   ")
            camera.heartbeat_s = 3600.0
            camera.show("A111AA01", pictures=False)
            assert read(witness).text == "A111AA01"
            camera.send(Raw(part + said + b"\n", "text/plain"))
            assert read(witness).text == PLATE


class Raw(Document):
    """Bytes as they are."""

    def framed(self, form):
        return self.body


class TestDahuaFaults(WitnessFaults):
    kind = "dahua"
    camera_class = DahuaCamera
    model = TestDahua.model
    said: ClassVar = {
        CameraFault.BOMB: "too many objects and lists",
        CameraFault.GARBAGE: "not JSON, or JSON that is cut off",
        CameraFault.BINARY: "not in UTF-8",
    }
