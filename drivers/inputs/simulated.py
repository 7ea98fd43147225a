"""Digital inputs in memory, for demonstrations, training and tests.

Within the process a board is shared by name: `board("lane-1").set(1, True)`. From another process it is controlled
through the file named by `state_file`, JSON such as `{"bits": [true, false, null]}` with null for unknown;
`write_state` replaces it in one step. The file is read again at each sample when it has changed; bits that it does not
name keep what was set in the process.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError, InputSample
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence


class StateFile(BaseModel):
    """What the state file holds."""

    model_config = ConfigDict(extra="forbid")

    bits: list[StrictBool | None] = Field(max_length=64)


def write_state(path: Path, bits: Sequence[bool | None]) -> None:
    """Replace the state file in one step, so that no reader sees half of it."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(StateFile(bits=list(bits)).model_dump_json(), encoding="utf-8")
    draft.replace(path)


class SimulatedInputBoard:
    """The board itself. Any thread may use it; inputs count from 1 and start as False."""

    def __init__(self, name: str, count: int) -> None:
        self.name = name
        self.unplugged = False
        self._bits: list[bool | None] = [False] * count
        self._lock = threading.Lock()

    @property
    def bits(self) -> tuple[bool | None, ...]:
        """The inputs as they are."""
        with self._lock:
            return tuple(self._bits)

    def set(self, number: int, on: bool | None) -> None:
        """Set one input; None is unknown."""
        with self._lock:
            if not 1 <= number <= len(self._bits):
                raise ValueError(f"there is no input {number}; there are {len(self._bits)}")
            self._bits[number - 1] = on

    def set_first(self, bits: Sequence[bool | None]) -> None:
        """Set the first inputs, all at once."""
        with self._lock:
            if len(bits) > len(self._bits):
                raise ValueError(f"{len(bits)} bits for {len(self._bits)} inputs")
            self._bits[: len(bits)] = bits


_boards: dict[str, SimulatedInputBoard] = {}
_boards_lock = threading.Lock()


def board(name: str, count: int = 8) -> SimulatedInputBoard:
    """The board of this name, made with so many inputs when it is asked for first."""
    with _boards_lock:
        return _boards.setdefault(name, SimulatedInputBoard(name, count))


def forget_boards() -> None:
    """Forget all boards."""
    with _boards_lock:
        _boards.clear()


class SimulatedInputsSettings(BaseModel):
    """Configuration of simulated inputs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="inputs", min_length=1, description="Name of the board within the process.")
    count: int = Field(default=8, ge=1, le=64, description="How many inputs the board has.")
    state_file: Path | None = Field(
        default=None,
        description='File through which other processes set the inputs: {"bits": [true, false, null]}. Without it, '
        "no file is read.",
    )


class SimulatedInputs:
    """The driver of a simulated input board."""

    Settings: ClassVar[type[SimulatedInputsSettings]] = SimulatedInputsSettings

    def __init__(self, settings: SimulatedInputsSettings) -> None:
        self._settings = settings
        self._board = board(settings.name, settings.count)
        self._is_open = False
        self._seen: tuple[int, int, int] | None = None

    def open(self) -> str:
        """Connect to the board."""
        there = len(self._board.bits)
        if there != self._settings.count:
            raise DeviceMisconfiguredError(
                Text(
                    "the simulated inputs {name} are {there}, not {count}",
                    name=self._board.name,
                    there=there,
                    count=self._settings.count,
                )
            )
        self._is_open = True
        self._seen = None
        try:
            self.sample()
        except DeviceUnavailableError:
            self.close()
            raise
        return Text("simulated inputs {name}, {count} inputs", name=self._board.name, count=there)

    def close(self) -> None:
        """Let the board go."""
        self._is_open = False

    def sample(self) -> InputSample:
        """Read all inputs now."""
        at = time.monotonic()
        if not self._is_open:
            raise DeviceUnavailableError(Text("the simulated inputs {name} are not open", name=self._board.name))
        if self._board.unplugged:
            raise DeviceUnavailableError(Text("the simulated inputs {name} are unplugged", name=self._board.name))
        if self._settings.state_file is not None:
            self._take_over(self._settings.state_file)
        return InputSample(self._board.bits, at)

    def _take_over(self, path: Path) -> None:
        """Set the inputs from the file if it has changed. No file yet is no error."""
        try:
            status = path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen == self._seen:
                return
            self._board.set_first(StateFile.model_validate_json(path.read_bytes()).bits)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            problem = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
            raise DeviceUnavailableError(
                Text("the state file {path} cannot be used: {problem}", path=path, problem=problem)
            ) from error
        self._seen = seen
