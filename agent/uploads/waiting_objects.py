"""What waits to be sent, seen in one way: pictures, and support bundles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.events import Event
    from agent.store.evidence import OutgoingPictures

What: TypeAlias = Literal["picture", "bundle"]


class Stored(Protocol):
    """A store of what may be sent, by its SHA-256 in hex. All may raise EvidenceError."""

    @property
    def outgoing(self) -> OutgoingPictures:
        """What of it waits to be sent."""
        ...

    def get(self, sha256: str, /) -> bytes | None:
        """Its bytes; None where it is not kept any more."""
        ...

    def size(self, sha256: str, /) -> int | None:
        """How many they are; None where it is not kept."""
        ...


@dataclass(frozen=True, slots=True)
class Shelf:
    """One kind of what waits. `sent`: the event that says so, of a name, a size and the host of the store.

    `leave` takes one out of the queue, because it was sent or is not kept any more.
    """

    what: What
    content_type: str
    store: Stored
    sent: Callable[[str, int, str], Event]
    leave: Callable[[str], None]
