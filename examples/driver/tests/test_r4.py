from pathlib import Path

from drivers.contracts.relay import EmulatedRelay
from drivers.emulators.board import ReplyFault
from gate_agent_r4.board import ON, request
from gate_agent_r4.emulator import R4Emulator


class TestR4(EmulatedRelay):
    kind = "r4"
    title = "R4"
    channels = 4
    copes_with = frozenset({ReplyFault.DUPLICATE})

    def emulator(self, link: Path) -> R4Emulator:
        return R4Emulator(link, self.channels)


def test_a_request_is_as_the_maker_prints_it() -> None:
    assert request(2, ON).hex(" ") == "a5 02 01 a8"
