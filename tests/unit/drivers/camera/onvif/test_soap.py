"""Envelopes of SOAP: what goes out, and what an answer or a fault says."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from drivers.camera.onvif.soap import DEVICE_SPACE, Request, SoapFault, password_digest, username_token
from drivers.strict_xml import read_xml
from drivers.untrusted_text import DocumentError

REQUEST = Request("GetThings", DEVICE_SPACE, "<Kind>a</Kind>")
SOAP_12 = 'xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
DEEPEST = "<s:Subcode><s:Value>ter:NoSuchService</s:Value></s:Subcode>"
DEEPER = f"<s:Subcode><s:Value>ter:Action</s:Value>{DEEPEST}</s:Subcode>"


def envelope(body):
    return f"<s:Envelope {SOAP_12}><s:Body>{body}</s:Body></s:Envelope>".encode()


def test_a_request_is_an_envelope_with_the_request_in_the_name_space_of_its_service():
    root = read_xml(REQUEST.envelope(), ("Envelope",))
    assert root.child("Body").child("GetThings").words("Kind") == "a"
    assert root.child("Header") is None
    assert REQUEST.action == f"{DEVICE_SPACE}/GetThings"


def test_the_digest_is_that_of_the_example_of_onvif():
    """ONVIF Application Programmer's Guide 1.0, 6.1.1.3."""
    nonce = base64.b64decode("LKqI6G/AikKCQrN0zqZFlg==")
    assert password_digest("userpassword", "2010-09-16T07:50:45Z", nonce) == "tuOSpGlFlIXsozq4HFNeeGeFLEI="


def test_a_token_names_the_time_of_the_camera_and_never_the_password():
    at = datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC)
    data = REQUEST.envelope(username_token("a<b&c", "hush & hush", at, b"0123456789abcdef"))
    assert b"hush" not in data
    token = read_xml(data, ("Envelope",)).child("Header").child("Security").child("UsernameToken")
    assert token.words("Username") == "a<b&c"
    assert token.words("Created") == "2026-01-02T03:04:05.678Z"
    assert token.words("Password") == password_digest("hush & hush", "2026-01-02T03:04:05.678Z", b"0123456789abcdef")
    assert token.child("Password").attributes["Type"].endswith("#PasswordDigest")


def test_the_answer_is_the_element_of_the_request():
    found = REQUEST.answer(envelope('<p:GetThingsResponse xmlns:p="urn:x"><p:A>1</p:A></p:GetThingsResponse>'))
    assert found.words("A") == "1"


@pytest.mark.parametrize(
    ("said", "code", "login"),
    [
        (
            "<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code>",
            "NotAuthorized",
            True,
        ),
        (f"<s:Code><s:Value>s:Receiver</s:Value>{DEEPER}</s:Code>", "NoSuchService", False),
        ("<faultcode>wsse:FailedAuthentication</faultcode><faultstring>no</faultstring>", "FailedAuthentication", True),
        ("<s:Code><s:Value>s:Sender</s:Value></s:Code>", "Sender", False),
        ("", "", False),
    ],
)
def test_a_fault_says_whether_it_is_about_the_login(said, code, login):
    with pytest.raises(SoapFault) as refused:
        REQUEST.answer(envelope(f"<s:Fault>{said}</s:Fault>"))
    assert (refused.value.code, refused.value.is_login) == (code, login)


@pytest.mark.parametrize(
    "data",
    [b"", b"<html/>", envelope(""), envelope("<OtherResponse/>"), f"<s:Envelope {SOAP_12}/>".encode(), b"\xff"],
)
def test_what_is_no_answer_is_refused(data):
    with pytest.raises(DocumentError):
        REQUEST.answer(data)
