"""Hikvision cameras that read plates: the contract and the faults, with and without the name space."""

from __future__ import annotations

from typing import ClassVar

from drivers.contracts.witness import PLATE, WitnessContract, connect, read, shown
from drivers.contracts.witness_faults import WitnessFaults
from drivers.emulators.hikvision import HikvisionCamera
from drivers.emulators.plate_camera_faults import CameraFault, Document


class OldFirmware(HikvisionCamera):
    """One that names no name space."""

    name_space = False


class TestHikvision(WitnessContract):
    kind = "hikvision"
    camera_class = HikvisionCamera
    model = "iDS-2CD7A46G0/P G12345678 V5.7.1"

    def without_confidence(self, camera):
        (document,) = camera.documents("A111AA01", 98)
        body = document.body.replace(b"<confidenceLevel>98</confidenceLevel>", b"")
        assert body != document.body
        return Document(body, document.media_type)

    def test_another_event_is_no_plate(self, camera, witness):
        connect(camera, witness)
        (document,) = camera.documents("B222BB02", 98)
        camera.send(Document(document.body.replace(b">ANPR<", b">vehicledetection<"), document.media_type))
        camera.show("A111AA01")
        assert read(witness).text == "A111AA01"

    def test_firmware_that_names_no_name_space_is_understood(self):
        with OldFirmware() as camera, self.made(camera) as witness:
            assert self.model in connect(camera, witness)
            assert shown(camera, witness).text == PLATE


class TestHikvisionFaults(WitnessFaults):
    kind = "hikvision"
    camera_class = HikvisionCamera
    model = TestHikvision.model
    said: ClassVar = {
        CameraFault.BOMB: "a document type, an entity or an instruction",
        CameraFault.GARBAGE: "not XML in UTF-8, or XML that is cut off",
        CameraFault.BINARY: "not XML in UTF-8, or XML that is cut off",
    }
