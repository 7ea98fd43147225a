"""Pictures that leave the worker are small, and none is sent again and again."""

import cv2
import numpy as np

from agent.core.model import small_pictures_of
from agent.vision.worker.picture_selector import PictureSelector, crop_jpeg, decoded, frame_jpeg, kept_jpeg
from tests.support.vision.noisy_yards import yard


def test_a_frame_becomes_a_small_jpeg_and_a_crop_keeps_its_size():
    frame = cv2.imdecode(np.frombuffer(frame_jpeg(yard(0, width=1920, height=1080), 640), np.uint8), cv2.IMREAD_COLOR)
    assert frame.shape == (360, 640, 3)
    small = cv2.imdecode(np.frombuffer(frame_jpeg(yard(0)[:100, :100], 640), np.uint8), cv2.IMREAD_COLOR)
    assert small.shape == (100, 100, 3)
    assert cv2.imdecode(np.frombuffer(crop_jpeg(yard(0)[:40, :640]), np.uint8), cv2.IMREAD_COLOR).shape == (40, 640, 3)


def test_a_finding_is_pictured_again_only_after_a_while():
    album = PictureSelector(every_s=2.0)
    assert album.wants([b"a"], 10.0)
    assert not album.wants([b"a"], 11.0)
    assert album.wants([b"a", b"b"], 11.5)
    assert not album.wants([b"a"], 12.5)
    assert album.wants([b"a"], 14.0)
    for number in range(500):
        album.wants([b"%d" % number], 20.0)
    assert len(album._pictured_at) == 64


def test_a_kept_picture_has_small_ones_inside_and_is_the_same_picture():
    pixels = yard(0, width=1920, height=1080)
    jpeg = frame_jpeg(pixels, 960)
    kept = kept_jpeg(jpeg, pixels)
    assert (decoded(kept) == decoded(jpeg)).all()
    small, medium = small_pictures_of(kept)
    assert [decoded(one).shape for one in (small, medium)] == [(90, 160, 3), (225, 400, 3)]
    assert len(small) < 4_000
    assert len(medium) < 16_000
    shrunk = cv2.resize(pixels, (400, 225), interpolation=cv2.INTER_AREA)
    assert np.abs(decoded(medium).astype(int) - shrunk).mean() < 12


def test_a_picture_that_is_small_itself_is_kept_as_it_is():
    pixels = yard(0)[:150, :400]
    jpeg = frame_jpeg(pixels, 960)
    assert kept_jpeg(jpeg, pixels) == jpeg
