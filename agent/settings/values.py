"""Types of settings values whose rules do not fit a range; every error says what was expected."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

ROOT_KEY_BYTES = 32
_DISTINCT_BYTES_OF_A_KEY = 8
_GATE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_NAME_LENGTH = 32
_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker listens, and whether TLS is spoken there."""

    host: str
    port: int
    tls: bool


def broker_address(url: str) -> BrokerAddress:
    """Take a broker's URL apart. Raises ValueError, which says what was expected and never repeats the URL."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("expected mqtt://HOST[:PORT] or, with TLS, mqtts://HOST[:PORT]")
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected a URL without user name and password: set mqtt.username and mqtt.password")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("expected nothing after the host and the port")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("expected a port from 1 to 65535") from None
    if port == 0:
        raise ValueError("expected a port from 1 to 65535")
    return BrokerAddress(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "mqtts")


def _broker_url(value: str) -> str:
    broker_address(value)
    return value


def _gate_id(value: str) -> str:
    if not _GATE_ID.fullmatch(value):
        raise ValueError("expected 1 to 64 letters, digits, dots, dashes or underscores (it is part of MQTT topics)")
    return value


def _name(value: str) -> str:
    if len(value) > _NAME_LENGTH or not _NAME.fullmatch(value):
        raise ValueError('expected a name of up to 32 small letters and digits with "-" or "_" between')
    return value


def _root_key(value: str) -> str:
    try:
        key = bytes.fromhex(value)
    except ValueError:
        key = b""
    if len(key) != ROOT_KEY_BYTES:
        raise ValueError("expected the 64 hexadecimal digits of an Ed25519 public key")
    if len(set(key)) < _DISTINCT_BYTES_OF_A_KEY:  # all zeros is a point for which signatures can be forged
        raise ValueError("expected a real Ed25519 public key, not a placeholder")
    return key.hex()


BrokerUrl = Annotated[str, AfterValidator(_broker_url)]
GateId = Annotated[str, AfterValidator(_gate_id)]
Name = Annotated[str, AfterValidator(_name)]
RootKey = Annotated[str, AfterValidator(_root_key)]
Number = Annotated[int, Field(ge=1, le=64)]
