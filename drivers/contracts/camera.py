"""What every camera driver promises.

A kind's test classes inherit the suite.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import DeviceError, DeviceUnavailableError, RestingPort
from drivers.contracts.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drivers.api import CameraNeeds, CameraPort, Frame

FEW = 5


class Rig:
    """A camera that has pictures without end, and the table that configures its driver.

    `needs`: all that its process must reach. `unplug`, `plug`: take the camera away and give it back; None where
    nobody can.
    """

    def __init__(
        self,
        table: dict[str, object],
        needs: CameraNeeds,
        unplug: Callable[[], object] | None = None,
        plug: Callable[[], object] | None = None,
    ) -> None:
        self.table = table
        self.needs = needs
        self.unplug = unplug
        self.plug = plug


@pytest.mark.usefixtures("no_leaks")
class CameraContract:
    """The contract. A subclass names its kind and makes the rig."""

    kind: ClassVar[str]

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        raise NotImplementedError

    @pytest.fixture
    def camera(self, rig: Rig) -> Iterator[CameraPort]:
        camera = registry.camera(self.kind, rig.table)
        yield camera
        camera.close()

    def test_its_settings_stand_apart_refuse_unknown_keys_and_explain_every_field(self, rig: Rig) -> None:
        entry = registry.CAMERAS[self.kind]
        assert entry.settings
        assert entry.settings.partition(":")[0] != entry.path.partition(":")[0]
        model = registry.settings_model(registry.CAMERAS, self.kind)
        assert all(field.description for field in model.model_fields.values())
        with pytest.raises(ValidationError, match="extra"):
            model.model_validate(rig.table | {"no_such_key": 1})

    def test_it_tells_what_it_needs_before_it_is_made(self, rig: Rig) -> None:
        assert registry.camera_needs(self.kind, rig.table) == rig.needs

    def test_its_frames_are_of_the_size_that_it_tells_and_have_their_times(self, camera: CameraPort) -> None:
        details = camera.open()
        assert details.backend
        assert details.frame_rate_hz >= 0
        before = time.monotonic()
        frames = [camera.read() for _ in range(FEW)]
        times = [before, *(frame.at for frame in frames), time.monotonic()]
        assert times == sorted(times)
        for frame in frames:
            assert frame.pixels.shape == (details.height_px, details.width_px, 3)
            assert frame.pixels.dtype == "uint8"
            assert frame.behind_s >= 0

    def test_a_frame_stays_as_it_is_while_others_come(self, camera: CameraPort) -> None:
        camera.open()
        first = camera.read()
        kept = first.pixels.tobytes()
        for _ in range(FEW):
            camera.read()
        assert first.pixels.tobytes() == kept

    def test_one_that_may_rest_gives_pictures_at_rest_and_awake_and_counts_them(self, camera: CameraPort) -> None:
        if not isinstance(camera, RestingPort):
            pytest.skip("this camera gives each of its pictures")
        camera.rest(True)  # before it is open too
        camera.open()
        for wanted in (True, False):
            camera.rest(wanted)
            before = time.monotonic()
            assert all(camera.read().at >= before for _ in range(2))
        figures = camera.stream_figures()
        if figures is not None:
            assert figures.came >= 1
            assert figures.came_at is not None

    def test_before_open_and_after_close_there_is_no_frame(self, camera: CameraPort) -> None:
        for _ in range(2):
            with pytest.raises(DeviceUnavailableError):
                camera.read()
            camera.open()
            camera.read()
            camera.close()
            camera.close()

    def test_one_that_is_lost_is_noticed_and_comes_back(self, rig: Rig, camera: CameraPort) -> None:
        if rig.unplug is None or rig.plug is None:
            pytest.skip("nobody can take this camera away")
        for _ in range(2):
            camera.open()
            camera.read()
            rig.unplug()
            assert isinstance(_error_of(camera), DeviceError)
            camera.close()
            with pytest.raises(DeviceError):
                camera.open()
            camera.close()
            rig.plug()
            camera.open()
            camera.read()
            camera.close()

    def test_it_may_be_opened_in_one_thread_and_read_in_another(self, camera: CameraPort) -> None:
        camera.open()
        seen: list[Frame] = []
        thread = threading.Thread(target=lambda: seen.append(camera.read()))
        thread.start()
        thread.join(PATIENCE_S)
        assert len(seen) == 1


def _error_of(camera: CameraPort) -> Exception:
    """What reading raises; frames that were on their way may come before."""
    deadline = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < deadline:
            camera.read()
    except DeviceError as error:
        return error
    raise AssertionError("the loss was not noticed")
