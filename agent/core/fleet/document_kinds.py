"""The kinds of fleet documents, and what each may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from agent.core.fleet.key_owners import KeyOwner

if TYPE_CHECKING:
    from collections.abc import Mapping


class DocumentKind(StrEnum):
    """The kind of a fleet document. The value is its name in topics, files and settings."""

    CONFIGURATION = "configuration"
    POLICY = "policy"
    SOFTWARE = "software"


@dataclass(frozen=True, slots=True)
class KindRules:
    """What a kind may do. `may_set`: the owners of the keys that its text may set, as a layer over the configuration.

    `order`: of the layers; the higher one wins. A kind that is no layer of the configuration sets no key.
    """

    order: int
    may_set: frozenset[KeyOwner]

    @property
    def is_layer(self) -> bool:
        """Whether its text is laid over the configuration."""
        return bool(self.may_set)


KINDS: Final[Mapping[DocumentKind, KindRules]] = MappingProxyType(
    {
        DocumentKind.CONFIGURATION: KindRules(0, frozenset({KeyOwner.TECHNICIAN, KeyOwner.CENTRAL})),
        DocumentKind.POLICY: KindRules(1, frozenset({KeyOwner.POLICY})),
        DocumentKind.SOFTWARE: KindRules(2, frozenset()),
    }
)
"""Every kind has its row here; what else a kind needs, its part of the gate brings."""
