"""Pictures that leave the worker are small, and none is sent again and again."""

import cv2
import numpy as np

from agent.vision.worker.picture_selector import PictureSelector, crop_jpeg, frame_jpeg
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
