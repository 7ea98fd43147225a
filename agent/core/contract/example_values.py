"""The names, keys and numbers of the examples. The keys are public and protect nothing."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from agent.core.crypto import SigningKey
from agent.core.lane import transaction_id
from agent.core.model import TraceContext

if TYPE_CHECKING:
    from collections.abc import Mapping

GATE: Final = "khorgos-03"
LANE: Final = "exit-1"
UTC: Final = 1_795_508_103.412
STREAM: Final = "3a5d2cb7-9262-4163-b0e1-8031b6af03c6"
FORMER_STREAM: Final = "c2a1f7de-5a0b-4d1f-9a37-08a5be2d6f11"
BOOT: Final = "9fb65a20-74c3-4975-a878-cd736f2f9b7b"
CHALLENGE: Final = "Zq3nJx0r8mT5vYkA1uHdCw"
TRANSACTION: Final = transaction_id(UTC + 12.0, 1, 42)
GATE_KEY: Final = SigningKey.from_seed(hashlib.sha256(b"example key of the gate").digest())
ROOT_KEY: Final = SigningKey.from_seed(hashlib.sha256(b"example root key").digest())
COMMAND_KEY: Final = SigningKey.from_seed(hashlib.sha256(b"example key of central").digest())
COMMAND_KEY_ID: Final = "central-2026"
ACK_KEY: Final = SigningKey.from_seed(hashlib.sha256(b"example key of central for acknowledgements").digest())
ACK_KEY_ID: Final = "central"
GROUP: Final = "north"
BUNDLE: Final = hashlib.sha256(b"example bundle").hexdigest()
STORE_HOST: Final = "store.example"
COMMAND_ID: Final = "0b54f2c8-91a6-4c43-8f0d-6f6f5b1c2a77"
CONFIGURATION: Final = hashlib.sha256(b"example configuration").hexdigest()
PICTURES: Final = tuple(hashlib.sha256(f"example picture {number}".encode()).hexdigest() for number in (1, 2))
PERMIT: Final = "5e0c41b7a92d8f36"
DECLARATION: Final = "940120260000184236"
VIN: Final = "1M8GDM9AXKP042788"
PLATE: Final = "新B7C386"
TRACE: Final = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1)
"""The trace that the declaration of the example carries: that of the W3C's own examples."""
OPERATOR: Final = "officer 0417"


def fingerprint(name: str) -> str:
    """The fingerprint of a key that only has a name."""
    return f"sha256:{hashlib.sha256(f'example key of the {name}'.encode()).hexdigest()}"


def json_bytes(body: Mapping[str, Any]) -> bytes:
    """The bytes of a message."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
