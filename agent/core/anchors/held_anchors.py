"""The trust anchors of a gate as a value."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from agent.core.anchors.anchor_keys import ADDED_KEYS, DOCUMENT_KEYS, PERSONS
from agent.core.crypto import Algorithm, PublicKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class PersonKey:
    """Somebody who may take part in a change: the name of a user of the console, and a public key."""

    name: str
    public: PublicKey


@dataclass(frozen=True, slots=True)
class HeldAnchors:
    """What a gate holds. `gate`: its id. `number`: rises with every change, 1 the first.

    `sealed`: no single person changes anything any more, from the first real vehicle on. `values`: plain JSON by dotted
    key, as "permits.root_keys" or "mqtt.ca" (PEM), of every anchor; they are of the right form.
    """

    gate: str
    number: int
    sealed: bool
    values: Mapping[str, JsonValue]

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of what is trusted, and for which gate. Neither the number nor the seal changes it."""
        values = {key: value for key, value in self.values.items() if value or key not in ADDED_KEYS}
        told = {"gate": self.gate, "values": values}
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return sha256(text.encode()).hexdigest()

    @property
    def persons(self) -> Mapping[str, PersonKey]:
        """Who may take part in a change, by name."""
        return {name: PersonKey(name, public_key(key)) for name, key in _pairs(self.values.get(PERSONS), "name")}

    @property
    def document_keys(self) -> Mapping[str, PublicKey]:
        """The command keys whose owner may sign a document that changes anchors, by id."""
        keys = dict(_pairs(self.values.get("commands.keys"), "id"))
        listed = self.values.get(DOCUMENT_KEYS)
        names = listed if isinstance(listed, list) else []
        return {name: public_key(keys[name]) for name in names if isinstance(name, str) and name in keys}

    @property
    def can_change(self) -> bool:
        """Whether anybody could change these anchors once they are sealed."""
        return bool(self.persons or self.document_keys)


def _pairs(listed: JsonValue, name: str) -> list[tuple[str, str]]:
    tables = listed if isinstance(listed, list) else []
    return [(str(table[name]), str(table["public_key"])) for table in tables if isinstance(table, dict)]


def public_key(text: str) -> PublicKey:
    """The Ed25519 key of 64 hexadecimal digits. Raises KeyInvalidError, ValueError."""
    return PublicKey(Algorithm.ED25519, bytes.fromhex(text))
