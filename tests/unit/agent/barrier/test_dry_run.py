"""What stands in for the relay board of a lane in dry run."""

import time
from math import inf

import pytest

from agent.barrier import DryRunRelay, RelayBoard, Wiring
from agent.barrier.dry_run import IDENTITY
from agent.core.lane import Lamp
from agent.devices import PortState
from drivers.api import Delivery, RelayCapabilities
from tests.support.waiting import eventually

WIRING = Wiring(open_channel=1, pulse_ms=500, close_channel=2, hold_channel=3, red_channel=4, green_channel=64)


def test_every_order_is_taken_and_no_relay_is_there():
    relay = DryRunRelay()
    assert relay.open() == IDENTITY
    assert relay.pulse(1, 500) is relay.set(2, on=True) is relay.all_off() is Delivery.DELIVERED
    assert relay.state() is None
    assert relay.capabilities == RelayCapabilities(64, hardware_pulse=True, pulse_step_ms=1, read_back=False)
    relay.close()
    relay.close()


def test_a_lane_goes_on_with_it_as_with_a_board():
    reports, states = [], []
    board = RelayBoard("dry run of exit-1", DryRunRelay())
    barrier = board.barrier(WIRING, reports.append, lambda state, detail: states.append((state, detail)))
    board.start()
    try:
        eventually(lambda: (PortState.UP, IDENTITY) in states)
        barrier.show(Lamp.GREEN)
        barrier.hold(on=True)
        barrier.hold(on=False)
        for action, grant in (("open", "t1-1"), ("close", None)):
            barrier.pulse(action, grant, time.monotonic() + 600)
        eventually(lambda: len(reports) == 2)
    finally:
        assert board.stop()
    assert [(one.grant, one.action) for one in reports] == [("t1-1", "open"), (None, "close")]
    assert reports[0].delivery is Delivery.DELIVERED
    assert barrier.energised is None


@pytest.mark.parametrize("channel", [1, 64])
def test_a_deadline_in_the_past_is_no_matter_where_nothing_moves(channel):
    assert DryRunRelay().pulse(channel, 500, deadline=-inf) is Delivery.DELIVERED
