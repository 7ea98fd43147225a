"""The board in software, on a pseudo terminal: `python -m gate_agent_r4.emulator /tmp/r4`."""

import sys
from pathlib import Path

from drivers.emulators.board import EmulatedBoard
from drivers.emulators.command_line import run
from gate_agent_r4.board import ANSWER, ASK, ON, checked, request


class R4Emulator(EmulatedBoard):
    def feed(self, buffer: bytearray) -> None:
        while len(buffer) >= len(request(0, ASK)):
            _, channel, order, _ = frame = bytes(buffer[:4])
            if frame != request(channel, order):
                del buffer[0]  # half a request that somebody has left: the next one begins later
                continue
            del buffer[:4]
            self._obey(channel, order)

    def _obey(self, channel: int, order: int) -> None:
        if order == ASK:
            states = sum(on << place for place, on in enumerate(self.relays.states))
            self.reply(checked(bytes([ANSWER, states])))
            return
        for one in range(1, self.relays.channels + 1):
            if channel in {0, one}:
                self.relays.set(one, on=order == ON)


if __name__ == "__main__":
    raise SystemExit(run(R4Emulator(Path(sys.argv[1]), 4)))
