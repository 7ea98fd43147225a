"""The topics of the signed lists of one site, below `site/v1/{site}/lists`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from agent.core.model import ListKind

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = "site/v1"
SITES = range(1, 1 << 32)
CONTENT_TYPE_CBOR = "application/cbor"
CONTENT_TYPE_CHUNK = "application/zlib"
CONTENT_TYPE_WANT = "application/json"

_NAMES: Mapping[str, ListKind] = {kind.value: kind for kind in ListKind}


@dataclass(frozen=True, slots=True)
class TrustTopic:
    """The topic of the trust list."""


@dataclass(frozen=True, slots=True)
class HeadTopic:
    """The topic of the head of a list."""

    kind: ListKind


@dataclass(frozen=True, slots=True)
class ChunkTopic:
    """The topic of chunk `number`, from 0, of the snapshot that was taken at version `snapshot`."""

    kind: ListKind
    snapshot: int
    number: int


@dataclass(frozen=True, slots=True)
class DeltaTopic:
    """The topic of the delta that leads to `version`."""

    kind: ListKind
    version: int


@dataclass(frozen=True, slots=True)
class WantTopic:
    """The topic where a gate asks for a list again."""

    kind: ListKind


ListTopic: TypeAlias = TrustTopic | HeadTopic | ChunkTopic | DeltaTopic | WantTopic


@dataclass(frozen=True, slots=True)
class ListTopics:
    """The topics of one site's lists. Raises ValueError for a site that is no number of one."""

    site: int

    def __post_init__(self) -> None:
        if self.site not in SITES:
            message = f"{self.site} is no site; it is a number from 1 to {SITES[-1]}"
            raise ValueError(message)

    @property
    def root(self) -> str:
        """What all topics of the lists begin with."""
        return f"{ROOT}/{self.site}/lists"

    @property
    def trust(self) -> str:
        """The trust list as signed text, retained."""
        return f"{self.root}/trust"

    def head(self, kind: ListKind) -> str:
        """The signed head, retained."""
        return f"{self.root}/{kind}/head"

    def chunk(self, kind: ListKind, snapshot: int, number: int) -> str:
        """One chunk of a snapshot, retained; `number` from 0."""
        return f"{self.root}/{kind}/snap/{snapshot}/{number}"

    def chunks(self, kind: ListKind, snapshot: int) -> str:
        """Filter for all chunks of one snapshot."""
        return f"{self.root}/{kind}/snap/{snapshot}/+"

    def delta(self, kind: ListKind, version: int) -> str:
        """The delta that leads to this version, retained until the next snapshot."""
        return f"{self.root}/{kind}/delta/{version}"

    def deltas(self, kind: ListKind) -> str:
        """Filter for all deltas of a list."""
        return f"{self.root}/{kind}/delta/+"

    def want(self, kind: ListKind) -> str:
        """Where a gate says that it cannot find what it needs."""
        return f"{self.root}/{kind}/want"

    def parse(self, topic: str) -> ListTopic | None:
        """What a topic is for, None where it is none of this site's lists; a number has one spelling only."""
        if not topic.startswith(f"{self.root}/"):
            return None
        found: ListTopic | None = None
        match topic.split("/")[4:]:
            case ["trust"]:
                found = TrustTopic()
            case [str(name), "head"] if name in _NAMES:
                found = HeadTopic(_NAMES[name])
            case [str(name), "want"] if name in _NAMES:
                found = WantTopic(_NAMES[name])
            case [str(name), "delta", str(version)] if name in _NAMES and _is_number(version):
                found = DeltaTopic(_NAMES[name], int(version))
            case [str(name), "snap", str(snapshot), str(n)] if (
                name in _NAMES and _is_number(snapshot) and _is_number(n)
            ):
                found = ChunkTopic(_NAMES[name], int(snapshot), int(n))
        return found


def _is_number(text: str) -> bool:
    digits = text.isascii() and text.isdecimal() and len(text) <= len(str(1 << 64))
    return digits and (text == "0" or text[0] != "0")
