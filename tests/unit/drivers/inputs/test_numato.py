from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import Delivery, DeviceUnavailableError
from drivers.contracts.inputs import InputContract, Rig
from drivers.emulators.board import ReplyFault
from drivers.emulators.numato import NumatoEmulator
from tests.support.waiting import REPLY_MS, eventually, scaled_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMEOUT_MS = scaled_ms(200)


class TestNumato(InputContract):
    kind = "numato"

    @pytest.fixture
    def rig(self, link: Path) -> Iterator[Rig]:
        with NumatoEmulator(link) as board:
            table: dict[str, object] = {"port": str(link), "count": 4, "timeout_ms": REPLY_MS}
            yield Rig(table, lambda number, on: board.set_input(number, on=on), board.unplug, board.plug)


@pytest.fixture
def board(link: Path) -> Iterator[NumatoEmulator]:
    with NumatoEmulator(link, inputs=12) as board:
        yield board


@pytest.mark.usefixtures("no_leaks")
def test_relays_and_inputs_share_one_port_from_two_threads(board: NumatoEmulator) -> None:
    relay = registry.relay("numato", {"port": str(board.line.link), "timeout_ms": REPLY_MS})
    inputs = registry.inputs("numato", {"port": str(board.line.link), "timeout_ms": REPLY_MS})
    relay.open()
    inputs.open()
    stop = threading.Event()
    samples = []

    def poll() -> None:
        while not stop.is_set():
            samples.append(inputs.sample().bits)

    board.set_input(4, on=True)
    poller = threading.Thread(target=poll)
    poller.start()
    try:
        eventually(lambda: samples)
        assert {relay.set(2, on=bool(turn % 2)) for turn in range(20)} == {Delivery.DELIVERED}
    finally:
        stop.set()
        poller.join()
        inputs.close()
        relay.close()
    assert set(samples) == {(False, False, False, True)}
    assert len(board.relays.history) == 19


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("fault", ReplyFault)
def test_a_sample_is_right_or_unavailable_and_right_the_next_time(board: NumatoEmulator, fault: ReplyFault) -> None:
    inputs = registry.inputs("numato", {"port": str(board.line.link), "timeout_ms": TIMEOUT_MS})
    assert inputs.open() == f"Numato board 00000000, version 00000008, 4 inputs, on {board.line.link}"
    board.late_s = 5 * TIMEOUT_MS / 1000
    board.fail(fault, replies=1, after=2)
    board.set_input(3, on=True)
    with pytest.raises(DeviceUnavailableError):
        inputs.sample()
    board.set_input(3, on=False)
    board.set_input(1, on=True)
    for _ in range(3):
        assert inputs.sample().bits == (True, False, False, False)
    inputs.close()


@pytest.mark.usefixtures("no_leaks")
def test_inputs_beyond_the_tenth_are_named_by_letters_and_those_that_are_not_there_are_refused(
    board: NumatoEmulator,
) -> None:
    table: dict[str, object] = {"port": str(board.line.link), "timeout_ms": scaled_ms(100)}
    inputs = registry.inputs("numato", table | {"count": 12})
    board.set_input(12, on=True)
    inputs.open()
    assert inputs.sample().bits == (*[False] * 11, True)
    inputs.close()
    inputs = registry.inputs("numato", table | {"count": 13})
    with pytest.raises(DeviceUnavailableError, match="does not answer 'gpio read C': does it have that many"):
        inputs.open()
    inputs = registry.inputs("numato", table | {"count": 12})
    assert inputs.open()
    inputs.close()


def test_a_sensible_number_of_inputs_is_asked_for() -> None:
    for count in (0, 33):
        with pytest.raises(ValidationError, match="count"):
            registry.inputs("numato", {"port": "/dev/x", "count": count})
    assert registry.inputs("numato", {"port": "/dev/x", "count": 32})
