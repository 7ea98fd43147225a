"""The settings of cameras that read plates: what is refused, with what to write instead, and never the password."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from drivers.api import CameraNeeds
from drivers.witness.hikvision import HikvisionSettings, HikvisionWitness

TABLE = {"host": "192.168.1.64", "user": "gate", "password": "hush hush"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"host": "http://192.168.1.64"}, "with no http://"),
        ({"host": "192.168.1.64/ISAPI"}, "with no http://"),
        ({"host": "user@camera"}, "with no http://"),
        ({"host": ""}, "with no http://"),
        ({"host": "camera\r\nX: y"}, "with no http://"),
        ({"user": "a:b"}, "without colons"),
        ({"user": "a\nb"}, "without colons"),
        ({"user": ""}, "at least 1"),
        ({"password": ""}, "at least 1"),
        ({"port": 0}, "greater than"),
        ({"tls": True}, "needs ca_file or certificate_sha256"),
        ({"tls": True, "ca_file": "/a", "certificate_sha256": "0" * 64}, "needs ca_file or"),
        ({"ca_file": "/a"}, "are for tls = true"),
        ({"tls": True, "certificate_sha256": "00:11"}, "64 hexadecimal digits"),
        ({"silence_s": float("inf")}, "finite"),
        ({"assumed_confidence": 1.1}, "less than or equal to 1"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_what_to_write(more, words):
    with pytest.raises(ValidationError) as refused:
        HikvisionSettings.model_validate(TABLE | more)
    assert words in str(refused.value)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("host", ["192.168.1.64", "camera", "camera-2.gate.example", "fe80::1%eth0", "2001:db8::1"])
def test_a_host_is_an_address_or_a_name(host):
    assert HikvisionSettings.model_validate(TABLE | {"host": host}).host == host


def test_the_password_is_not_shown():
    assert "hush" not in repr(HikvisionSettings.model_validate(TABLE))


def test_a_fingerprint_is_taken_as_people_copy_it():
    copied = ":".join(["AB"] * 32)
    settings = HikvisionSettings.model_validate(TABLE | {"tls": True, "certificate_sha256": copied})
    assert settings.certificate_sha256 == "ab" * 32


def test_what_it_needs_is_its_port_its_file_and_the_look_up_of_its_name():
    table = TABLE | {"host": "camera", "tls": True, "ca_file": "/etc/camera.pem"}
    settings = HikvisionSettings.model_validate(table)
    wanted = CameraNeeds(files=(Path("/etc/camera.pem"),), tcp_ports=(443,), names=True)
    assert HikvisionWitness.needs(settings) == wanted
