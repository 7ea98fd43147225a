"""Types of settings values whose rules do not fit a range; every error says what was expected."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from agent.link.brokers import BrokerAddress
from agent.link.topics import check_gate_id

ROOT_KEY_BYTES = 32
_DISTINCT_BYTES_OF_A_KEY = 8
_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_NAME_LENGTH = 32


def broker_address(url: str) -> BrokerAddress:
    """Take a broker's URL apart. Raises ValueError with what to mend."""
    return BrokerAddress.parse(url)


def _broker_url(value: str) -> str:
    broker_address(value)
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
GateId = Annotated[str, AfterValidator(check_gate_id)]
Name = Annotated[str, AfterValidator(_name)]
RootKey = Annotated[str, AfterValidator(_root_key)]
Number = Annotated[int, Field(ge=1, le=64)]
