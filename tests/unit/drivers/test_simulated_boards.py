from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from drivers import registry
from drivers.api import Delivery, DeviceMisconfiguredError, DeviceUnavailableError
from drivers.inputs import simulated as inputs_simulated
from drivers.relay import simulated as relay_simulated
from drivers.relay.simulated import BoardFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITER = """
import sys
from pathlib import Path
from drivers.inputs.simulated import write_state
write_state(Path(sys.argv[1]), [True, None])
"""

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture(autouse=True)
def _forget(no_leaks: None) -> Iterator[None]:
    yield
    relay_simulated.forget_boards()
    inputs_simulated.forget_boards()


@pytest.mark.parametrize(
    ("fault", "pulse", "level"),
    [
        (None, Delivery.DELIVERED, Delivery.DELIVERED),
        (BoardFault.COMMAND_LOST, Delivery.UNKNOWN, Delivery.UNKNOWN),
        (BoardFault.REPLY_LOST, Delivery.UNKNOWN, Delivery.UNKNOWN),
        (BoardFault.DIES_IN_COMMAND, Delivery.UNKNOWN, Delivery.UNKNOWN),
    ],
)
def test_what_is_said_of_a_command_is_what_a_real_board_lets_one_know(
    fault: BoardFault | None, pulse: Delivery, level: Delivery
) -> None:
    board = relay_simulated.board("lane")
    relay = registry.relay("simulated", {"name": "lane"})
    relay.open()
    board.fault = fault
    assert relay.pulse(1, 300) is pulse
    board.fault = fault
    assert relay.set(2, on=True) is level
    board.fault = BoardFault.UNPLUGGED
    with pytest.raises(DeviceUnavailableError):
        relay.pulse(1, 300)


def test_without_reading_back_only_the_acknowledge_tells() -> None:
    relay = registry.relay("simulated", {"name": "lane", "read_back": False})
    relay.open()
    assert relay.all_off() is Delivery.DELIVERED
    relay_simulated.board("lane").fault = BoardFault.REPLY_LOST
    assert relay.all_off() is Delivery.UNKNOWN


def test_one_board_serves_one_driver_at_a_time() -> None:
    first = registry.relay("simulated", {"name": "lane"})
    second = registry.relay("simulated", {"name": "lane"})
    first.open()
    with pytest.raises(DeviceUnavailableError, match="in use"):
        second.open()
    first.close()
    second.open()
    first.close()
    assert second.all_off() is Delivery.DELIVERED


def test_a_driver_that_counts_otherwise_than_the_board_is_refused() -> None:
    relay_simulated.board("lane", 2)
    inputs_simulated.board("lane", 2)
    with pytest.raises(DeviceMisconfiguredError, match="has 2 channels, not 8"):
        registry.relay("simulated", {"name": "lane"}).open()
    with pytest.raises(DeviceMisconfiguredError, match="are 2, not 8"):
        registry.inputs("simulated", {"name": "lane"}).open()


def test_inputs_are_driven_from_another_process_through_the_file(tmp_path: Path) -> None:
    path = tmp_path / "inputs.json"
    inputs = registry.inputs("simulated", {"name": "lane", "count": 3, "state_file": str(path)})
    inputs.open()
    assert inputs.sample().bits == (False, False, False)
    subprocess.run([sys.executable, "-c", WRITER, str(path)], check=True)
    assert inputs.sample().bits == (True, None, False)
    inputs_simulated.board("lane").set(1, False)
    assert inputs.sample().bits == (False, None, False)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"bits": [1]}', '{"bits": [true, true, true, true]}', '{"bits": [], "more": 1}']
)
def test_a_state_file_that_cannot_be_used_makes_the_inputs_unavailable(tmp_path: Path, text: str) -> None:
    path = tmp_path / "inputs.json"
    path.write_text(text, encoding="utf-8")
    inputs = registry.inputs("simulated", {"name": "lane", "count": 3, "state_file": str(path)})
    with pytest.raises(DeviceUnavailableError, match="cannot be used"):
        inputs.open()
    with pytest.raises(DeviceUnavailableError, match="not open"):
        inputs.sample()
    inputs_simulated.write_state(path, [True])
    inputs.open()
    assert inputs.sample().bits == (True, False, False)


def test_an_input_that_is_not_there_cannot_be_set() -> None:
    with pytest.raises(ValueError, match="no input 9"):
        inputs_simulated.board("lane").set(9, True)
