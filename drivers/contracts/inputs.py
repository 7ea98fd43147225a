"""What every input driver promises.

A kind's test classes inherit the suite.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import DeviceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drivers.api import InputPort


class Rig:
    """A board whose inputs a test can drive, and the table that configures its driver."""

    def __init__(
        self,
        table: dict[str, object],
        drive: Callable[[int, bool], None],
        unplug: Callable[[], None],
        plug: Callable[[], None],
    ) -> None:
        self.table = table
        self.drive = drive
        self.unplug = unplug
        self.plug = plug


@pytest.mark.usefixtures("no_leaks")
class InputContract:
    """The contract. A subclass names its kind and makes the rig, of four inputs."""

    kind: ClassVar[str]

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        raise NotImplementedError

    @pytest.fixture
    def inputs(self, rig: Rig) -> Iterator[InputPort]:
        inputs = registry.inputs(self.kind, rig.table)
        yield inputs
        inputs.close()

    def test_its_settings_refuse_unknown_keys_and_explain_every_field(self, rig: Rig) -> None:
        model = registry.settings_model(registry.INPUTS, self.kind)
        assert all(field.description for field in model.model_fields.values())
        with pytest.raises(ValidationError, match="extra"):
            model.model_validate(rig.table | {"no_such_key": 1})

    def test_a_sample_has_every_input_in_order(self, rig: Rig, inputs: InputPort) -> None:
        assert inputs.open()
        assert inputs.sample().bits == (False,) * 4
        rig.drive(1, True)
        rig.drive(3, True)
        assert inputs.sample().bits == (True, False, True, False)
        rig.drive(1, False)
        assert inputs.sample().bits == (False, False, True, False)

    def test_a_sample_is_never_older_than_it_says(self, inputs: InputPort) -> None:
        inputs.open()
        before = time.monotonic()
        first, second = inputs.sample(), inputs.sample()
        assert before <= first.at <= second.at <= time.monotonic()

    def test_before_open_and_after_close_there_is_no_sample(self, inputs: InputPort) -> None:
        for _ in range(2):
            with pytest.raises(DeviceUnavailableError):
                inputs.sample()
            inputs.open()
            inputs.close()
            inputs.close()

    def test_an_unplugged_board_is_unavailable_and_comes_back(self, rig: Rig, inputs: InputPort) -> None:
        inputs.open()
        for _ in range(3):
            rig.unplug()
            with pytest.raises(DeviceUnavailableError):
                inputs.sample()
            inputs.close()
            with pytest.raises(DeviceUnavailableError):
                inputs.open()
            rig.plug()
            inputs.open()
            assert len(inputs.sample().bits) == 4
