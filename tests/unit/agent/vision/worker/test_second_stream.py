"""The second stream of a camera, looked at while the first one rests."""

import queue

import numpy as np
import pytest

from agent.vision.worker.protocol import ChangeDetectorSettings, Configure
from agent.vision.worker.second_stream import SecondStream
from drivers.api import CameraDetails, DeviceUnavailableError, Frame, StreamFigures
from tests.support.waiting import PATIENCE_S, eventually

DARK, BRIGHT = (np.full((48, 64, 3), grey, np.uint8) for grey in (40, 200))
HALF = np.concatenate([DARK[:24], BRIGHT[:24]])


class FedCamera:
    """Gives the pictures that a test puts in; None: it is lost."""

    def __init__(self, pictures):
        self._pictures = pictures
        self._at = 1000.0
        self.wanted = []

    def open(self):
        return CameraDetails(64, 48, 25, "fed")

    def close(self):
        pass

    def read(self):
        pixels = self._pictures.get(timeout=PATIENCE_S)
        if pixels is None:
            raise DeviceUnavailableError("gone")
        self._at += 0.04
        return Frame(pixels, self._at)

    def rest(self, wanted):
        self.wanted.append(wanted)

    def stream_figures(self):
        return StreamFigures(0, None, resting=False)


class Watched:
    def __init__(self):
        self.pictures = queue.Queue()
        self.camera = FedCamera(self.pictures)
        self.changes = 0
        self.notes = []
        settings = Configure(
            camera_kind="x", camera={}, retry_first_s=0.01, retry_cap_s=0.02, gate=ChangeDetectorSettings()
        )
        self.stream = SecondStream(lambda: self.camera, settings, self._note_change, self._note)

    def _note_change(self):
        self.changes += 1

    def _note(self, note):
        self.notes.append(note)

    def show(self, *pictures):
        """Have these pictures looked at."""
        count = len(self.notes)
        for one in pictures:
            self.pictures.put(one)
        eventually(lambda: len(self.notes) >= count + len(pictures))


@pytest.fixture
def watched():
    watched = Watched()
    watched.stream.start()
    yield watched
    watched.pictures.put(DARK)
    assert watched.stream.stop(PATIENCE_S)


def test_what_appears_is_told_while_it_is_looked_at(watched):
    watched.stream.look(wanted=True)
    watched.show(DARK, DARK)
    assert watched.changes == 0
    watched.show(HALF)
    assert watched.changes == 1


def test_a_change_of_the_light_is_none(watched):
    watched.stream.look(wanted=True)
    watched.show(DARK, BRIGHT)
    assert watched.changes == 0


def test_nothing_is_told_while_the_first_one_is_awake(watched):
    watched.stream.look(wanted=False)
    watched.show(DARK, HALF)
    assert watched.changes == 0


def test_its_camera_rests_while_it_is_not_looked_at(watched):
    watched.show(DARK)
    for wanted in (True, False):
        watched.stream.look(wanted=wanted)
        assert watched.camera.wanted[-1] is not wanted


def test_one_that_is_lost_is_told_and_opened_again(watched):
    watched.stream.look(wanted=True)
    watched.show(DARK, None)
    assert watched.notes[-1] == "without its second stream: gone"
    # What it shows now differs from nothing.
    watched.show(HALF)
    assert (watched.notes[-1], watched.changes) == ("", 0)
    assert watched.camera.wanted[-1] is False
