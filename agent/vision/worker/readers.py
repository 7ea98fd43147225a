"""What a reader must offer to be called for every frame that is worth it.

Forms and not classes: the threads, and their tests, know nothing of the networks and engines that readers are made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from agent.core.model import Position, VinSource
    from agent.core.plates import Country, Doubt


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

    @property
    def module_px(self) -> float:
        """Mean side of a module, 0 where it is not known."""
        ...


class Plate(Protocol):
    """One plate found in a frame; the fields are those of agent.core.model.observations.Reading."""

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
    def colour(self) -> str:
        """A PlateColour value."""
        ...

    @property
    def character_px(self) -> float:
        """Height of a character in the frame."""
        ...

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x, y, width, height in pixels."""
        ...

    @property
    def off_centre(self) -> float:
        """How far from the middle of the lane it lies, 0 to 1."""
        ...

    @property
    def legible(self) -> bool:
        """Whether `flat`, kept as JPEG, can stand for what was read."""
        ...

    @property
    def doubt(self) -> Doubt:
        """Why the text may not be all of the plate's."""
        ...

    @property
    def countries(self) -> tuple[tuple[Country, float], ...]:
        """Whose plate it is, each country with its probability."""
        ...

    @property
    def flat(self) -> npt.NDArray[np.uint8]:
        """The plate flattened, BGR, to be kept as evidence."""
        ...


class Vin(Protocol):
    """One VIN found in a frame; the fields are those of agent.core.model.observations.VinReading."""

    @property
    def text(self) -> str:
        """17 characters of ISO 3779, capitals."""
        ...

    @property
    def source(self) -> VinSource:
        """What it was read from."""
        ...

    @property
    def confidence(self) -> float:
        """Probability of the whole text; 1 for a code."""
        ...

    @property
    def positions(self) -> tuple[Position, ...]:
        """The likeliest characters at each place; none for a code."""
        ...

    @property
    def columns(self) -> bytes:
        """The network's word column by column; empty for a code."""
        ...

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x, y, width, height in pixels."""
        ...

    @property
    def legible(self) -> bool:
        """Whether `crop`, kept as JPEG, reads as the same VIN once more."""
        ...

    @property
    def crop(self) -> npt.NDArray[np.uint8]:
        """The part of the frame that shows it, BGR, to be kept as evidence."""
        ...


class CodeReader(Protocol):
    """Finds codes in the frames of one camera. One thread owns it."""

    def read_codes(self, pixels: npt.NDArray[np.uint8], at: float, *, hint: bool, budget_ms: float) -> Sequence[Code]:
        """The codes in a BGR picture, shape (height, width, 3), 8 bit, of this monotonic time.

        With a budget of 0 the cheap steps only. Within a larger one thorough steps too, where `hint` says that a code
        may be there or the cheap steps see one that they cannot decode.
        """
        ...


class PlateReader(Protocol):
    """Finds and reads plates. One thread owns it."""

    def read(self, pixels: npt.NDArray[np.uint8], *, thorough: bool = False) -> Sequence[Plate]:
        """The plates in a BGR picture, shape (height, width, 3), 8 bit. `thorough` takes longer and finds more."""
        ...


class VinReader(Protocol):
    """Finds and reads the VINs on labels. One thread owns it."""

    def read(self, pixels: npt.NDArray[np.uint8]) -> Sequence[Vin]:
        """The VINs in a BGR picture, shape (height, width, 3), 8 bit, each once."""
        ...


@dataclass(frozen=True, slots=True)
class Readers:
    """The readers of one worker; None where it has no such reader.

    `codes` makes the cheap steps on every frame that is worth it, `thorough_codes` the thorough ones on some.
    """

    codes: CodeReader | None = None
    thorough_codes: CodeReader | None = None
    plates: PlateReader | None = None
    vins: VinReader | None = None
