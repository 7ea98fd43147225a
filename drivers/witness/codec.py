"""What a kind of camera must be asked, and what its answers mean: the port between its wire and its documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drivers.witness.multipart import Part


@dataclass(frozen=True, slots=True)
class SaidPlate:
    """A plate as a camera's document has it. `confidence`: 0..1, None where it says none. The rest: its own words."""

    text: str
    confidence: float | None = None
    lane: int | None = None
    country: str = ""
    kind: str = ""
    colour: str = ""


class EventCodec(Protocol):
    """The documents of one kind of camera. Pure."""

    @property
    def events(self) -> str:
        """What to ask for the stream of events: path and query."""
        ...

    @property
    def about(self) -> str:
        """What to ask for what the camera is: path and query."""
        ...

    def identity(self, document: bytes) -> str:
        """What the camera is, of the answer to `about`. Raises DocumentError."""
        ...

    def plates(self, part: Part) -> Sequence[SaidPlate]:
        """The plates that were read just now, of a part that is no picture. Raises DocumentError."""
        ...

    def is_whole(self, body: bytes) -> bool:
        """Whether such a part, whose length is not told, is whole."""
        ...

    def shows_vehicle(self, part: Part) -> bool:
        """Whether a picture is that of the whole vehicle, after which no better one comes."""
        ...
