"""The scenes that the detector of plates learns from: corners where the plates are, the same from the same seed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from agent.vision.worker.plate.detector import PlateDetector
from agent.vision.worker.plate.reader import PlateReader
from drivers.camera.simulated_yard.plate import draw_plate
from drivers.camera.simulated_yard.scene import Scene, Vehicle, draw_scene
from training.detector.backgrounds import BackgroundError, Backgrounds, cut, shapes
from training.detector.decoys import decoy
from training.detector.light import lit
from training.detector.photographs import Photograph, located, photographs
from training.detector.pose import paste, projected, rectangle
from training.detector.samples import SIZES_PX, Samples
from training.detector.scene import Labelled, compose, put_plate
from training.detector.vehicle import mounted
from training.detector.views import view
from training.drawing import Glyphs

if TYPE_CHECKING:
    from numpy.typing import NDArray

FONTS = Path(__file__).resolve().parents[3] / "drivers" / "camera" / "simulated_yard" / "fonts"
RED = (0, 0, 255)


def marked(rng: np.random.Generator, width_px: int) -> NDArray[np.uint8]:
    """A plate whose four corners have four colours, on a black ground."""
    plate = np.zeros((round(width_px / 3), width_px, 3), np.uint8)
    half_x, half_y = plate.shape[1] // 2, plate.shape[0] // 2
    plate[:half_y, :half_x], plate[:half_y, half_x:] = (255, 0, 0), (0, 255, 0)
    plate[half_y:, half_x:], plate[half_y:, :half_x] = (0, 0, 255), (255, 255, 0)
    return plate


@pytest.fixture(scope="module")
def samples() -> Samples:
    return Samples(3, Glyphs.load([FONTS]), Backgrounds([]))


@pytest.mark.parametrize("seed", range(25))
def test_the_corners_are_where_the_plate_was_put(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ground = np.full((256, 320, 3), 128, np.uint8)
    taken: list[NDArray[np.float32]] = []
    put_plate(rng, ground, marked, taken)

    for corners in taken:
        centre = corners.mean(axis=0)
        colours = []
        for corner in corners:
            x, y = np.clip(np.round(centre + 0.5 * (corner - centre)), 0, (319, 255)).astype(int)
            colours.append(np.argsort(ground[y, x].astype(int))[::-1])
        assert [colour[0] for colour in colours[:3]] == [0, 1, 2]
        assert set(colours[3][:2].tolist()) == {0, 1}


def test_most_plates_find_a_place_and_none_covers_another() -> None:
    placed = 0
    for seed in range(40):
        ground = np.full((256, 320, 3), 128, np.uint8)
        taken: list[NDArray[np.float32]] = []
        for _ in range(3):
            put_plate(np.random.default_rng((seed, len(taken))), ground, marked, taken)
        placed += bool(taken)
        for index, one in enumerate(taken):
            assert (one >= -1).all()
            assert (one <= (321, 257)).all()
            for other in taken[index + 1 :]:
                assert cv2.intersectConvexConvex(one, other)[0] == 0

    assert placed >= 35


def test_a_plate_in_space_is_convex_and_keeps_its_order() -> None:
    for seed in range(200):
        quad = projected(np.random.default_rng(seed), 100, 3.1)
        sides = np.roll(quad, -1, axis=0) - quad
        turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
        assert (turns > 0).all()
        assert quad[0, 0] < quad[1, 0]


def test_what_lies_outside_is_not_pasted() -> None:
    ground = np.full((60, 80, 3), 9, np.uint8)
    matrix = cv2.getPerspectiveTransform(rectangle(30, 10), rectangle(30, 10) + np.float32([200, 200]))
    paste(ground, np.full((10, 30, 3), RED, np.uint8), matrix)

    assert (ground == 9).all()


def test_a_card_is_seen_through_where_its_mask_is_empty() -> None:
    ground = np.full((60, 80, 3), 9, np.uint8)
    mask = np.zeros((10, 30), np.uint8)
    mask[:, 15:] = 255
    matrix = cv2.getPerspectiveTransform(rectangle(30, 10), rectangle(30, 10) + np.float32([20, 20]))
    paste(ground, np.full((10, 30, 3), RED, np.uint8), matrix, mask)

    assert (ground[22:28, 22:32] == 9).all()
    assert (ground[22:28, 38:48] == RED).all()


def test_a_plate_on_a_vehicle_stays_as_it_is() -> None:
    plate = draw_plate("新A12345")
    for seed in range(10):
        card, opacity, (x, y) = mounted(np.random.default_rng(seed), plate)
        left, top = int(x), int(y)

        assert (card[top : top + plate.shape[0], left : left + plate.shape[1]] == plate).all()
        assert (opacity[top : top + plate.shape[0], left : left + plate.shape[1]] == 255).all()


def test_the_same_number_is_the_same_picture_and_another_is_another(samples: Samples) -> None:
    for index in range(12):
        pixels, targets = samples[index]
        again_pixels, again = samples[index]

        assert pixels.shape == (SIZES_PX[0][1], SIZES_PX[0][0], 3)
        assert (pixels == again_pixels).all()
        assert (targets.heat == again.heat).all()
        assert (targets.offsets == again.offsets).all()
    assert (samples[0][0] != samples[1][0]).any()


def test_scenes_hold_none_one_and_several_plates(samples: Samples) -> None:
    counts = {len(samples.picture(index).corners) for index in range(40)}

    assert {0, 1, 2} <= counts


def test_a_scene_without_plates_has_decoys_only() -> None:
    for seed in range(60):
        scene = compose(np.random.default_rng(seed), np.zeros((256, 320, 3), np.uint8), marked)
        if not scene.corners:
            assert scene.pixels.shape == (256, 320, 3)
            return
    pytest.fail("every scene had a plate")


def test_decoys_backgrounds_and_light_are_pictures_of_every_kind() -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        thing = decoy(rng)
        assert thing.dtype == np.uint8
        assert thing.ndim == 3
        ground = shapes(rng, (160, 96))
        assert ground.shape == (96, 160, 3)
        assert lit(rng, ground).shape == ground.shape


def test_a_part_of_a_tiny_picture_has_the_wanted_size() -> None:
    assert cut(np.random.default_rng(1), np.zeros((3, 2, 3), np.uint8), (64, 32)).shape == (32, 64, 3)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")

    with pytest.raises(BackgroundError, match="no picture"):
        Backgrounds([tmp_path])


def test_a_broken_background_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")

    with pytest.raises(BackgroundError, match=r"broken\.jpg"):
        Backgrounds([tmp_path])


# ---------------------------------------------------------------------------------------------------- photographs


def red_plate() -> Labelled:
    """A photograph with a red plate in it, known by its corners."""
    pixels = np.full((480, 640, 3), 90, np.uint8)
    corners = np.float32([[280, 300], [400, 306], [398, 344], [282, 336]])
    cv2.fillConvexPoly(pixels, corners.astype(np.int32), RED)
    return Labelled(pixels, [corners])


def test_a_view_moves_the_corners_with_the_plate() -> None:
    seen = 0
    for seed in range(30):
        part = view(np.random.default_rng(seed), red_plate(), (320, 256), marked)
        red = (part.pixels[..., 2] > 200) & (part.pixels[..., 0] < 60)
        for corners in part.corners:
            if ((part.pixels[..., 1] > 200) & (part.pixels[..., 2] < 60)).any():
                continue  # this one was replaced by a drawn plate, which has a green quarter
            seen += 1
            outline = np.zeros(red.shape, np.uint8)
            cv2.fillConvexPoly(outline, np.round(corners).astype(np.int32), 1)
            assert red.sum() == pytest.approx(outline.sum(), rel=0.25)
    assert seen >= 5


def test_a_plate_that_a_view_does_not_name_is_painted_over() -> None:
    covered = 0
    for seed in range(40):
        part = view(np.random.default_rng(seed), red_plate(), (320, 256), marked)
        if not part.corners:
            covered += 1
            assert not ((part.pixels[..., 2] > 200) & (part.pixels[..., 0] < 60)).any()
    assert covered >= 3


def test_a_view_replaces_plates_by_drawn_ones_at_the_same_place() -> None:
    photograph = red_plate()
    before = photograph.pixels.copy()
    green = 0
    for seed in range(40):
        part = view(np.random.default_rng(seed), photograph, (320, 256), marked)
        for corners in part.corners:
            x, y = (corners.mean(axis=0) * 0.5 + corners[1] * 0.5).astype(int)
            green += int(np.argmax(part.pixels[y, x])) == 1
    assert green >= 5
    assert (photograph.pixels == before).all()


def test_plates_of_photographs_are_located_where_the_reader_reads_the_label() -> None:
    shown = draw_scene(Scene(vehicle=Vehicle(plate="新A12345")))
    wanted, other = Photograph("新A12345", None, shown), Photograph("新A54321", None, shown)
    (found,) = located([wanted, other], PlateDetector(), PlateReader())

    (corners,) = found.corners
    assert corners.mean(axis=0) == pytest.approx((690, 535), abs=25)


def test_about_half_of_the_plates_are_held_out_and_always_the_same() -> None:
    shown = [Photograph(f"京A{number}", None, np.zeros((1, 1, 3), np.uint8)) for number in range(200)]
    held_out = [one.held_out for one in shown]

    assert 70 < sum(held_out) < 130
    assert held_out == [one.held_out for one in shown]


def test_labels_name_plate_and_box(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 30, 3), np.uint8))
    (tmp_path / "labels.csv").write_text("file,plate,box\na.png,京A12345,1 2 3 4\na.png,京A12346,\n", encoding="utf-8")
    first, second = photographs(tmp_path)

    assert (first.label, first.box, first.pixels.shape) == ("京A12345", (1, 2, 3, 4), (20, 30, 3))
    assert second.box is None
