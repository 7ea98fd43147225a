"""MQTT 5 reason codes in words that say what to do (MQTT 5.0, section 2.4)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SUCCESS = 0x00
NO_SUBSCRIBERS = 0x10
FIRST_REFUSAL = 0x80
NOT_AUTHORIZED = 0x87
TOO_LARGE = 0x95

WORDS: Mapping[int, str] = MappingProxyType(
    {
        0x00: "success",
        0x10: "the broker took the message but nobody subscribes to it: is the central consumer running?",
        0x80: "unspecified error at the broker: see its log",
        0x81: "the broker says that the packet was malformed: see its log",
        0x82: "the broker says that the protocol was broken: see its log",
        0x83: "the broker cannot do it now: see its log",
        0x84: "the broker does not speak MQTT 5: use one that does",
        0x85: "the broker does not accept the client id: the gate id must be allowed there",
        0x86: "wrong user or password: check both here and at the broker",
        0x87: "not authorized: the broker's access list does not let this gate do that",
        0x88: "the broker is not available: it starts, stops or is overloaded",
        0x89: "the broker is busy",
        0x8A: "the broker has banned this gate",
        0x8B: "the broker shuts down",
        0x8C: "the broker wants another way of authentication",
        0x8D: "the broker heard nothing for too long",
        0x8E: "another client has connected with the id of this gate: two gates have the same id or certificate",
        0x90: "the broker refuses the topic",
        0x93: "too many messages in flight for the broker",
        0x95: "a packet was too large for the broker: raise its packet size limit",
        0x96: "the broker says that messages come too fast",
        0x97: "the broker's quota is used up: its queues or its disk are full",
        0x98: "closed by an administrator of the broker",
        0x99: "the broker refuses the payload",
        0x9A: "the broker does not keep retained messages: enable them there",
        0x9B: "the broker does not do QoS 1: enable it there",
        0x9C: "the broker says: use another server",
        0x9D: "the broker has moved to another server",
        0x9F: "the broker takes no more connections at this rate",
        0xA0: "the broker ends connections after a time",
    }
)


def words(code: int) -> str:
    """What a reason code means, with the code in hex."""
    return f"{WORDS.get(code, 'reason unknown to MQTT 5')} (0x{code:02X})"


def refused(code: int) -> bool:
    """Whether the code says that the broker did not do what was asked."""
    return code >= FIRST_REFUSAL
