"""One life of a witness's process: the camera kept open, what it says passed on, and the heartbeat."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Final, TypeVar

from agent.core.model import delay_s
from agent.service.worker import OnFailure, Worker
from agent.vision.worker.protocol import MAX_DETAIL, CameraPhase, CameraState, Heartbeat, SaidPlate, Stop
from drivers.api import DeviceError, DeviceMisconfiguredError
from drivers.text import shortened

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.vision.worker.parent_link import ParentConnection
    from agent.vision.worker.protocol import ConfigureWitness
    from drivers.api import WitnessedPlate, WitnessPort

_READ_S: Final = 0.2
"""How long a read waits, and so how long a stop may."""
_STEADY_S: Final = 5.0
_STOP_S: Final = 1.5

T = TypeVar("T")


class WitnessSession:
    """Run one camera. The thread that calls `run` listens to the parent and sends heartbeats; another owns the camera.

    `make_witness`: makes its port anew for each try.
    """

    def __init__(
        self, link: ParentConnection, settings: ConfigureWitness, make_witness: Callable[[], WitnessPort]
    ) -> None:
        self._link = link
        self._settings = settings
        self._make_witness = make_witness
        self._said = CameraState(phase=CameraPhase.CONNECTING)
        self._call_since: float | None = None
        self._plates = 0
        self._failures = 0
        # Watched by the parent, which hears of the calls of the camera.
        self._worker = Worker("witness", self._run, limit_s=None, on_failure=OnFailure.END)

    def run(self) -> bool:
        """Work until the parent says Stop. False when the camera hangs in a call.

        Raises ParentGoneError and ProtocolError, after which nothing but leaving the process helps.
        """
        self._link.send(self._said)
        self._worker.start()
        self._until_stop()
        return self._worker.stop(_STOP_S)

    def _until_stop(self) -> None:
        due_at = time.monotonic()
        while True:
            now = time.monotonic()
            if now >= due_at:
                due_at = now + self._settings.heartbeat_s
                self._link.send(Heartbeat(at=now, camera_since=self._call_since, read=self._plates))
            for envelope in self._link.receive(due_at - time.monotonic()):
                if isinstance(envelope.message, Stop):
                    return

    # -------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        while not self._worker.stopping:
            before = self._said
            self._report(CameraPhase.CONNECTING, before.detail, misconfigured=before.misconfigured)
            try:
                self._open_and_read()
            except DeviceError as error:
                self._back_off(error)

    def _open_and_read(self) -> None:
        witness = self._make_witness()
        try:
            identity = self._timed(witness.open)
            opened_at = time.monotonic()
            self._report(CameraPhase.STREAMING, identity)
            while not self._worker.stopping:
                plate = self._timed(lambda: witness.read(_READ_S))
                if time.monotonic() - opened_at >= _STEADY_S:
                    self._failures = 0
                if plate is not None:
                    self._pass_on(plate)
        finally:
            self._timed(witness.close)

    def _pass_on(self, plate: WitnessedPlate) -> None:
        self._plates += 1
        said = SaidPlate(
            text=plate.text,
            confidence=plate.confidence,
            at=plate.at,
            lane=plate.lane,
            country=plate.country,
            kind=plate.kind,
            colour=plate.colour,
            picture=None if plate.picture is None else 0,
        )
        self._link.send(said, () if plate.picture is None else (plate.picture,))

    def _back_off(self, error: DeviceError) -> None:
        settings = self._settings
        refused = isinstance(error, DeviceMisconfiguredError)
        self._report(CameraPhase.BACKOFF, str(error), misconfigured=refused)
        # Jitter, no secret: cameras behind one switch come back at the same moment.
        pause_s = delay_s(self._failures, settings.retry_first_s, settings.retry_cap_s, random.random())  # noqa: S311
        self._failures += 1
        self._worker.wait(settings.refused_s if refused else pause_s)

    def _report(self, phase: CameraPhase, detail: str, *, misconfigured: bool = False) -> None:
        state = CameraState(phase=phase, detail=shortened(detail, MAX_DETAIL), misconfigured=misconfigured)
        if state != self._said:
            self._said = state
            self._link.send(state)

    def _timed(self, call: Callable[[], T]) -> T:
        self._call_since = time.monotonic()
        try:
            return call()
        finally:
            self._call_since = None
