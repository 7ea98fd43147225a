"""What a reader must offer to be called for every frame that is worth it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from agent.core.observations import Position


class Code(Protocol):
    """One code found in a frame. `corners`: its outline in pixels, clockwise from the top left; may be empty."""

    @property
    def payload(self) -> bytes:
        """The bytes in the symbol."""
        ...

    @property
    def engine(self) -> str:
        """Which engine read it."""
        ...

    @property
    def corners(self) -> Sequence[Sequence[float]]:
        """Four points x, y, or none."""
        ...


class Plate(Protocol):
    """One plate found in a frame; the fields are those of agent.core.observations.Reading."""

    @property
    def text(self) -> str:
        """The normalised number."""
        ...

    @property
    def positions(self) -> tuple[Position, ...]:
        """The likeliest characters at each place."""
        ...

    @property
    def kind(self) -> str:
        """A PlateKind value."""
        ...

    @property
    def confidence(self) -> float:
        """Probability of the whole text."""
        ...

    @property
    def columns(self) -> bytes:
        """The network's word column by column."""
        ...

    @property
    def two_lines(self) -> bool:
        """Whether the columns show a plate of two lines."""
        ...

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x, y, width, height in pixels."""
        ...

    @property
    def flat(self) -> npt.NDArray[np.uint8]:
        """The plate flattened, BGR, to be kept as evidence."""
        ...


class CodeReader(Protocol):
    """Finds codes. One thread owns it."""

    def read(self, pixels: npt.NDArray[np.uint8], *, thorough: bool = False) -> Sequence[Code]:
        """The codes in a BGR picture, shape (height, width, 3), 8 bit. `thorough` takes far longer and finds more."""
        ...


class PlateReader(Protocol):
    """Finds and reads plates. One thread owns it."""

    def read(self, pixels: npt.NDArray[np.uint8], *, thorough: bool = False) -> Sequence[Plate]:
        """The plates in a BGR picture, shape (height, width, 3), 8 bit. `thorough` takes longer and finds more."""
        ...


@dataclass(frozen=True, slots=True)
class Readers:
    """The readers of one eye; None where it has no such reader.

    `codes` reads every frame that is worth it. `second_look`, another code reader, is asked thoroughly now and then
    where the first found nothing, on the thread of `plates`, where no code waits for it.
    """

    codes: CodeReader | None = None
    second_look: CodeReader | None = None
    plates: PlateReader | None = None
