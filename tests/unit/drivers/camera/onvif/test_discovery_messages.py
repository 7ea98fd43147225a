"""The search's question, and what answers to it say."""

from __future__ import annotations

import pytest

from drivers.camera.onvif.discovery_messages import KINDS, cameras_in, probe_message
from drivers.strict_xml import read_xml
from drivers.untrusted_text import DocumentError

ASKED = {"uuid:1", "uuid:2"}
SENDER = "192.168.1.64"
TYPES = "<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>"


def match(addresses, types=TYPES, scopes=""):
    return (
        "<d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:7</a:Address></a:EndpointReference>"
        f"{types}<d:Scopes>{scopes}</d:Scopes><d:XAddrs>{addresses}</d:XAddrs></d:ProbeMatch>"
    )


def answer(*matches, relates_to="uuid:1"):
    return (
        '<s:Envelope xmlns:s="urn:s" xmlns:a="urn:a" xmlns:d="urn:d">'
        f"<s:Header><a:RelatesTo>{relates_to}</a:RelatesTo></s:Header>"
        f"<s:Body><d:ProbeMatches>{''.join(matches)}</d:ProbeMatches></s:Body></s:Envelope>"
    ).encode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_names_its_id_and_what_is_looked_for(kind):
    root = read_xml(probe_message("uuid:1", kind), ("Envelope",))
    assert root.words("Header", "MessageID") == "uuid:1"
    assert root.words("Header", "Action").endswith("/discovery/Probe")
    assert root.words("Body", "Probe", "Types") == f"k:{kind[0]}"


def test_a_camera_is_named_by_its_scopes():
    scopes = "onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/HIKVISION%20DS-2CD "
    scopes += "onvif://www.onvif.org/hardware/DS-2CD2347 onvif://www.onvif.org/location/country/kz%1b"
    (found,) = cameras_in(answer(match("http://192.168.1.64/onvif/device_service", scopes=scopes)), SENDER, ASKED)
    assert (found.name, found.hardware, found.location) == ("HIKVISION DS-2CD", "DS-2CD2347", "kz")
    assert (found.place, found.endpoint, found.other_hosts) == (SENDER, "urn:uuid:7", ())


@pytest.mark.parametrize(
    ("addresses", "place", "target", "others"),
    [
        ("http://10.0.0.9/a http://192.168.1.64:8000/b", "192.168.1.64:8000", "/b", ()),
        ("https://192.168.1.64/a http://192.168.1.64/b", SENDER, "/b", ()),
        ("http://[fe80::1]/x http://192.168.1.64/b", SENDER, "/b", ()),
        ("http://10.0.0.9:81/onvif/x", SENDER, "/onvif/x", ("10.0.0.9",)),
        ("http://127.0.0.1:631/admin", SENDER, "/admin", ("127.0.0.1",)),
        ("", SENDER, "/onvif/device_service", ()),
        ("nonsense ftp://192.168.1.64/", SENDER, "/onvif/device_service", ()),
    ],
)
def test_only_the_address_that_answered_is_asked_further(addresses, place, target, others):
    (found,) = cameras_in(answer(match(addresses)), SENDER, ASKED)
    assert (found.service.host, found.place, found.service.target, found.other_hosts) == (SENDER, place, target, others)


def test_what_is_no_camera_is_left_out():
    printer = match("http://192.168.1.64/", "<d:Types>wprt:PrintDeviceType</d:Types>", "ldap:///x")
    device = match("http://192.168.1.64/", "<d:Types>tds:Device</d:Types>", "onvif://www.onvif.org/name/x")
    assert len(cameras_in(answer(printer, device), SENDER, ASKED)) == 1


def test_a_match_without_the_element_round_it_is_read_too():
    data = answer(match("")).replace(b"<d:ProbeMatches>", b"").replace(b"</d:ProbeMatches>", b"")
    assert len(cameras_in(data, SENDER, ASKED)) == 1


def test_one_answer_brings_no_more_than_eight():
    assert len(cameras_in(answer(*[match("")] * 50), SENDER, ASKED)) == 8


@pytest.mark.parametrize("data", [b"", b"<a/>", answer(relates_to="uuid:3"), answer(relates_to=""), b"\x00" * 1000])
def test_what_answers_to_nothing_that_was_asked_is_refused(data):
    with pytest.raises(DocumentError):
        cameras_in(data, SENDER, ASKED)


def test_an_answer_without_cameras_brings_none():
    assert cameras_in(answer(), SENDER, ASKED) == []
