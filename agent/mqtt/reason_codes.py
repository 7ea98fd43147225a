"""MQTT 5 reason codes in words that say what to do (MQTT 5.0, section 2.4)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_SUBSCRIBERS = 0x10
FIRST_REFUSAL = 0x80
TOO_LARGE = 0x95
NO_RETAIN = 0x9A

WORDS: Mapping[int, str] = MappingProxyType(
    {
        0x00: "success",
        0x10: Text("the broker accepted the message, but no one subscribes to it: is the central consumer running?"),
        0x80: Text("unspecified error at the broker: see its log"),
        0x81: Text("the broker says that the packet was malformed: see its log"),
        0x82: Text("the broker reports a protocol error: see its log"),
        0x83: Text("the broker cannot do it now: see its log"),
        0x84: Text("the broker does not support MQTT 5: use a broker that does"),
        0x85: Text("the broker does not accept the client id: the gate id must be allowed there"),
        0x86: Text("wrong user or password: check both here and at the broker"),
        0x87: Text("not authorized: the broker's access list does not let this gate do that"),
        0x88: Text("the broker is not available: it is starting, stopping or overloaded"),
        0x89: Text("the broker is busy"),
        0x8A: Text("the broker has banned this gate"),
        0x8B: Text("the broker is shutting down"),
        0x8C: Text("the broker requires another authentication method"),
        0x8D: Text("the broker heard nothing for too long"),
        0x8E: Text("another client has connected with the id of this gate: two gates have the same id or certificate"),
        0x90: Text("the broker refuses the topic"),
        0x93: Text("too many messages in flight for the broker"),
        0x95: Text("a packet was too large for the broker: raise its packet size limit"),
        0x96: Text("the broker says that messages come too fast"),
        0x97: Text("the broker's quota is used up: its queues or its disk are full"),
        0x98: Text("closed by an administrator of the broker"),
        0x99: Text("the broker refuses the payload"),
        0x9A: Text("the broker does not keep retained messages: enable them there"),
        0x9B: Text("the broker does not support QoS 1: enable it there"),
        0x9C: Text("the broker says: use another server"),
        0x9D: Text("the broker has moved to another server"),
        0x9F: Text("the broker does not accept connections at this rate"),
        0xA0: Text("the broker limits how long connections last"),
    }
)

_UNKNOWN = Text("reason unknown to MQTT 5")


def words(code: int) -> str:
    """What a reason code means, with the code in hex."""
    return Text("{words} ({code})", words=WORDS.get(code, _UNKNOWN), code=f"0x{code:02X}")


def refused(code: int) -> bool:
    """Whether the code says that the broker did not do what was asked."""
    return code >= FIRST_REFUSAL
