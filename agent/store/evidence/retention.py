"""How long pictures are kept, by how their transaction ended, and which give way first when there are too many."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agent.core.model import Outcome

ORDERLY: Final = frozenset({Outcome.PASSED, Outcome.OVERRIDDEN})


class RetentionClass(StrEnum):
    """The folders, from the shortest-lived on: the order in which a full store gives pictures up."""

    PASSED = "passed"
    OTHER = "other"
    OPEN = "open"


def retention_class_of(outcome: Outcome, *, violated: bool) -> RetentionClass:
    """Where the pictures of a closed transaction belong. `violated`: something was wrong although it passed."""
    return RetentionClass.PASSED if outcome in ORDERLY and not violated else RetentionClass.OTHER


@dataclass(frozen=True, slots=True)
class EvidenceAges:
    """How long pictures are kept: of vehicles that passed in order, and all others."""

    passed_s: float
    other_s: float

    def of(self, retention_class: RetentionClass) -> float:
        """What holds for a folder. A transaction that never closed counts as one that did not go well."""
        return self.passed_s if retention_class is RetentionClass.PASSED else self.other_s


AGES: Final = EvidenceAges(passed_s=72 * 3600.0, other_s=720 * 3600.0)


@dataclass(slots=True)
class KeptPicture:
    """A picture that is kept, and since when."""

    retention_class: RetentionClass
    size: int
    kept_utc: float


class PictureIndex:
    """All pictures by their names, those of each class in the order in which they came. For one thread at a time."""

    def __init__(self) -> None:
        self.total_bytes = 0
        self._pictures: dict[str, KeptPicture] = {}
        self._order: dict[RetentionClass, OrderedDict[str, None]] = {
            retention_class: OrderedDict() for retention_class in RetentionClass
        }

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._pictures

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, sha256: str) -> KeptPicture:
        return self._pictures[sha256]

    def get(self, sha256: str) -> KeptPicture | None:
        """A picture; None when it is not kept."""
        return self._pictures.get(sha256)

    def add(self, sha256: str, picture: KeptPicture) -> None:
        """Note a picture that is kept from now on, as the newest of its class."""
        self._pictures[sha256] = picture
        self._order[picture.retention_class][sha256] = None
        self.total_bytes += picture.size

    def remove(self, sha256: str) -> None:
        """Forget a picture that is kept no more."""
        picture = self._pictures.pop(sha256)
        del self._order[picture.retention_class][sha256]
        self.total_bytes -= picture.size

    def move(self, sha256: str, retention_class: RetentionClass) -> None:
        """Put a picture into another class, as the newest there."""
        picture = self._pictures[sha256]
        del self._order[picture.retention_class][sha256]
        self._order[retention_class][sha256] = None
        picture.retention_class = retention_class

    def first_to_give_way(self) -> str | None:
        """The picture that is given up next where there is no room: the oldest of the shortest-lived class."""
        return next((name for order in self._order.values() for name in order), None)

    def older_than(self, ages: EvidenceAges, utc: float) -> list[str]:
        """The pictures that are older than their class is kept."""
        return [
            sha256
            for sha256, picture in self._pictures.items()
            if utc - picture.kept_utc >= ages.of(picture.retention_class)
        ]
