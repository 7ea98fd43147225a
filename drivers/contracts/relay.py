"""What every relay driver promises.

A kind's test classes inherit the suite.
"""

from __future__ import annotations

import threading
import time
from math import ceil
from typing import TYPE_CHECKING, ClassVar

import pytest
from pydantic import ValidationError
from typing_extensions import override

from drivers import registry
from drivers.api import Delivery, DeviceMisconfiguredError, DeviceUnavailableError, TooLateError
from drivers.contracts.board_faults import BoardFaults
from drivers.contracts.busy_line import after_the_wait
from drivers.contracts.waiting import PATIENCE_S, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from drivers.api import RelayCapabilities, RelayPort
    from drivers.emulators.board import EmulatedBoard
    from drivers.relay_bank import RelayBank

WAIT_S = PATIENCE_S
SHORT_PULSE_MS = 100 * round(scaled(2))
"""Long enough to be read back while it lasts."""


def short_pulse_ms(capabilities: RelayCapabilities) -> int:
    """The shortest pulse of whole steps of a board that is no shorter than that."""
    return ceil(SHORT_PULSE_MS / capabilities.pulse_step_ms) * capabilities.pulse_step_ms


class Rig:
    """A board that a test can look at, and the table that configures its driver."""

    def __init__(
        self, table: dict[str, object], relays: RelayBank, unplug: Callable[[], None], plug: Callable[[], None]
    ) -> None:
        self.table = table
        self.relays = relays
        self.unplug = unplug
        self.plug = plug


def emulated(board: EmulatedBoard, table: dict[str, object]) -> Iterator[Rig]:
    """The rig of a board on an emulated line: `yield from` it in the fixture."""
    with board:
        yield Rig({"port": str(board.line.link), **table}, board.relays, board.unplug, board.plug)


@pytest.mark.usefixtures("no_leaks")
class RelayContract:
    """The contract. A subclass names its kind and makes the rig."""

    kind: ClassVar[str]
    channels: ClassVar[int] = 2

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        raise NotImplementedError

    @pytest.fixture
    def relay(self, rig: Rig) -> Iterator[RelayPort]:
        relay = registry.relay(self.kind, rig.table)
        yield relay
        relay.close()

    def only(self, *channels: int) -> tuple[bool, ...]:
        """The states of a board of which only these relays are energised."""
        return tuple(channel in channels for channel in range(1, self.channels + 1))

    def shows(self, rig: Rig, *channels: int) -> bool:
        return rig.relays.wait_until(lambda now: now == self.only(*channels), WAIT_S)

    def test_its_settings_refuse_unknown_keys_and_explain_every_field(self, rig: Rig) -> None:
        model = registry.settings_model(registry.RELAYS, self.kind)
        assert all(field.description for field in model.model_fields.values())
        with pytest.raises(ValidationError, match="extra"):
            model.model_validate(rig.table | {"no_such_key": 1})

    def test_opening_names_the_board_and_moves_no_relay(self, rig: Rig, relay: RelayPort) -> None:
        rig.relays.set(1, on=True)
        before = rig.relays.history
        assert relay.open()
        assert rig.relays.history == before
        assert relay.capabilities.channels == self.channels

    def test_what_is_set_is_delivered_and_seen_at_the_board(self, rig: Rig, relay: RelayPort) -> None:
        relay.open()
        assert relay.set(2, on=True) is Delivery.DELIVERED
        assert self.shows(rig, 2)
        assert relay.set(2, on=True) is Delivery.DELIVERED
        assert relay.set(2, on=False) is Delivery.DELIVERED
        assert self.shows(rig)
        assert [(change.channel, change.on) for change in rig.relays.history] == [(2, True), (2, False)]

    def test_all_off_releases_every_relay(self, rig: Rig, relay: RelayPort) -> None:
        relay.open()
        for channel in range(1, self.channels + 1):
            relay.set(channel, on=True)
        assert relay.all_off() is Delivery.DELIVERED
        assert self.shows(rig)

    def test_the_state_is_that_of_the_board_or_none(self, rig: Rig, relay: RelayPort) -> None:
        relay.open()
        rig.relays.set(1, on=True)
        assert relay.state() == (self.only(1) if relay.capabilities.read_back else None)

    def test_a_pulse_is_timed_by_the_board_or_refused(self, rig: Rig, relay: RelayPort) -> None:
        relay.open()
        capabilities = relay.capabilities
        if not capabilities.hardware_pulse:
            assert capabilities.pulse_step_ms == 0
            with pytest.raises(DeviceMisconfiguredError):
                relay.pulse(1, 500)
            assert rig.relays.history == ()
            return
        duration_ms = short_pulse_ms(capabilities)
        assert relay.pulse(1, duration_ms) is Delivery.DELIVERED
        relay.close()
        assert self.shows(rig)
        on, off = rig.relays.history
        assert (on.channel, on.on, off.channel, off.on) == (1, True, 1, False)
        assert off.at - on.at >= duration_ms / 1000 * 0.99

    def test_a_channel_that_is_not_there_is_named_and_nothing_sent(self, rig: Rig, relay: RelayPort) -> None:
        relay.open()
        rig.relays.set(1, on=True)
        before = rig.relays.history
        for channel in (-1, 0, self.channels + 1, 999):
            with pytest.raises(
                DeviceMisconfiguredError,
                match=f"^there is no relay channel {channel}; the board has 1 to {self.channels}$",
            ):
                relay.set(channel, on=False)
            with pytest.raises(DeviceMisconfiguredError):
                relay.pulse(channel, 1000)
        assert rig.relays.history == before

    def test_before_open_and_after_close_nothing_is_sent(self, rig: Rig, relay: RelayPort) -> None:
        for _ in range(2):
            for command in (relay.all_off, lambda: relay.set(1, on=True)):
                with pytest.raises(DeviceUnavailableError):
                    command()
            if relay.capabilities.read_back:
                with pytest.raises(DeviceUnavailableError):
                    relay.state()
            relay.open()
            relay.close()
            relay.close()
        assert rig.relays.history == ()

    def test_a_stuck_relay_is_not_called_delivered(self, rig: Rig, relay: RelayPort) -> None:
        relay.open()
        if not relay.capabilities.read_back:
            pytest.skip("this board cannot tell")
        rig.relays.stuck.add(1)
        assert relay.set(1, on=True) is Delivery.UNKNOWN  # it may have been on for a moment
        if relay.capabilities.hardware_pulse:
            assert relay.pulse(1, short_pulse_ms(relay.capabilities)) is Delivery.UNKNOWN
        rig.relays.stuck.clear()
        relay.set(1, on=True)
        rig.relays.stuck.add(1)
        assert relay.set(1, on=False) is Delivery.NOT_DELIVERED
        assert relay.all_off() is Delivery.NOT_DELIVERED

    def test_an_unplugged_board_is_unavailable_and_comes_back(self, rig: Rig, relay: RelayPort) -> None:
        relay.open()
        for _ in range(3):
            rig.unplug()
            with pytest.raises(DeviceUnavailableError):
                relay.set(1, on=True)
            relay.close()
            with pytest.raises(DeviceUnavailableError):
                relay.open()
            rig.plug()
            relay.open()
            assert relay.all_off() is Delivery.DELIVERED
            assert relay.set(1, on=True) is Delivery.DELIVERED

    def test_asking_for_the_state_finds_out_that_the_cable_is_out(self, rig: Rig, relay: RelayPort) -> None:
        relay.open()
        relay.state()
        rig.unplug()
        with pytest.raises(DeviceUnavailableError):
            relay.state()

    def test_a_board_that_lost_power_reads_back_released(self, rig: Rig, relay: RelayPort) -> None:
        relay.open()
        relay.set(1, on=True)
        rig.relays.wait_until(lambda now: now[0], WAIT_S)
        rig.relays.release()
        if relay.capabilities.read_back:
            assert relay.state() == self.only()

    def test_after_its_deadline_nothing_is_switched_on_and_the_next_order_needs_no_new_connection(
        self, rig: Rig, relay: RelayPort
    ) -> None:
        relay.open()
        over = time.monotonic() - 1.0
        for order in self.orders(relay):
            with pytest.raises(TooLateError):
                order(over)
        assert rig.relays.history == ()
        for order in self.orders(relay):
            assert order(time.monotonic() + WAIT_S) is Delivery.DELIVERED

    def test_a_release_is_never_too_late(self, rig: Rig, relay: RelayPort) -> None:
        relay.open()
        relay.set(2, on=True)
        assert relay.set(2, on=False, deadline=time.monotonic() - 1.0) is Delivery.DELIVERED
        assert self.shows(rig)

    def orders(self, relay: RelayPort) -> Iterator[Callable[[float], Delivery]]:
        """What moves an arm: each is given with its deadline."""
        yield lambda deadline: relay.set(1, on=True, deadline=deadline)
        if relay.capabilities.hardware_pulse:
            duration_ms = short_pulse_ms(relay.capabilities)
            yield lambda deadline: relay.pulse(2, duration_ms, deadline=deadline)

    def test_it_may_be_opened_in_one_thread_and_used_in_another(self, rig: Rig, relay: RelayPort) -> None:
        relay.open()
        said: list[Delivery] = []
        thread = threading.Thread(target=lambda: said.append(relay.set(1, on=True)))
        thread.start()
        thread.join(WAIT_S)
        assert said == [Delivery.DELIVERED]


class EmulatedRelay(RelayContract, BoardFaults):
    """The contract and the fault matrix of a board on an emulated line. A subclass gives `title` and `emulator`."""

    @override
    @pytest.fixture
    def rig(self, link: Path) -> Iterator[Rig]:
        yield from emulated(self.emulator(link), self.table(self.reply_ms))

    def test_an_order_that_waited_for_the_line_until_after_its_deadline_is_not_sent(
        self, rig: Rig, relay: RelayPort
    ) -> None:
        relay.open()
        for order in self.orders(relay):
            assert isinstance(after_the_wait(str(rig.table["port"]), order), TooLateError)
        assert rig.relays.history == ()
        for order in self.orders(relay):
            assert order(time.monotonic() + WAIT_S) is Delivery.DELIVERED
