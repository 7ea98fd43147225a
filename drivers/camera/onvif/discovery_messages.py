"""The documents of WS-Discovery (2005/04) by which cameras are found: a question, and what an answer says. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from drivers.camera.onvif.service_address import ServiceAddress, service_address
from drivers.camera.onvif.soap import DEVICE_SPACE, LIMITS, SOAP_SPACE
from drivers.strict_xml import read_xml
from drivers.untrusted_text import DocumentError, word

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from drivers.strict_xml import Element

KINDS: Final = (
    ("NetworkVideoTransmitter", "http://www.onvif.org/ver10/network/wsdl"),
    ("Device", DEVICE_SPACE),
)
"""What is asked for, one after the other: some cameras know only one of them."""
_ADDRESSING: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_DISCOVERY: Final = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_SCOPE: Final = "onvif://www.onvif.org/"
_MOST_MATCHES: Final = 8
"""In one answer: a device that has several services at one address."""
_MOST_SCOPES: Final = 64


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera that answered a search.

    `service`: its device service, at the address that answered. `name`, `hardware`, `location`: as the camera says of
    itself without a login; "" where it does not. `endpoint`: its own id. `other_hosts`: the hosts that it named, where
    none of them is the one that answered; it may be set up for another network.
    """

    service: ServiceAddress
    name: str = ""
    hardware: str = ""
    location: str = ""
    endpoint: str = ""
    other_hosts: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Its address, with the port where that is not the usual one: for people."""
        return self.service.place

    @property
    def url(self) -> str:
        """The whole address of its device service, which a `CameraSession` can be given later."""
        return self.service.url


def probe_message(message_id: str, kind: tuple[str, str]) -> bytes:
    """The question for one of KINDS. `message_id`: as `uuid:...`; answers relate to it."""
    name, space = kind
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<s:Envelope xmlns:s="{SOAP_SPACE}" xmlns:a="{_ADDRESSING}" xmlns:d="{_DISCOVERY}"><s:Header>'
        f'<a:Action s:mustUnderstand="1">{_DISCOVERY}/Probe</a:Action><a:MessageID>{message_id}</a:MessageID>'
        f"<a:ReplyTo><a:Address>{_ADDRESSING}/role/anonymous</a:Address></a:ReplyTo>"
        '<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>'
        f'<s:Body><d:Probe><d:Types xmlns:k="{space}">k:{name}</d:Types></d:Probe></s:Body></s:Envelope>'
    ).encode()


def cameras_in(data: bytes, sender: str, asked: Collection[str]) -> list[FoundCamera]:
    """The cameras of an answer. `sender`: the IP address that it came from. `asked`: the ids of our questions.

    Raises DocumentError for what does not answer one of them.
    """
    envelope = read_xml(data, ("Envelope",), LIMITS)
    if envelope.words("Header", "RelatesTo") not in asked:
        raise DocumentError("an answer to nothing that was asked")
    body = envelope.child("Body") or envelope
    # Some leave out the element round the matches.
    found = (body.child("ProbeMatches") or body).each("ProbeMatch")[:_MOST_MATCHES]
    return [_camera(one, sender) for one in found if _is_camera(one)]


def _is_camera(match: Element) -> bool:
    """Whether it speaks ONVIF: printers and computers answer to questions of this protocol too."""
    types = [one.rpartition(":")[2] for one in match.words("Types").split()]
    return KINDS[0][0] in types or any(one.startswith(_SCOPE) for one in _scopes(match))


def _scopes(match: Element) -> Sequence[str]:
    return match.words("Scopes").split()[:_MOST_SCOPES]


def _camera(match: Element, sender: str) -> FoundCamera:
    addresses = list(_addresses(match.words("XAddrs").split()))
    here = sorted((one for one in addresses if one.host == sender), key=lambda one: one.secure)
    service = here[0] if here else ServiceAddress(sender)
    if addresses and not here:
        service = replace(service, target=addresses[0].target)
    others = () if here else tuple(dict.fromkeys(word(one.host) for one in addresses))
    said = {scope.removeprefix(_SCOPE).partition("/")[0]: scope for scope in reversed(_scopes(match))}
    return FoundCamera(
        service,
        name=_of_scope(said.get("name", "")),
        hardware=_of_scope(said.get("hardware", "")),
        location=_of_scope(said.get("location", "")),
        endpoint=word(match.words("EndpointReference", "Address")),
        other_hosts=others,
    )


def _addresses(words: Sequence[str]) -> Sequence[ServiceAddress]:
    found = []
    for one in words[:_MOST_MATCHES]:
        try:
            found.append(service_address(one))
        except DocumentError:  # one that is none, such as of IPv6 with a zone, is as good as not named
            continue
    return found


def _of_scope(scope: str) -> str:
    return word(unquote(scope.rpartition("/")[2], errors="replace"))
