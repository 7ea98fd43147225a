"""SOAP 1.2 as ONVIF uses it: envelopes out, the element that was asked for in, faults told apart. Pure."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from drivers.strict_xml import XmlLimits, read_xml
from drivers.text import Text
from drivers.untrusted_text import DocumentError, word

if TYPE_CHECKING:
    from datetime import datetime

    from drivers.strict_xml import Element

LIMITS: Final = XmlLimits(bytes=512 * 1024, depth=32, elements=20_000)
"""Of an answer. 32 profiles of a recorder have about 100 elements each."""
SOAP_SPACE: Final = "http://www.w3.org/2003/05/soap-envelope"
DEVICE_SPACE: Final = "http://www.onvif.org/ver10/device/wsdl"
SCHEMA_SPACE: Final = "http://www.onvif.org/ver10/schema"
NONCE_BYTES: Final = 16
_OASIS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_NOT_AUTHORIZED: Final = frozenset(
    {"NotAuthorized", "FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken", "FailedCheck"}
)


class SoapFault(Exception):  # noqa: N818 - SOAP's own word
    """The camera does not do what it was asked. `code`: its own word, the most particular one; it is printable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def is_login(self) -> bool:
        """Whether it wants a login, or another one."""
        return self.code in _NOT_AUTHORIZED


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a service: its name, the name space of the service, and what is in it, as XML."""

    name: str
    space: str
    inner: str = ""

    @property
    def action(self) -> str:
        """What the header Content-Type names."""
        return f"{self.space}/{self.name}"

    def envelope(self, security: str = "") -> bytes:
        """The whole document. `security`: of `username_token`."""
        header = f"<s:Header>{security}</s:Header>" if security else ""
        body = f'<s:Body><{self.name} xmlns="{self.space}">{self.inner}</{self.name}></s:Body>'
        head = '<?xml version="1.0" encoding="UTF-8"?>'
        return f'{head}<s:Envelope xmlns:s="{SOAP_SPACE}">{header}{body}</s:Envelope>'.encode()

    def answer(self, data: bytes) -> Element:
        """The element of the answer to this request. Raises DocumentError, SoapFault."""
        body = read_xml(data, ("Envelope",), LIMITS).child("Body")
        if body is None:
            raise DocumentError(Text("an envelope of SOAP without a body"))
        fault = body.child("Fault")
        if fault is not None:
            raise SoapFault(_fault_code(fault))
        found = body.child(f"{self.name}Response")
        if found is None:
            raise DocumentError(Text("an answer to something else; expected {name}", name=f"{self.name}Response"))
        return found


def _fault_code(fault: Element) -> str:
    """The last subcode, without its prefix; "" where it has none. SOAP 1.1 has one code."""
    code = fault.child("Code")
    said = fault.words("faultcode") if code is None else code.words("Value")
    for _ in range(LIMITS.depth):
        code = None if code is None else code.child("Subcode")
        said = said if code is None else code.words("Value") or said
    return word(said.rpartition(":")[2])


def element(name: str, text: str, space: str = "") -> str:
    """An element with a text, as XML."""
    named = f' xmlns="{space}"' if space else ""
    return f"<{name}{named}>{escape(text)}</{name}>"


def username_token(user: str, password: str, created: datetime, nonce: bytes) -> str:
    """A header of WS-Security with the digest of the password (UsernameToken Profile 1.1).

    `created`: the time at the camera, in UTC: it refuses one that differs from its own clock by more than seconds.
    """
    at = created.strftime("%Y-%m-%dT%H:%M:%S.") + f"{created.microsecond // 1000:03d}Z"
    kind, encoding = f"{_OASIS}username-token-profile-1.0#PasswordDigest", f"{_OASIS}soap-message-security-1.0"
    return (
        f'<Security xmlns="{_OASIS}wssecurity-secext-1.0.xsd" s:mustUnderstand="1"><UsernameToken>'
        f"{element('Username', user)}"
        f'<Password Type="{kind}">{password_digest(password, at, nonce)}</Password>'
        f'<Nonce EncodingType="{encoding}#Base64Binary">{base64.b64encode(nonce).decode()}</Nonce>'
        f"{element('Created', at, f'{_OASIS}wssecurity-utility-1.0.xsd')}"
        "</UsernameToken></Security>"
    )


def password_digest(password: str, created: str, nonce: bytes) -> str:
    """The digest of a UsernameToken, in Base64: of the nonce, the time as it is written, and the password."""
    digest = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()
