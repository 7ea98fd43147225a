"""A relay board in memory, for demonstrations, training and tests. It refuses what a real board refuses.

Boards are shared by name within the process: `board("lane-1")` is what the driver with `name = "lane-1"` switches, so
that a simulated barrier can watch it and a test can cut its cable.
"""

from __future__ import annotations

import threading
import time
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from drivers.api import (
    Delivery,
    DeviceError,
    DeviceMisconfiguredError,
    DeviceUnavailableError,
    RelayCapabilities,
    TooLateError,
)
from drivers.relay.readback import check_channel, judged, proved
from drivers.relay_bank import RelayBank
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

PULSE_STEP_MS = 100


class BoardFault(StrEnum):
    """What can be wrong with the simulated board.

    UNPLUGGED: nothing can be sent. COMMAND_LOST: commands vanish on the way, questions are answered. REPLY_LOST: the
    board acts and never answers. DIES_IN_COMMAND: it acts, and is unplugged before it answers.
    """

    UNPLUGGED = "unplugged"
    COMMAND_LOST = "command_lost"
    REPLY_LOST = "reply_lost"
    DIES_IN_COMMAND = "dies_in_command"


class SimulatedBoard:
    """The board itself: its relays, its cable and its faults. Any thread may use it."""

    def __init__(self, name: str, channels: int) -> None:
        self.name = name
        self.relays = RelayBank(channels)
        self.fault: BoardFault | None = None
        self._lock = threading.Lock()
        self._owner: object | None = None

    def power_cycle(self) -> None:
        """Take the power away and give it back: every relay falls off."""
        self.relays.release()

    def connect(self, owner: object) -> None:
        """Open the cable end for one owner. Raises DeviceUnavailableError while another has it."""
        with self._lock:
            if self.fault in {BoardFault.UNPLUGGED, BoardFault.DIES_IN_COMMAND}:
                raise DeviceUnavailableError(Text("no such board: {name} is unplugged", name=self.name))
            if self._owner not in (None, owner):
                raise DeviceUnavailableError(Text("the board {name} is in use by another driver", name=self.name))
            self._owner = owner

    def disconnect(self, owner: object) -> None:
        """Let the cable end go, where this owner has it."""
        with self._lock:
            if self._owner is owner:
                self._owner = None

    def command(self, action: Callable[[], None]) -> bool:
        """Carry a command to the board; whether it was acknowledged. Raises when it cannot be sent."""
        match self.fault:
            case BoardFault.UNPLUGGED:
                raise DeviceUnavailableError(Text("the board {name} is unplugged", name=self.name))
            case BoardFault.COMMAND_LOST:
                return False
            case BoardFault.REPLY_LOST:
                action()
                return False
            case BoardFault.DIES_IN_COMMAND:
                action()
                self.fault = BoardFault.UNPLUGGED
                return False
            case None:
                action()
                return True

    def query(self) -> tuple[bool, ...]:
        """Ask the board for its relays. Raises DeviceUnavailableError without an answer."""
        if self.fault in {BoardFault.UNPLUGGED, BoardFault.REPLY_LOST}:
            raise DeviceUnavailableError(Text("the board {name} does not answer", name=self.name))
        return self.relays.states


_boards: dict[str, SimulatedBoard] = {}
_boards_lock = threading.Lock()


def board(name: str, channels: int = 8) -> SimulatedBoard:
    """The board of this name, made with so many channels when it is asked for first."""
    with _boards_lock:
        return _boards.setdefault(name, SimulatedBoard(name, channels))


def forget_boards() -> None:
    """Stop the timers of all boards and forget them."""
    with _boards_lock:
        boards = list(_boards.values())
        _boards.clear()
    for each in boards:
        each.relays.close()


class SimulatedRelaySettings(BaseModel):
    """Configuration of a simulated relay board."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="relay", min_length=1, description="Name of the board within the process.")
    channels: int = Field(default=8, ge=1, le=64, description="How many relays the board has.")
    hardware_pulse: bool = Field(
        default=True, description="Whether the board itself times a pulse, in steps of 100 ms."
    )
    read_back: bool = Field(default=True, description="Whether the board can report the state of its relays.")


class SimulatedRelay:
    """The driver of a simulated board."""

    Settings: ClassVar[type[SimulatedRelaySettings]] = SimulatedRelaySettings

    def __init__(self, settings: SimulatedRelaySettings) -> None:
        self._settings = settings
        self._board = board(settings.name, settings.channels)
        self._is_open = False

    @property
    def capabilities(self) -> RelayCapabilities:
        """What this board can do."""
        timed = self._settings.hardware_pulse
        return RelayCapabilities(
            self._settings.channels, timed, PULSE_STEP_MS if timed else 0, read_back=self._settings.read_back
        )

    def open(self) -> str:
        """Connect to the board."""
        there = self._board.relays.channels
        if there != self._settings.channels:
            raise DeviceMisconfiguredError(
                Text(
                    "the simulated board {name} has {there} channels, not {channels}",
                    name=self._board.name,
                    there=there,
                    channels=self._settings.channels,
                )
            )
        self._board.connect(self)
        self._is_open = True
        return Text("simulated board {name}, {count} relays", name=self._board.name, count=there)

    def close(self) -> None:
        """Let the board go."""
        self._board.disconnect(self)
        self._is_open = False

    def pulse(self, channel: int, duration_ms: int, *, deadline: float = inf) -> Delivery:
        """Energise the relay for `duration_ms`, rounded to 100 ms, timed by the board."""
        check_channel(channel, self._settings.channels)
        if not self._settings.hardware_pulse:
            raise DeviceMisconfiguredError(
                Text("the simulated board {name} cannot time a pulse", name=self._board.name)
            )
        steps = max(1, round(duration_ms / PULSE_STEP_MS))
        relays = self._board.relays
        acknowledged = self._command(lambda: relays.pulse(channel, steps * PULSE_STEP_MS / 1000), deadline)
        return self._judged(
            lambda: judged(lambda: self._board.query()[channel - 1], Delivery.UNKNOWN), acknowledged=acknowledged
        )

    def set(self, channel: int, *, on: bool, deadline: float = inf) -> Delivery:
        """Switch one relay and read it back."""
        check_channel(channel, self._settings.channels)
        acknowledged = self._command(lambda: self._board.relays.set(channel, on=on), deadline if on else inf)
        return self._judged(lambda: proved(lambda: self._board.query()[channel - 1], on=on), acknowledged=acknowledged)

    def all_off(self) -> Delivery:
        """Release every relay and read them back."""

        def release() -> None:
            for channel in range(1, self._settings.channels + 1):
                self._board.relays.set(channel, on=False)

        acknowledged = self._command(release)
        return self._judged(lambda: proved(lambda: any(self._board.query()), on=False), acknowledged=acknowledged)

    def state(self) -> tuple[bool, ...] | None:
        """Ask the board which relays are energised; None where it cannot say."""
        self._require_open()
        try:
            states = self._board.query()
        except DeviceError:
            self._is_open = False
            raise
        return states if self._settings.read_back else None

    def _command(self, action: Callable[[], None], deadline: float = inf) -> bool:
        self._require_open()
        if time.monotonic() > deadline:
            raise TooLateError(Text("{line} became free too late; nothing was sent", line=self._board.name))
        return self._board.command(action)

    def _judged(self, by_reading_back: Callable[[], Delivery], *, acknowledged: bool) -> Delivery:
        if self._settings.read_back:
            return by_reading_back()
        return Delivery.DELIVERED if acknowledged else Delivery.UNKNOWN

    def _require_open(self) -> None:
        if not self._is_open:
            raise DeviceUnavailableError(Text("the simulated board {name} is not open", name=self._board.name))
