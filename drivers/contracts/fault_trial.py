"""Trials: one operation of a relay driver at one emulated board under one fault, measured and judged."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, ClassVar, Protocol

from drivers import registry
from drivers.api import Delivery, DeviceError, DeviceUnavailableError
from drivers.contracts.fault_cells import (
    COMMANDS,
    ENERGISING,
    EVERY,
    FAULTS,
    Cell,
    Fault,
    Health,
    LineFault,
    Operation,
    Said,
    Verdict,
)
from drivers.contracts.waiting import PATIENCE_S, REPLY_MS, scaled, scaled_ms
from drivers.emulators.board import ReplyFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.api import RelayPort
    from drivers.emulators.board import EmulatedBoard

TIMEOUTS_MS = (30, 300, scaled_ms(300), REPLY_MS)
"""A cell that comes out other than due is measured again with more patience: the machine may have been busy."""
LATE_AFTER_S = 0.02
SETTLED_S = scaled(0.1)
"""After so much silence a board that answers nothing has heard all that was sent."""
WAIT_S = PATIENCE_S
PULSE_MS = 1000 * round(scaled(1))
TRIES = 3
AT_ONCE = 32
CHANNEL, OTHER_CHANNEL = 1, 2


class MeasuredSuite(Protocol):
    """What a trial has to know of the matrix of a board: `BoardFaults` says what each is."""

    kind: ClassVar[str]
    title: ClassVar[str]
    reply_ms: ClassVar[int]
    unnoticed: ClassVar[frozenset[Fault]]

    def emulator(self, link: Path) -> EmulatedBoard: ...

    def table(self, timeout_ms: int) -> dict[str, object]: ...

    def due(self, operation: Operation, fault: Fault, place: str, health: Health, *, reads_back: bool) -> set[Said]: ...


def health_of(suite: MeasuredSuite, folder: Path) -> dict[Operation, Health]:
    """Every operation when all is well."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        healths = pool.map(lambda operation: Trial(suite, operation, folder).healthy(), Operation)
        return dict(zip(Operation, healths, strict=True))


def measured(suite: MeasuredSuite) -> list[Cell]:
    """All cells of one board, many at once, for most of them wait; measured once in a process."""
    cells = _measured.get(type(suite))
    if cells is None:
        with _untold(), TemporaryDirectory() as name, ThreadPoolExecutor(AT_ONCE) as pool:
            health = health_of(suite, Path(name))
            trials = [
                Trial(suite, operation, Path(name), fault, place, health[operation])
                for fault in FAULTS
                for operation in Operation
                for place in _places(operation, fault, health[operation])
            ]
            cells = _measured[type(suite)] = list(pool.map(Trial.judged, trials))
    return cells


@contextmanager
def _untold() -> Iterator[None]:
    """Keep out of the log what the drivers warn of: a fault in every cell, and who captures the log formats each."""
    drivers = logging.getLogger("drivers")
    before = drivers.level
    drivers.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        drivers.setLevel(before)


_measured: dict[type[MeasuredSuite], list[Cell]] = {}


def _places(operation: Operation, fault: Fault, health: Health) -> list[str]:
    if isinstance(fault, ReplyFault):
        places = [f"answer {number}" for number in range(1, health.answers + 1)]
        return [*places, EVERY] if len(places) > 1 else places
    if fault is LineFault.UNPLUG:
        if operation is Operation.OPEN:
            return ["byte 0"]
        return [f"byte {count}" for count in range(health.sent + 1)]
    return ["-"]


class Trial:
    """One operation at one emulated board under one fault."""

    def __init__(
        self,
        suite: MeasuredSuite,
        operation: Operation,
        folder: Path,
        fault: Fault | None = None,
        place: str = "-",
        health: Health | None = None,
    ) -> None:
        self._suite = suite
        self._operation = operation
        self._link = folder / f"{operation}-{fault}-{place}".replace(" ", "-")
        self._fault = fault
        self._place = place
        self._health = health
        self._answers = 0

    def healthy(self) -> Health:
        """The operation without a fault."""
        with self._suite.emulator(self._link) as board, _driver(self._suite, self._link, self._suite.reply_ms) as relay:
            self._prepare(board, relay)
            heard, switched = len(board.line.received()), len(board.relays.history)
            if self._operation is Operation.PULSE and not relay.capabilities.hardware_pulse:
                said = Said(relay.set(CHANNEL, on=True))  # its off is no part of what can go wrong here
            else:
                said = self._said(board, relay)
            answers = self._answers
            if said is Said.DELIVERED:
                assert board.relays.wait_until(lambda _: self._is_done(board, switched), WAIT_S)
            _wait_for_silence(board)
            sent = len(board.line.received()) - heard
            return Health(sent, answers, said, _edges(board, switched))

    def judged(self) -> Cell:
        """The measurement. An untruth counts at once; what is merely not due is measured again with more patience."""
        *hasty, patient = TIMEOUTS_MS
        for timeout_ms in hasty:
            try:
                cell = self._measured(timeout_ms)
            except DeviceUnavailableError:  # while preparing; what the operation raises is a measurement
                continue
            if cell.verdict is Verdict.UNTRUE or not cell.complaint:
                return cell
        return self._measured(patient)

    def _measured(self, timeout_ms: int) -> Cell:
        assert self._fault is not None
        assert self._health is not None
        with self._suite.emulator(self._link) as board, _driver(self._suite, self._link, timeout_ms) as relay:
            self._prepare(board, relay)
            reads_back = relay.capabilities.read_back
            heard, switched = len(board.line.received()), len(board.relays.history)
            self._inject(board, timeout_ms)
            said = self._said(board, relay)
            if said is Said.DELIVERED and not reads_back and self._fault is not LineFault.UNPLUG:
                board.line.wait_received(heard + self._health.sent, WAIT_S)
                board.relays.wait_until(lambda _: self._is_done(board, switched), 0.0 if self._is_stuck() else WAIT_S)
            if said is Said.UNKNOWN and self._operation in ENERGISING:
                _wait_for_silence(board)  # what it heard too late opens the barrier all the same
            is_done, edges = self._is_done(board, switched), _edges(board, switched)
            sent = len(board.line.received()) - heard
            untruth = self._untruth(said, is_done=is_done, edges=edges, sent=sent)
            recovery = "" if self._recovers(board, relay) else "due: it works again after the fault"
        verdict = Verdict.UNTRUE if untruth else Verdict.TRUE
        if said is Said.DELIVERED and not is_done and not reads_back:
            verdict, untruth = Verdict.UNPROVED, ""
        due = self._suite.due(self._operation, self._fault, self._place, self._health, reads_back=reads_back)
        complaint = untruth or ("" if said in due else f"due: {' or '.join(sorted(due))}")
        if self._fault in self._suite.unnoticed and edges < 2:
            complaint = ""
        complaint = complaint or recovery
        return Cell(self._suite.title, self._operation, str(self._fault), self._place, said, edges, verdict, complaint)

    def _prepare(self, board: EmulatedBoard, relay: RelayPort) -> None:
        """Bring the board to where the operation starts, and count its answers from there."""
        if self._operation is not Operation.OPEN:
            relay.open()
        to_be_released = (
            self._operation in {Operation.OFF, Operation.ALL_OFF} and self._fault is not LineFault.STUCK_OFF
        )
        if to_be_released or self._fault is LineFault.STUCK_ON:
            board.relays.set(CHANNEL, on=True)
        reply = board.reply

        def counting(answer: bytes) -> None:
            self._answers += 1
            reply(answer)

        self._answers = 0
        board.reply = counting  # type: ignore[method-assign]

    def _inject(self, board: EmulatedBoard, timeout_ms: int) -> None:
        number = int(self._place.split()[-1]) if self._place[-1].isdigit() else 0
        match self._fault:
            case ReplyFault():
                board.late_s = timeout_ms / 1000 + LATE_AFTER_S
                board.fail(self._fault, *(() if self._place == EVERY else (1, number - 1)))
            case LineFault.LOCAL_ECHO:
                board.local_echo = not board.local_echo
            case LineFault.STUCK_OFF | LineFault.STUCK_ON:
                board.relays.stuck.add(CHANNEL)
            case LineFault.BROWN_OUT:
                board.relays.watch(
                    lambda change: board.power_cycle() if change.channel == CHANNEL and change.on else None
                )
            case LineFault.UNPLUG if number:
                board.line.unplug_after(number)
            case LineFault.UNPLUG:
                board.unplug()
            case None:
                pass

    def _said(self, board: EmulatedBoard, relay: RelayPort) -> Said:
        try:
            match self._operation:
                case Operation.PULSE:
                    return Said(self._pulse(relay))
                case Operation.ON | Operation.OFF:
                    return Said(relay.set(CHANNEL, on=self._operation is Operation.ON))
                case Operation.ALL_OFF:
                    return Said(relay.all_off())
                case Operation.STATE:
                    return Said.RIGHT if relay.state() in {None, board.relays.states} else Said.WRONG
                case Operation.OPEN:
                    return Said.RIGHT if relay.open() else Said.WRONG
        except DeviceError:
            return Said.RAISED

    def _pulse(self, relay: RelayPort) -> Delivery:
        if relay.capabilities.hardware_pulse:
            return relay.pulse(CHANNEL, PULSE_MS)
        delivery = relay.set(CHANNEL, on=True)
        try:
            any(relay.set(CHANNEL, on=False) is Delivery.DELIVERED for _ in range(TRIES))
        except DeviceUnavailableError:
            return delivery
        return delivery

    def _is_done(self, board: EmulatedBoard, switched: int) -> bool:
        """Whether the relay did what was asked, as far as it can do that at all."""
        states = board.relays.states
        if self._operation in ENERGISING:
            return states[CHANNEL - 1] or _edges(board, switched) > 0
        return not (any(states) if self._operation is Operation.ALL_OFF else states[CHANNEL - 1])

    def _is_stuck(self) -> bool:
        return self._fault in {LineFault.STUCK_OFF, LineFault.STUCK_ON}

    def _untruth(self, said: Said, *, is_done: bool, edges: int, sent: int) -> str:
        if edges > (1 if self._operation in ENERGISING else 0):
            return f"relay {CHANNEL} was energised {edges} times"
        if said is Said.WRONG:
            return "the state is not that of the board"
        if self._operation in COMMANDS and said is Said.RAISED and sent:
            return f"it raised as if nothing had been sent, but {sent} bytes were"
        if said is Said.DELIVERED and not is_done:
            return "it says delivered, but the relay did not do it"
        if said is Said.NOT_DELIVERED and (edges if self._operation in ENERGISING else is_done):
            return "it says not delivered, but the relay did it"
        return ""

    def _recovers(self, board: EmulatedBoard, relay: RelayPort) -> bool:
        """Whether the same driver works again once the fault is over."""
        board.fail(None)
        board.relays.stuck.clear()
        if self._fault is LineFault.LOCAL_ECHO:
            board.local_echo = not board.local_echo
        if self._fault is LineFault.UNPLUG:
            board.unplug()
            board.plug()
        return any(self._works(relay) for _ in range(TRIES))

    def _works(self, relay: RelayPort) -> bool:
        try:
            if relay.set(OTHER_CHANNEL, on=True) is Delivery.DELIVERED:
                return relay.all_off() is Delivery.DELIVERED
            relay.open()
        except DeviceError:
            with suppress(DeviceError):
                relay.open()
        return False


@contextmanager
def _driver(suite: MeasuredSuite, link: Path, timeout_ms: int) -> Iterator[RelayPort]:
    """The driver of a board, let go at the end."""
    relay = registry.relay(suite.kind, {"port": str(link), **suite.table(timeout_ms)})
    try:
        yield relay
    finally:
        relay.close()


def _wait_for_silence(board: EmulatedBoard) -> None:
    while board.line.wait_received(len(board.line.received()) + 1, SETTLED_S):
        pass


def _edges(board: EmulatedBoard, switched: int) -> int:
    return sum(change.on for change in board.relays.history[switched:] if change.channel == CHANNEL)
