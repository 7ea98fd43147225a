"""A relay board and all lanes on it: the thread that owns the board, keeps it connected and moves its relays.

If a pulse cannot start before its deadline, it does not start at all. On connecting, the thread releases every relay,
and energises only permanent holds and lamps. It makes one call to the board at a time, and handles pulses first. So a
lane waits at most for one call of another lane.
"""

from __future__ import annotations

import queue
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, assert_never

from agent.barrier.barrier import Barrier, HoldRequest, LampRequest, PulseRequest
from agent.barrier.relay_scheduler import RelayScheduler
from agent.devices import PortState, PortSupervisor
from agent.service.worker import OnFailure, Worker
from drivers.api import Delivery, DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.barrier.barrier import BarrierRequest, PulseReport
    from agent.barrier.outputs import Wiring
    from agent.service.parallel import Job
    from drivers.api import RelayPort

HEALTH_PERIOD_S = 0.2
CHECK_S = 0.1
"""How long a check may take on a slow line."""
STOP_TIMEOUT_S = 5.0
LIMIT_S = 30.0
"""A board that hangs on its line is given up by its driver much sooner."""


class RelayBoard:
    """Give the pulses, holds and lamps of all lanes that are wired to one relay board."""

    def __init__(self, name: str, relay: RelayPort) -> None:
        self._scheduler = RelayScheduler(relay)
        self._barriers: list[Barrier] = []
        self._requests: queue.SimpleQueue[BarrierRequest | None] = queue.SimpleQueue()
        self._pulses: deque[PulseRequest] = deque()
        self._port = PortSupervisor(
            f"the relay board {name}", self._scheduler.connect, self._scheduler.close, self._notify_lanes
        )
        self._check_at = 0.0
        self._answer_s: float | None = None
        self._stopping = False
        self._release: Job[Any] | None = None
        # What it owes to its lanes, pulses that have no report, is lost with its thread: nothing can go on from there.
        self.worker = Worker(f"relay-{name}", self._run, limit_s=LIMIT_S, on_failure=OnFailure.END)

    @property
    def state(self) -> PortState:
        """The state of the board's port."""
        return self._port.state

    @property
    def detail(self) -> str:
        """What is there while it is up, and why it is lost while it is not."""
        return self._port.detail

    @property
    def answer_s(self) -> float | None:
        """How long the board took to answer the last check; None before the first, and while it is not up."""
        return self._answer_s if self._port.is_up else None

    def barrier(
        self, wiring: Wiring, on_pulse: Callable[[PulseReport], None], on_state: Callable[[PortState, str], None]
    ) -> Barrier:
        """The barrier of one more lane; for before the start. See Barrier for what is called when."""
        made = Barrier(self._scheduler.lane_outputs(wiring), self._requests.put, on_pulse, on_state)
        self._barriers.append(made)
        return made

    def connect_after(self, release: Job[Any]) -> None:
        """Connect only once `release` has ended, which has the board's port; for before the start."""
        self._release = release

    def start(self) -> None:
        """Start to connect."""
        self.worker.start()

    def stop(self) -> bool:
        """Give no further pulse, release every relay and let the port go, within a bounded time; whether that is done.

        By the return every pulse has its report, unless the board hangs.
        """
        self._close()
        self._requests.put(None)
        return self.worker.join(STOP_TIMEOUT_S)

    # ------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        try:
            self._wait_for_release()
            while not self._stopping:
                self._run_once()
        finally:
            self._close()
            self._release_all()

    def _wait_for_release(self) -> None:
        # Shows no progress: a release that hangs on its line is as bad as a board that does.
        while self._release is not None and not self._stopping and not self._release.ended(HEALTH_PERIOD_S):
            pass
        self._release = None

    def _run_once(self) -> None:
        self._collect_requests()
        if self._stopping:
            return
        if self._port.is_up:
            self._port.guarded(self._work)
            return
        self._refuse_pulses()
        if self._port.wait_s() == 0.0:
            self._port.connect()

    def _collect_requests(self) -> None:
        """Take every order that is there; wait for one until the next duty."""
        with suppress(queue.Empty), self.worker.resting():
            self._note(self._requests.get(timeout=self._patience_s()))
        self._collect_waiting()

    def _collect_waiting(self) -> None:
        while not self._requests.empty():
            self._note(self._requests.get())

    def _patience_s(self) -> float:
        if self._pulses:
            return 0.0
        if not self._port.is_up:
            return min(self._port.wait_s(), HEALTH_PERIOD_S)
        due_in_s = self._scheduler.due_in_s()
        check_in_s = max(0.0, self._check_at - time.monotonic())
        return check_in_s if due_in_s is None else min(due_in_s, check_in_s)

    def _note(self, request: BarrierRequest | None) -> None:
        match request:
            case None:
                pass
            case PulseRequest():
                self._pulses.append(request)
            case HoldRequest(barrier=barrier, on=on):
                self._scheduler.hold(barrier.lane_outputs, on=on)
            case LampRequest(barrier=barrier, lamp=lamp):
                barrier.lane_outputs.lamp = lamp
                self._scheduler.show(barrier.lane_outputs)
            case _:
                assert_never(request)

    def _work(self) -> None:
        """Make one call to the board: for a pulse, else for what is due, else to see how the relays are."""
        if self._pulses:
            self._give_pulse(self._pulses.popleft())
        elif not self._scheduler.work() and time.monotonic() >= self._check_at:
            self._check()
        self._notify_lanes()

    def _check(self) -> None:
        due_in_s = self._scheduler.due_in_s()
        if due_in_s is not None and due_in_s < CHECK_S:
            # The end of a pulse waits for no check.
            self._check_at = time.monotonic() + due_in_s
            return
        begun_at = time.monotonic()
        self._scheduler.check()
        now = time.monotonic()
        self._answer_s = now - begun_at
        self._check_at = now + HEALTH_PERIOD_S

    def _give_pulse(self, request: PulseRequest) -> None:
        delivery = Delivery.NOT_DELIVERED
        try:
            if not self._stopping:
                delivery = Delivery.UNKNOWN  # after a fault in the driver nobody knows
                delivery = self._scheduler.pulse(request.barrier.lane_outputs, request.action, request.deadline)
        except DeviceError:
            delivery = Delivery.NOT_DELIVERED
            raise
        finally:
            request.barrier.report(request, delivery)

    def _refuse_pulses(self) -> None:
        while self._pulses:
            request = self._pulses.popleft()
            request.barrier.report(request, Delivery.NOT_DELIVERED)

    def _close(self) -> None:
        for barrier in self._barriers:
            barrier.close()
        self._stopping = True

    def _release_all(self) -> None:
        self._collect_waiting()
        self._refuse_pulses()
        if self._port.is_up:
            self._scheduler.release_and_close()
        else:
            self._scheduler.close()

    def _notify_lanes(self) -> None:
        """Tell each lane how the port is for it: a relay that does not let go is the loss of its own lanes."""
        for barrier in self._barriers:
            barrier.energised = self._scheduler.energised if self._port.is_up else None
            trouble = self._scheduler.trouble(barrier.lane_outputs) if self._port.is_up else ""
            if trouble:
                barrier.changed(PortState.LOST, trouble)
            else:
                barrier.changed(self._port.state, self._port.detail)
