"""The emulated relay board as a process of its own, so that it and what is measured do not wait for one another.

`python -m bench.board LINK` answers "up", then one line a pulse of relay 1: the monotonic time of its last byte. It
ends with its input.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Self

from typing_extensions import override

from drivers.emulators.modbus_rtu import ModbusEmulator

OPEN_PULSE = bytes([1, 5, 2, 0])
"""Unit 1, function 05, the board's timed switching on of relay 1: the first bytes of the open pulse.

The eight bytes come as one transfer: their first and their last are read at one time.
"""


def pulse_at(board: ModbusEmulator) -> float:
    """When the newest open pulse came to the board (monotonic seconds). Raises StopIteration when there was none."""
    return next(one.at for one in reversed(board.line.tap) if one.data.startswith(OPEN_PULSE))


class BoardProcess:
    """The board at `link`, until closed."""

    def __init__(self, link: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.board", str(link)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._heard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)

    def next_pulse_at(self) -> float:
        """Wait for the next pulse; when its last byte came to the board."""
        return float(self._heard())

    def _heard(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            message = f"the board ended with {self._process.wait()}"
            raise RuntimeError(message)
        return line


class _TellingBoard(ModbusEmulator):
    """Tells of every pulse, also of one that finds the relay energised and so changes nothing."""

    @override
    def feed(self, buffer: bytearray) -> None:
        if buffer.startswith(OPEN_PULSE):
            print(f"{pulse_at(self):.6f}", flush=True)
        super().feed(buffer)


def main() -> None:
    with _TellingBoard(Path(sys.argv[1])):
        print("up", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
