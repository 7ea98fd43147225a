"""Every fault of a camera that reads plates against its driver: the fault matrix.

A kind's test class inherits `WitnessFaults`. Each fault is met at the first connection and, where it can begin there,
in the middle of a stream; then it goes, and the camera must serve again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

import pytest

from drivers.api import DeviceError, DeviceMisconfiguredError, DeviceUnavailableError
from drivers.contracts.waiting import PATIENCE_S, scaled, scaled_ms
from drivers.contracts.witness import PLATE, SHORT_S, WitnessSuite, connect, shown
from drivers.emulators.plate_camera_faults import WRONG_STREAMS, CameraFault

if TYPE_CHECKING:
    from drivers.api import WitnessPort
    from drivers.emulators.plate_camera import PlateCamera

REFUSED = {
    CameraFault.WRONG_LOGIN: "refuses the user gate",
    CameraFault.FORBIDDEN: "may not see this",
    CameraFault.NOT_THERE: "is the kind of the camera right",
    CameraFault.ELSEWHERE: "does it require tls",
    CameraFault.BASIC: "offers only Basic",
}
"""Faults that no further try mends, and words of what is said."""
LOST = {
    CameraFault.BUSY: "status 503",
    CameraFault.HTML: "expected a stream of parts",
    CameraFault.NOT_HTTP: "does not use HTTP",
    CameraFault.DRIP: "does not answer in time",
    CameraFault.LATE: "does not answer in time",
    CameraFault.SILENCE: "has sent no complete message",
    CameraFault.SLOW: "has sent no complete message",
    CameraFault.ENDLESS_PART: "a text of more than 65536 bytes",
    CameraFault.ENDLESS_HEADERS: "more than 4096 bytes of headers",
    CameraFault.ENDLESS_PREAMBLE: "another boundary",
    CameraFault.TOO_LARGE: "a text of more than 65536 bytes",
    CameraFault.WRONG_BOUNDARY: "another boundary",
    CameraFault.BAD_LENGTH: "whose length is not a number",
    CameraFault.SHORT_LENGTH: "longer than announced",
    CameraFault.TWICE: "twice",
    CameraFault.RESET: "",
    CameraFault.ENDS: "ended its stream",
}
"""Faults that may pass."""
OF_THE_KIND = {CameraFault.BOMB, CameraFault.GARBAGE, CameraFault.BINARY}
IN_THE_STREAM = sorted({*WRONG_STREAMS, CameraFault.TWICE, *OF_THE_KIND})


@pytest.mark.usefixtures("no_leaks")
class WitnessFaults(WitnessSuite):
    """Every fault of a camera: what is said of it, and that the camera serves again once the fault is gone.

    `said`: what is said of a document of the kind that cannot be read.
    """

    said: ClassVar[dict[CameraFault, str]]

    def test_every_fault_is_in_the_matrix(self) -> None:
        assert set(self.said) == OF_THE_KIND
        assert {*REFUSED, *LOST, *self.said} == set(CameraFault)

    @pytest.mark.parametrize("fault", sorted(CameraFault))
    def test_a_camera_with_a_fault_is_told_of_and_taken_back_without_it(
        self, camera: PlateCamera, fault: CameraFault
    ) -> None:
        with self.made(camera, **patience(fault)) as witness:
            camera.fail(fault)
            self._judge(fault, error_of(witness, opened=False))
            self._recover(camera, witness)

    @pytest.mark.parametrize("fault", IN_THE_STREAM)
    def test_a_fault_that_begins_in_the_stream_ends_it_and_no_plate_is_made_of_it(
        self, camera: PlateCamera, fault: CameraFault
    ) -> None:
        with self.made(camera, **patience(fault)) as witness:
            connect(camera, witness)
            assert shown(camera, witness).text == PLATE
            camera.fail(fault)
            error = error_of(witness, opened=True)
            if fault is CameraFault.ENDLESS_PREAMBLE:
                # After a part it is no preamble.
                assert "a part is longer than announced" in str(error)
            else:
                self._judge(fault, error)
            self._recover(camera, witness)

    def _judge(self, fault: CameraFault, error: DeviceError) -> None:
        wanted = DeviceMisconfiguredError if fault in REFUSED else DeviceUnavailableError
        assert isinstance(error, wanted), error
        assert (REFUSED | LOST | self.said)[fault] in str(error)
        assert len(str(error)) < 300

    def _recover(self, camera: PlateCamera, witness: WitnessPort) -> None:
        with pytest.raises(DeviceUnavailableError):
            witness.read(0.0)
        camera.fail(None)
        witness.close()
        connect(camera, witness)
        assert shown(camera, witness).text == PLATE


def patience(fault: CameraFault) -> dict[str, object]:
    """How long a driver waits: as long as it may, but for what only the clock tells."""
    if fault in {CameraFault.DRIP, CameraFault.LATE}:
        return {"connect_timeout_ms": scaled_ms(500)}
    return {"silence_s": scaled(0.5)} if fault in {CameraFault.SILENCE, CameraFault.SLOW} else {}


def error_of(witness: WitnessPort, *, opened: bool) -> DeviceError:
    """What is raised, by opening or by reading; no plate may come before."""
    deadline = time.monotonic() + PATIENCE_S
    try:
        if not opened:
            witness.open()
        while time.monotonic() < deadline:
            assert witness.read(SHORT_S) is None
    except DeviceError as error:
        return error
    raise AssertionError("the fault was not noticed")
