"""Which frames are worth reading: those of a yard in which something changes."""

import numpy as np

from agent.vision.worker.change_detector import ChangeDetector
from agent.vision.worker.protocol import ChangeDetectorSettings
from tests.support.vision.noisy_yards import yard


def with_object(pixels, left, top, size_px):
    changed = pixels.copy()
    changed[top : top + size_px, left : left + size_px] = 230
    return changed


def settled(settings=None):
    """A gate that has long seen an empty yard and is closed."""
    gate = ChangeDetector(settings or ChangeDetectorSettings())
    for step in range(80):
        gate.passes(yard(step), step * 0.1)
    return gate


def passes(gate, pictures, begin, step=0.04):
    return [gate.passes(pixels, begin + index * step) for index, pixels in enumerate(pictures)]


def test_an_empty_yard_is_looked_at_only_every_so_often():
    gate = settled()
    passed = passes(gate, [yard(n) for n in range(100)], 8.0)
    assert 3 <= sum(passed) <= 5


def test_a_phone_sized_change_opens_the_gate_at_once():
    gate = settled()
    gate.passes(yard(1), 8.0)
    assert gate.passes(with_object(yard(2), 600, 300, 90), 8.04)


def test_the_gate_stays_open_for_its_hold_time():
    gate = settled(ChangeDetectorSettings(hold_s=2.0, look_every_s=10.0))
    gate.passes(with_object(yard(2), 600, 300, 300), 20.0)
    assert gate.passes(yard(3), 21.9)
    assert gate.passes(yard(3), 22.0)
    assert not gate.passes(yard(3), 22.1)


def test_a_parked_vehicle_fades_into_the_background():
    gate = settled(ChangeDetectorSettings(settle_s=5.0, hold_s=1.0, look_every_s=1e1))
    passed = passes(gate, [with_object(yard(n), 300, 200, 300) for n in range(300)], 10.0, step=0.2)
    assert passed[0]
    assert not any(passed[-20:-10])


def test_a_step_of_the_exposure_does_not_open_the_gate():
    gate = settled(ChangeDetectorSettings(look_every_s=60))
    flat = np.full((720, 1280, 3), 100, np.uint8)
    for step in range(200):
        gate.passes(flat, 10.0 + step * 0.5)
    assert not gate.passes(flat + 30, 111.0)


def test_a_switched_off_gate_lets_everything_through():
    gate = ChangeDetector(ChangeDetectorSettings(enabled=False))
    assert all(passes(gate, [yard(0)] * 5, 0.0))


def test_another_frame_size_is_no_trouble():
    gate = settled()
    assert isinstance(gate.passes(yard(0, width=1920, height=1080), 9.0), bool)
    assert isinstance(gate.passes(yard(0, width=320, height=240), 9.1), bool)
