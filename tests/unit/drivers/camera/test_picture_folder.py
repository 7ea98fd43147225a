import struct
import time
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.api import CameraNeeds, DeviceMisconfiguredError, DeviceUnavailableError, EndOfStreamError
from drivers.camera.picture_folder import FolderCamera, FolderSettings, _unpacked, load_picture
from drivers.camera.picture_limits import MAX_BYTES
from drivers.contracts.camera import CameraContract, Rig
from drivers.registry import camera
from tests.support.vision.numbered_pictures import number_in, numbered_picture
from tests.support.vision.rtsp_server import write_clip


def picture(path, grey, size=(64, 48), **how):
    Image.new("RGB", size, (grey, 0, 0)).save(path, **how)
    return path


def opened(path, **settings):
    device = FolderCamera(FolderSettings(path=path, interval_ms=0, **settings))
    device.open()
    return device


def reds(device, count):
    """The red value of the next frames."""
    return [int(device.read().pixels[0, 0, 2]) for _ in range(count)]


def png_header(width, height):
    """A PNG that claims a size and holds next to nothing."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.fixture
def folder(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name, grey in (("b.png", 20), ("a.bmp", 10), ("c.png", 30)):
        picture(pictures / name, grey)
    return pictures


class TestPictureFolder(CameraContract):
    kind = "folder"

    @pytest.fixture
    def rig(self, folder):
        away = folder.with_name("away")
        table = {"path": str(folder), "interval_ms": 0}
        return Rig(table, CameraNeeds(files=(folder,)), lambda: folder.rename(away), lambda: away.rename(folder))


def test_pictures_are_shown_in_name_order_again_and_again(folder):
    assert reds(opened(folder), 7) == [10, 20, 30, 10, 20, 30, 10]


def test_a_folder_that_does_not_loop_ends(folder):
    device = opened(folder, loop=False)
    assert reds(device, 3) == [10, 20, 30]
    with pytest.raises(EndOfStreamError, match="last picture"):
        device.read()


def test_a_single_picture_is_shown(folder):
    device = camera("folder", {"path": folder / "b.png", "interval_ms": 0})
    details = device.open()
    assert (details.width_px, details.height_px) == (64, 48)
    assert reds(device, 2) == [20, 20]


def test_a_clip_is_played(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", (numbered_picture(number) for number in range(3)))
    device = FolderCamera(FolderSettings(path=clip, loop=False))
    device.open()
    assert [number_in(device.read().pixels) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(EndOfStreamError):
        device.read()
    device.close()


def test_pictures_keep_to_the_interval(folder):
    device = FolderCamera(FolderSettings(path=folder, interval_ms=50))
    device.open()
    began_at = time.monotonic()  # not the first stamp: one that is made late leaves the next ones their times
    stamps = [device.read().at for _ in range(3)]
    assert stamps[2] - began_at >= 0.08


def test_bad_files_are_left_out_with_the_reason_and_the_next_one_is_shown(folder, caplog):
    (folder / "aa-junk.jpg").write_bytes(b"hello")
    whole = picture(folder / "whole.jpg", 40, size=(400, 300)).read_bytes()
    (folder / "whole.jpg").unlink()
    (folder / "ab-truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "ac-huge.png").write_bytes(png_header(10_000, 6_000))
    (folder / "ad-bomb.png").write_bytes(png_header(60_000, 60_000))
    with (folder / "ae-heavy.bmp").open("wb") as heavy:
        heavy.truncate(MAX_BYTES + 1)
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "sub").mkdir()
    device = opened(folder)
    assert reds(device, 4) == [10, 20, 30, 10]
    reasons = device.refused
    assert set(reasons) == {"aa-junk.jpg", "ab-truncated.jpg", "ac-huge.png", "ad-bomb.png", "ae-heavy.bmp"}
    assert "not a picture" in reasons["aa-junk.jpg"]
    assert "damaged" in reasons["ab-truncated.jpg"]
    assert "too large" in reasons["ac-huge.png"]
    assert "too large" in reasons["ad-bomb.png"]
    assert "over 64 MB" in reasons["ae-heavy.bmp"]
    assert sum("aa-junk.jpg" in record.getMessage() for record in caplog.records) == 1


def test_a_file_that_has_been_repaired_is_shown_in_the_next_round(folder):
    (folder / "d.png").write_bytes(b"not yet")
    device = opened(folder)
    assert reds(device, 3) == [10, 20, 30]
    picture(folder / "d.png", 40)
    assert 40 in reds(device, 8)
    assert device.refused == {}


def test_a_folder_without_any_picture_says_why(tmp_path):
    with pytest.raises(DeviceMisconfiguredError, match="no file in it"):
        opened(tmp_path)
    (tmp_path / "readme.txt").write_text("not a picture")
    with pytest.raises(DeviceMisconfiguredError, match=r"readme\.txt: it is not a picture"):
        opened(tmp_path)
    with pytest.raises(DeviceMisconfiguredError, match="no such folder"):
        opened(tmp_path / "missing")


def test_pictures_that_vanish_are_an_error_and_not_an_endless_search(folder):
    device = opened(folder)
    reds(device, 3)
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(DeviceMisconfiguredError):
        reds(device, 4)


def test_a_photo_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = picture(tmp_path / "turned.jpg", 200, size=(64, 48), exif=exif)
    assert load_picture(path).shape == (64, 48, 3)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "CMYK", "I;16"])
def test_any_kind_of_pixels_becomes_bgr(tmp_path, mode):
    path = tmp_path / "x.tiff"
    Image.new(mode, (8, 6)).save(path)
    pixels = load_picture(path)
    assert pixels.shape == (6, 8, 3)
    assert pixels.dtype == np.uint8


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    return [picture(folder / f"x.{kind}", 99).read_bytes() for kind in ("jpg", "png", "webp", "bmp", "tiff")]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_shown_but_never_breaks_the_camera(samples, data):
    damaged = bytearray(data.draw(st.sampled_from(samples)))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    del damaged[data.draw(st.integers(0, len(damaged))) :]
    with suppress(ValueError):
        assert _unpacked(bytes(damaged)).ndim == 3


def test_reading_before_opening_is_an_error(folder):
    with pytest.raises(DeviceUnavailableError, match="not open"):
        FolderCamera(FolderSettings(path=folder)).read()
