"""Which keys of the configuration are trust anchors."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CA_KEYS: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {("mqtt", "ca_file"): "mqtt.ca", ("site", "ca_file"): "site.ca"}
)
"""Keys of the configuration that name a file, and the anchors whose value is the content of that file, as PEM.

The path of a file says nothing of what is in it.
"""

ANCHOR_KEYS: Final[tuple[tuple[str, str], ...]] = (
    ("permits", "root_keys"),
    ("commands", "keys"),
    ("mqtt", "brokers"),
    ("mqtt", "ca_file"),
    ("mqtt", "ack_mode"),
    ("mqtt", "ack_keys"),
    ("mqtt", "unsigned_acks"),
    ("site", "gates"),
    ("site", "brokers"),
    ("site", "ca_file"),
    ("state", "directory"),
    ("state", "head_file"),
    ("console", "enabled"),
    ("console", "listen"),
    ("console", "port"),
    ("console", "tls"),
    ("console", "names"),
    ("fleet", "keys"),
    ("uploads", "hosts"),
)
"""The keys of the configuration: section and name. All that is below one belongs to it."""

ADDED_KEYS: Final = frozenset({"fleet.keys", "uploads.hosts"})
"""Anchors that earlier agents did not have. While one is empty it is left out of the digest, which stays as it was."""

PERSONS: Final = "anchors.persons"
DOCUMENT_KEYS: Final = "anchors.document_keys"
AUTHORITIES: Final = (PERSONS, DOCUMENT_KEYS)
"""Who may change anchors is an anchor too: persons with their keys, and ids of command keys that sign documents."""


def anchor_key(path: tuple[str, str]) -> str:
    """The name of an anchor, dotted, by its key of the configuration: `mqtt.ca` for that of `mqtt.ca_file`."""
    return CA_KEYS.get(path, ".".join(path))


def is_anchor(path: Sequence[str | int]) -> bool:
    """Whether a key of the configuration, as a path, is a trust anchor, or lies in one."""
    return tuple(path[:2]) in ANCHOR_KEYS
